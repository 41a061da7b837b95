"""Training of the portrait renderer: cases, episodes, losses, loop, adaptation."""
