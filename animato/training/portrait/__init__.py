"""Training of the portrait renderer: samples, batches, losses, loop, adaptation."""
