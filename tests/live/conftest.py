"""Fixtures of the live tests."""

from main_job import made, out, own_home

__all__ = ["made", "out", "own_home"]
