"""Preparation of training data: converts videos to shards of face crops with landmarks."""
