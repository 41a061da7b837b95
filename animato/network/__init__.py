"""Motion over a network: datagrams to another animato, and to games and avatar programs (docs/motion-stream.md)."""
