"""Render many videos: read and validate jobs, run them on an executor, and keep a record of each."""
