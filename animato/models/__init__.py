"""Networks in torch, for training and export."""
