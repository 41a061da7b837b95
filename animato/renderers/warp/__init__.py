"""Warp one photo to a target face, with source views for hidden areas."""
