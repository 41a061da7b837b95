"""From heads and drivers to finished outputs: scenes, frames, streams, and the output path (`output`)."""
