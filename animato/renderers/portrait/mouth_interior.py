"""Match the animated mouth interior to the driver's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.appearance.mouth_levels import MAX_BRIGHTNESS, MouthPatch, match_mouth_interior, measure_mouth_interior
from animato.appearance.teeth import ToothLight
from animato.geometry.aperture_mask import activation
from animato.geometry.landmarks import LIPS_INNER
from animato.geometry.smoothstep import smoothstep
from animato.motion.retarget import Target
from animato.renderers.warp.warper import Warped, Warper
from animato.types import Face, Frame, Points

RING = list(LIPS_INNER)

TEETH_FROM, TEETH_TO = 0.72, 0.9
"""Brightness, in whites of the eye, of the brightest fourth of a mouth's inside: from the second on a photo shows teeth
as clearly as portraits do (smiles have 0.89 to 1.16, blurred frames of videos 0.55 to 0.72), and they are kept."""


@dataclass(frozen=True)
class WantedMouth:
    """How the mouth of one frame should look.

    Attributes:
        window: where it is.
        inside: 16 x 28 x 2 float32 in [0, 1], what the driver's shows
            (`appearance.mouth_interior.measure_mouth_interior`).
        light: on the person's face.
        gain: how much of the difference counts, in (0, 1].
    """

    window: MouthPatch
    inside: NDArray[np.float32]
    light: ToothLight
    gain: float


class MouthMatch:
    """Knows the light on one person's teeth, how the animated photo has the mouth, and whether a photo shows the teeth.

    Args:
        warpers: of the person's photos, the animated one first.
        mouth_view: the photo whose mouth's inside is shown (`renderers.warp.multi_view`), the animated one or another.
    """

    def __init__(self, warpers: Sequence[Warper], mouth_view: Warper) -> None:
        main = warpers[0]
        self._light = ToothLight.from_photos([(warper.crop, warper.points) for warper in warpers])
        self._local = main.local[RING]
        self._kept = np.float32(shows_teeth(mouth_view.crop, mouth_view.points))
        self._lent = mouth_view is not main

    def wanted(self, warped: Warped, target: Target, local: NDArray[np.float64]) -> WantedMouth | None:
        """Return how the mouth should look, or None where nobody knows or the photo has it so.

        Args:
            warped: the animated photo.
            target: the face in it.
            local: 478 x 3, the same in the head's own frame.
        """
        inside = target.channels.get("mouth_interior")
        gain = 0.0 if inside is None else activation(self._local, local[RING])
        if inside is None or gain <= 0:
            return None
        own = self._kept * warped.validity
        window = MouthPatch.from_face(target.points, target.pose, warped.image.shape[0], own)
        if self._lent:
            window = window.with_source_teeth(warped.image, inside, self._light)
        return WantedMouth(window, inside, self._light, gain)


def show(image: Frame, mouth: WantedMouth | None) -> None:
    """Let the mouth show what is wanted, in place.

    Args:
        image: S x S x 3 uint8 RGB, changed.
        mouth: from `MouthMatch.wanted`.
    """
    if mouth is not None:
        match_mouth_interior(image, mouth.window, mouth.inside, mouth.light, mouth.gain)


def shows_teeth(photo: Frame, points: Points) -> float:
    """Return how clearly a photo shows teeth, in [0, 1].

    Args:
        photo: S x S x 3 uint8 RGB.
        points: 478 x 3, its landmarks, pixels.
    """
    face = Face(points, np.zeros(52, np.float32), 1.0)
    shown = measure_mouth_interior(photo, face, ToothLight.from_frame(photo, points))
    if shown is None:
        return 0.0
    coarse = cv2.resize(shown[..., 0], (6, 5), interpolation=cv2.INTER_AREA)
    return smoothstep(float(np.percentile(coarse, 75)) * MAX_BRIGHTNESS, TEETH_FROM, TEETH_TO)
