"""Training of both systems, and adaptation to one person."""
