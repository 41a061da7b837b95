"""Render pipeline: scenes, frame generation, streams and outputs."""
