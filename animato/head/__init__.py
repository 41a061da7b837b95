"""Head: photos of a person, and everything computed from them once."""
