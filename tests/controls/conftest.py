"""Fixtures of the end-to-end tests."""

from main_job import made, out, own_home

__all__ = ["made", "out", "own_home"]
