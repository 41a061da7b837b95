"""Run a task over many items: in this process, in worker processes, or on a Ray cluster."""
