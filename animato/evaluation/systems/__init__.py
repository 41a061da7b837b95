"""The systems under test and their protocol."""
