"""Copying: one photo warped to a target, with what other views show."""
