"""Preparation of training data: videos in, shards of crops with landmarks out."""
