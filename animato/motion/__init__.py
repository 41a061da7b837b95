"""Movement without pixels: frames of motion, retargeting, smoothing, motion files."""
