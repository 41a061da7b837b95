"""Networks used by the metrics only, never in a loss."""
