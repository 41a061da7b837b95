"""Files of weights, read strictly and without torch."""
