"""Live use: camera or received motion in, a head in a call, a stream or a game out."""
