"""Express the motion of a later shot relative to the first shot's neutral frame."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from animato.geometry.region_weights import part_weights
from animato.motion.motion_frame import MotionFrame, Neutral


def in_terms_of(first: Neutral, own: Neutral, motion: MotionFrame, *, absolute: bool) -> MotionFrame:
    """Return a shot's movement as if it had been measured from another neutral frame.

    Args:
        first: neutral measures of the driver's first shot, which a retargeter was made with.
        own: those of the movement's own shot.
        motion: a moment of that shot.
        absolute: whether head directions count as they are; otherwise as differences to each shot's neutral frame.
    """
    if own is first:
        return motion
    eyes = float(np.mean(np.array(first.eye_widths) / np.array(own.eye_widths)))
    sizes = np.array([first.mouth_width / own.mouth_width, eyes, 1.0])
    apertures = motion.apertures.copy()
    # Lids are compared with their neutral opening; lips count as they are, in widths of the mouth.
    ratio = apertures[:2] / np.maximum(own.apertures[:2], 1e-6)
    apertures[:2] = first.apertures[:2] * np.minimum(ratio, 1.0) + np.maximum(apertures[:2] - own.apertures[:2], 0.0)
    return replace(
        motion,
        expression=(motion.expression * (sizes @ part_weights())[:, None]).astype(np.float32),
        apertures=apertures,
        rotation=motion.rotation @ own.rotation @ first.rotation.T if absolute else motion.rotation,
    )
