"""The head: photos of a person, and everything that is computed from them once."""
