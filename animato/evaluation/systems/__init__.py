"""The systems under test and what they are asked for."""
