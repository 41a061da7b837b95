"""The studio: a server on the loopback interface with a REST API, and the page that uses it."""
