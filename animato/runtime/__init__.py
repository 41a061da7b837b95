"""Inference engines. `openvino_cpu` is the default; nothing here knows what a face is."""
