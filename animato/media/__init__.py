"""Pictures, video and sound, in and out: one frame at a time, hostile files end in a sentence."""
