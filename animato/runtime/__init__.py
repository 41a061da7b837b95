"""The engine: device, threads, compiled networks and their requests. Nothing here knows what a face is."""
