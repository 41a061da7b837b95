"""Drivers: videos and motion files as sources of motion."""
