"""Metrics, protocols and reports; systems are rendered with the production pipeline."""
