"""From heads and drivers to finished outputs: scenes, frames, streams, and the only door out (`output`)."""
