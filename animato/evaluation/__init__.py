"""Metrics, protocols and reports; systems are rendered by the real pipeline."""
