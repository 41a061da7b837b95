"""Motion without pixels: motion frames, retargeting, smoothing and motion files."""
