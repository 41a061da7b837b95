"""Inference engine: device, threads, compiled networks and their requests. Independent of faces."""
