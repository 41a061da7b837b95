"""Express the motion of a later shot relative to the first shot's neutral frame."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from animato.geometry.region_weights import part_weights
from animato.motion.motion_frame import MotionFrame, Neutral


def rebase_motion(first: Neutral, own: Neutral, motion: MotionFrame, *, absolute: bool) -> MotionFrame:
    """Return a motion frame of a later shot relative to the first shot's neutral frame.

    Args:
        first: neutral measures of the driver's first shot, with which the retargeter was built.
        own: those of the frame's own shot.
        motion: a frame of that shot.
        absolute: whether rotations are absolute; otherwise they stay relative to each shot's neutral frame.
    """
    if own is first:
        return motion
    eyes = float(np.mean(np.array(first.eye_widths) / np.array(own.eye_widths)))
    sizes = np.array([first.mouth_width / own.mouth_width, eyes, 1.0])
    apertures = motion.apertures.copy()
    # Lid apertures are relative to neutral; the mouth aperture is absolute, in mouth widths.
    ratio = apertures[:2] / np.maximum(own.apertures[:2], 1e-6)
    apertures[:2] = first.apertures[:2] * np.minimum(ratio, 1.0) + np.maximum(apertures[:2] - own.apertures[:2], 0.0)
    return replace(
        motion,
        expression=(motion.expression * (sizes @ part_weights())[:, None]).astype(np.float32),
        apertures=apertures,
        rotation=motion.rotation @ own.rotation @ first.rotation.T if absolute else motion.rotation,
    )
