"""The version, defined once for package, credentials and files."""

__version__ = "0.1.0"
