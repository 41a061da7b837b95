"""Where movement comes from: a video, a motion file. A camera would be one more file here."""
