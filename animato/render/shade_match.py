"""Laying the light and shade of the driver's expression on the animated face."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.face.topology import MESH_POINTS
from animato.motion.frames import EYE_PLACES
from animato.motion.retarget import Target
from animato.warp.lay import add_patch
from animato.warp.shade import EYES, MOST, EyeWindow, white_of
from animato.warp.shading import shade_skin
from animato.warp.warper import Warped, Warper


@dataclass(frozen=True)
class WantedEye:
    """How one eye should look.

    Attributes:
        window: where it is.
        levels: rows x columns x 3 float32, colours at its places, RGB of 255.
    """

    window: EyeWindow
    levels: NDArray[np.float32]


class ShadeMatch:
    """Knows the white of one person's eyes.

    Args:
        main: the animated photo.
    """

    def __init__(self, main: Warper) -> None:
        windows = [EyeWindow.of(region, main.points, main.pose, main.size) for region in EYES]
        found = [window.read(main.crop) for window in windows]
        self._whites = [None if colours is None else white_of(colours) for colours in found]

    def wanted(self, warped: Warped, target: Target) -> list[WantedEye]:
        """Return how the eyes should look: as geometry turned them, with the driver's difference; before painting.

        Args:
            warped: the animated photo as geometry made it.
            target: the face in it.
        """
        if target.shade is None:
            return []
        eyes = []
        differences = np.split(target.shade[MESH_POINTS:] * np.float32(MOST), 2)
        for region, white, difference in zip(EYES, self._whites, differences, strict=True):
            if white is None:
                continue
            window = EyeWindow.of(region, target.points, target.pose, warped.image.shape[0])
            shown = window.read(warped.image)
            if shown is not None:
                eyes.append(WantedEye(window, shown + white * difference.reshape(*EYE_PLACES, 3)))
        return eyes

    def apply(self, warped: Warped, target: Target, vertices: NDArray[np.float64], wanted: Sequence[WantedEye]) -> None:
        """Lay shade on the skin and bring the eyes to what is wanted, in place; after painting.

        Args:
            warped: the animated photo; its picture is changed.
            target: the face in it.
            vertices: V x 3, the extended mesh of the target, pixels.
            wanted: from `wanted`.
        """
        if target.shade is None:
            return
        shade_skin(warped.image, warped.drawn, vertices, target.shade[:MESH_POINTS] * np.float32(MOST))
        for eye in wanted:
            places, shown = eye.window.places, eye.window.read(warped.image)
            if places is not None and shown is not None:
                added = places.spread(eye.levels - shown)
                add_patch(warped.image, eye.window.placed, added, cv2.boundingRect(places.opening))
