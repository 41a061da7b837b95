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
from animato.head.mouth import SURFACE_CONFIDENCE
from animato.motion.retarget import Target
from animato.renderers.warp.warper import Warped, Warper
from animato.types import Face, Frame, Points

LIP_RING = list(LIPS_INNER)

TEETH_START, TEETH_END = 0.72, 0.9
"""Upper quartile of the interior's brightness, relative to the white of the eye, at which a photo begins to show
teeth, and shows them clearly enough to keep them (smiling portraits 0.89 to 1.16, blurred frames 0.55 to 0.72)."""


@dataclass(frozen=True)
class MouthTarget:
    """Target of the mouth interior of one frame.

    Attributes:
        patch: of the mouth.
        interior: 16 x 28 x 2 float32 in [0, 1], the driver's (`appearance.mouth_levels.measure_mouth_interior`).
        light: tooth colour of the person's face.
        gain: share of the difference that is applied, in (0, 1].
    """

    patch: MouthPatch
    interior: NDArray[np.float32]
    light: ToothLight
    gain: float


class MouthMatcher:
    """Computes the target of one person's mouth interior.

    Args:
        warpers: of the person's photos, the animated one first.
        mouth_view: the photo that supplies the mouth interior (`renderers.warp.multi_view`).
    """

    def __init__(self, warpers: Sequence[Warper], mouth_view: Warper) -> None:
        main = warpers[0]
        self._light = ToothLight.from_photos([(warper.crop, warper.points) for warper in warpers])
        self._local = main.local[LIP_RING]
        self._teeth_weight = np.float32(teeth_visibility(mouth_view.crop, mouth_view.points))
        self._other_photo = mouth_view is not main

    def target(self, warped: Warped, target: Target, local: NDArray[np.float64]) -> MouthTarget | None:
        """Return the target of a frame; None if the driver's interior is absent or the mouth is as in the photo.

        Args:
            warped: the warped photo.
            target: the target face.
            local: 478 x 3, its canonical landmarks.
        """
        interior = target.channels.get("mouth_interior")
        gain = 0.0 if interior is None else activation(self._local, local[LIP_RING])
        if interior is None or gain <= 0:
            return None
        seen = np.maximum(warped.validity - np.float32(SURFACE_CONFIDENCE), 0) / np.float32(1 - SURFACE_CONFIDENCE)
        kept = self._teeth_weight * seen
        patch = MouthPatch.from_face(target.points, target.pose, warped.image.shape[0], kept)
        if self._other_photo:
            patch = patch.with_source_teeth(warped.image, interior, self._light)
        return MouthTarget(patch, interior, self._light, gain)


def match_mouth(image: Frame, mouth: MouthTarget | None) -> None:
    """Match the mouth interior to its target, in place.

    Args:
        image: S x S x 3 uint8 RGB, changed.
        mouth: from `MouthMatcher.target`; None changes nothing.
    """
    if mouth is not None:
        match_mouth_interior(image, mouth.patch, mouth.interior, mouth.light, mouth.gain)


def teeth_visibility(photo: Frame, points: Points) -> float:
    """Return how clearly a photo shows teeth, in [0, 1].

    Args:
        photo: S x S x 3 uint8 RGB.
        points: 478 x 3, its landmarks, pixels.
    """
    face = Face(points, np.zeros(52, np.float32), 1.0)
    interior = measure_mouth_interior(photo, face, ToothLight.from_frame(photo, points))
    if interior is None:
        return 0.0
    coarse = cv2.resize(interior[..., 0], (6, 5), interpolation=cv2.INTER_AREA)
    return smoothstep(float(np.percentile(coarse, 75)) * MAX_BRIGHTNESS, TEETH_START, TEETH_END)
