"""Watermark, credentials, keys and the checker."""
