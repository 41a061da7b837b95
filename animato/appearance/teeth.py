"""Estimate the colour of teeth under the light of a face: as bright as the sclera, less red than the lips.

Teeth vary less between people than skin does. A driver's mouth interior is measured relative to its tooth colour and
rendered relative to the target's, which makes it independent of skin colour and light.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.affine import invert, move
from animato.geometry.patch import LEFT_EYE, MOUTH, RIGHT_EYE, crop_from_patch, cut_patch, draw_region
from animato.geometry.pose import fit_pose
from animato.head.gamut import FaceGamut
from animato.types import Frame, Points

DEFAULT_WHITE, WHITE_RANGE = 1.2, (0.9, 2.2)
"""Brightness of the white of the eye relative to skin if it cannot be measured, and its valid range."""

MIN_SKIN = 6.0
"""Brightness of the skin, of 255, below which the measurement is undefined."""

MIN_DRIVER_SKIN = 30.0
"""The same below which a driver's mouth is not measured, because of compression artefacts."""

REFERENCE_SKIN = np.array([1.38, 1.0, 0.82], np.float32)
"""Mean colour of skin relative to green under white light, from which the hue of the light is estimated."""

LIGHT_EXPONENT = 0.6
"""Exponent on that estimate, which accounts for differences of skin colour."""

REFERENCE_TOOTH = np.array([1.05, 1.0, 0.9], np.float32)
"""Colour of a tooth relative to green under white light."""

TOOTH_REDNESS, LIP_REDNESS_RANGE = 0.265, (0.0, 0.15)
"""Log redness (red over the mean of green and blue) by which teeth lie below lips under the same light, and clamp of
the log redness of lips relative to the surrounding skin, because lips may be pale or painted. Skin alone predicts it
less well."""

DEFAULT_LIP_REDNESS = 0.1
"""Log redness of lips relative to skin if it cannot be measured."""

MAX_NOISE = 0.008
"""Relative noise of the skin in the neutral frame from which a driver's mouth is not measured; single frames are
rejected from twice as much. The maximum of 60 ordinary clips is 0.005; a dark webcam has 0.16, visible specks 0.016."""

LAPLACIAN = (np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]]) * np.sqrt(np.pi / 2) / 6).astype(np.float32)
"""Difference of two Laplacians, insensitive to structure (Immerkaer 1996, "Fast noise variance estimation")."""

MIN_WHITE_PIXELS = 40
"""Minimum number of sclera pixels in the patches of both eyes."""

MIN_PIXELS = 15
"""Minimum number of pixels of skin or lips."""


@dataclass(frozen=True)
class ToothLight:
    """Colour of teeth under the light on one face, relative to its skin.

    Attributes:
        white: brightness of the white of the eyes divided by that of the skin around the mouth.
        redness: log redness (red over the mean of green and blue) of a tooth minus that of the skin.
    """

    white: float
    redness: float

    @classmethod
    def from_frame(cls, frame: Frame, points: Points) -> ToothLight:
        """Measure a neutral face.

        Args:
            frame: H x W x 3 uint8 RGB.
            points: 478 x 3, its landmarks, pixels of the frame.
        """
        return cls.from_photos([(frame, points)])

    @classmethod
    def from_driver(cls, frame: Frame, points: Points) -> ToothLight | None:
        """Measure a driver's neutral frame; None if teeth and tongue cannot be distinguished: the picture has little
        chroma or light of a single hue, or is dark or noisy.

        Args:
            frame: H x W x 3 uint8 RGB.
            points: 478 x 3, its landmarks, pixels of the frame.
        """
        patch, drawing = _mouth(frame, points)
        skin = mouth_skin_colour(patch, drawing)
        if skin is None or green_blue_mean(skin) < MIN_DRIVER_SKIN or relative_noise(patch, drawing) >= MAX_NOISE:
            return None
        return cls.from_frame(frame, points) if FaceGamut.of(frame, points).ordinary else None

    @classmethod
    def from_photos(cls, photos: Sequence[tuple[Frame, Points]]) -> ToothLight:
        """Measure photos of one person: the first, or another for the white if the first shows none.

        A driver is measured in its most neutral frame. The animated photo is comparable: the lids are about as open and
        shade the white as much. The most open eyes of all photos would make teeth too bright.

        Args:
            photos: each a picture (H x W x 3 uint8 RGB) and its 478 x 3 landmarks in pixels of it.
        """
        whites = (white for white in (_white(*photo) for photo in photos) if white is not None)
        return cls(next(whites, DEFAULT_WHITE), tooth_redness(*_mouth(*photos[0])))


def _white(frame: Frame, points: Points) -> float | None:
    """Return the brightness of the eye whites relative to skin, or None if too little of them is visible."""
    pose = fit_pose(points)
    sclera = []
    for region in (LEFT_EYE, RIGHT_EYE):
        frame_from_patch = crop_from_patch(region, points, pose, max(frame.shape[:2]))
        drawing = draw_region(region, move(invert(frame_from_patch), points))
        iris = cv2.dilate(drawing[..., 1], np.ones((5, 5), np.uint8))
        sclera.append(
            green_blue_mean(cut_patch(frame, frame_from_patch, region.side))[(drawing[..., 0] > 200) & (iris < 32)]
        )
    white, skin = np.concatenate(sclera), mouth_skin_colour(*_mouth(frame, points))
    if skin is None or len(white) < MIN_WHITE_PIXELS:
        return None
    return float(np.clip(np.percentile(white, 80) / green_blue_mean(skin), *WHITE_RANGE))


def _mouth(frame: Frame, points: Points) -> tuple[Frame, NDArray[np.uint8]]:
    """Return the mouth's patch and its drawing."""
    frame_from_patch = crop_from_patch(MOUTH, points, fit_pose(points), max(frame.shape[:2]))
    return cut_patch(frame, frame_from_patch, MOUTH.side), draw_region(MOUTH, move(invert(frame_from_patch), points))


def tooth_redness(patch: Frame, drawing: NDArray[np.uint8]) -> float:
    """Return the log redness of a tooth relative to the skin around a mouth, see `ToothLight.redness`.

    Args:
        patch: S x S x 3 uint8 RGB.
        drawing: S x S x 3 uint8, from `geometry.patch.draw_region`.
    """
    rim = cv2.dilate(drawing[..., 0], np.ones((7, 7), np.uint8))
    lips = patch[(cv2.erode(drawing[..., 1], np.ones((5, 5), np.uint8)) > 250) & (rim < 128)]
    skin = mouth_skin_colour(patch, drawing)
    lip_redness = DEFAULT_LIP_REDNESS
    if skin is not None and len(lips) >= MIN_PIXELS:
        lip_redness = _redness(np.median(lips, axis=0).astype(np.float32) + 1) - _redness(skin)
    return float(np.clip(lip_redness, *LIP_REDNESS_RANGE)) - TOOTH_REDNESS


def tooth_colour(skin: NDArray[np.float32], redness: float) -> NDArray[np.float32]:
    """Return the colour of a tooth at the brightness of the skin around the mouth, 3 float32, RGB of 255.

    Args:
        skin: 3 float32, RGB of 255, from `mouth_skin_colour`.
        redness: of `ToothLight`.
    """
    light = np.clip(skin / REFERENCE_SKIN * (REFERENCE_SKIN[1] / skin[1]), 0.4, 2.0) ** LIGHT_EXPONENT * REFERENCE_TOOTH
    colour = np.asarray(light * (green_blue_mean(skin) / green_blue_mean(light)), np.float32)
    colour[0] = green_blue_mean(skin) * np.exp(_redness(skin) + redness)
    return colour


def mouth_skin_colour(patch: Frame, drawing: NDArray[np.uint8]) -> NDArray[np.float32] | None:
    """Return the colour of the skin around a mouth (3 float32, RGB of 255); None if it is not visible or too dark.

    Args:
        patch: S x S x 3 uint8 RGB.
        drawing: S x S x 3 uint8, from `geometry.patch.draw_region`.
    """
    lips = cv2.dilate(np.maximum(drawing[..., 0], drawing[..., 1]), np.ones((7, 7), np.uint8))
    # Half the resolution is enough, and four times as fast.
    skin = patch[::2, ::2][(drawing[::2, ::2, 2] > 127) & (lips[::2, ::2] < 32)]
    if len(skin) < MIN_PIXELS:
        return None
    colour = np.median(skin, axis=0).astype(np.float32) + 1
    return colour if green_blue_mean(colour) >= MIN_SKIN else None


def relative_noise(patch: Frame, drawing: NDArray[np.uint8]) -> float:
    """Return the standard deviation of the noise on the skin around a mouth relative to its brightness; infinite if the
    skin is not visible or too dark.

    Args:
        patch: S x S x 3 uint8 RGB.
        drawing: S x S x 3 uint8, from `geometry.patch.draw_region`.
    """
    colour = mouth_skin_colour(patch, drawing)
    if colour is None:
        return float("inf")
    lips = cv2.dilate(np.maximum(drawing[..., 0], drawing[..., 1]), np.ones((7, 7), np.uint8))
    response = np.abs(cv2.filter2D(green_blue_mean(patch), -1, LAPLACIAN))[(drawing[..., 2] > 127) & (lips < 32)]
    # The median ignores folds, stubble and moles.
    return float(np.median(response) / green_blue_mean(colour))


def green_blue_mean(colours: NDArray[Any]) -> NDArray[np.float32]:
    """Return the mean of green and blue (... x 3, RGB), which separates teeth from the red of lips and tongue."""
    return np.asarray((colours[..., 1].astype(np.float32) + colours[..., 2]) * np.float32(0.5), np.float32)


def _redness(colour: NDArray[np.float32]) -> float:
    return float(np.log(colour[0] / green_blue_mean(colour)))
