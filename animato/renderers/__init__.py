"""Render a target face to a layer: the portrait, geometry and paper renderers."""
