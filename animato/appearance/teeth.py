"""Estimate the colour of teeth under the light of a face: as white as the sclera, less red than the lips.

Teeth are about as white in everybody, and skin is not. What a driver's mouth shows is compared with its teeth and laid
on another face in units of that face's, so that dark skin does not lend its brilliant teeth to pale skin, nor a lamp
its colour.
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

USUAL_WHITE, WHITES = 1.2, (0.9, 2.2)
"""White of the eye over skin where it cannot be seen, and the range in which it is believed."""

DARK = 6.0
"""Brightness of the skin, of 255, below which it is too dark to tell."""

DIM = 30.0
"""The same below which a driver's mouth is not read: coding leaves blotches of it."""

SKIN_IN_WHITE = np.array([1.38, 1.0, 0.82], np.float32)
"""Colour of skin, over its green, in white light: the mean of many; how blue the light is is judged by it."""

BELIEF = 0.6
"""Exponent on that judgement: skin differs as light does."""

TOOTH = np.array([1.05, 1.0, 0.9], np.float32)
"""Colour of a tooth, over its green, in white light."""

LESS_RED, LIP_REDDER = 0.265, (0.0, 0.15)
"""By how much teeth are less red (logarithm of red over the mean of green and blue) than lips in the same light, and by
how much lips count as redder than the skin around them at least and at most: they may be painted, or pale. Skin alone
says less of the light, it differs more."""

USUAL_LIPS = 0.1
"""By how much lips are redder than skin where they cannot be seen."""

NOISY = 0.008
"""Noise of the skin over its brightness from which a driver's mouth is not read; a single frame, from twice as much. Of
60 ordinary clips the most has 0.005; a dark webcam has 0.16, and specks in teeth show from 0.016."""

LAPLACIAN = (np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]]) * np.sqrt(np.pi / 2) / 6).astype(np.float32)
"""Difference of two Laplacians: noise alone is left (Immerkaer 1996, "Fast noise variance estimation")."""

FEWEST_WHITE = 40
"""Pixels of white in the patches of both eyes from which it is seen."""

SEEN = 15
"""Pixels from which skin or lips are seen."""


@dataclass(frozen=True)
class ToothLight:
    """How teeth look on one face, seen from its skin.

    Attributes:
        white: brightness of the white of the eyes over that of the skin around the mouth.
        redness: by how much a tooth is redder than that skin, logarithm of red over the mean of green and blue.
    """

    white: float
    redness: float

    @classmethod
    def on(cls, frame: Frame, points: Points) -> ToothLight:
        """Look at a face that looks calm.

        Args:
            frame: H x W x 3 uint8 RGB.
            points: 478 x 3, its landmarks, pixels of the frame.
        """
        return cls.of([(frame, points)])

    @classmethod
    def of_driver(cls, frame: Frame, points: Points) -> ToothLight | None:
        """Look at a driver's neutral frame; None where its picture cannot tell teeth from tongue: without colour, with
        little, under a lamp of one colour, dark or noisy.

        Args:
            frame: H x W x 3 uint8 RGB.
            points: 478 x 3, its landmarks, pixels of the frame.
        """
        patch, drawing = _mouth(frame, points)
        skin = skin_around(patch, drawing)
        if skin is None or cold(skin) < DIM or noise(patch, drawing) >= NOISY:
            return None
        return cls.on(frame, points) if FaceGamut.of(frame, points).ordinary else None

    @classmethod
    def of(cls, photos: Sequence[tuple[Frame, Points]]) -> ToothLight:
        """Look at photos of one person: the first counts, and where its eyes show no white, another.

        A driver is looked at in its most neutral frame. The animated photo is such a moment, too: its lids are about
        as open, and the white under them as shaded. The most open eyes of all photos would make teeth too bright.

        Args:
            photos: each a picture (H x W x 3 uint8 RGB) and its 478 x 3 landmarks in pixels of it.
        """
        whites = (white for white in (_white(*photo) for photo in photos) if white is not None)
        return cls(next(whites, USUAL_WHITE), tooth_redness(*_mouth(*photos[0])))


def _white(frame: Frame, points: Points) -> float | None:
    """Return the white of the eyes over the skin, or None where too little of it is seen."""
    pose = fit_pose(points)
    found = []
    for region in (LEFT_EYE, RIGHT_EYE):
        placed = crop_from_patch(region, points, pose, max(frame.shape[:2]))
        drawing = draw_region(region, move(invert(placed), points))
        iris = cv2.dilate(drawing[..., 1], np.ones((5, 5), np.uint8))
        found.append(cold(cut_patch(frame, placed, region.side))[(drawing[..., 0] > 200) & (iris < 32)])
    white, skin = np.concatenate(found), skin_around(*_mouth(frame, points))
    if skin is None or len(white) < FEWEST_WHITE:
        return None
    return float(np.clip(np.percentile(white, 80) / cold(skin), *WHITES))


def _mouth(frame: Frame, points: Points) -> tuple[Frame, NDArray[np.uint8]]:
    """Return the mouth's patch and its drawing."""
    placed = crop_from_patch(MOUTH, points, fit_pose(points), max(frame.shape[:2]))
    return cut_patch(frame, placed, MOUTH.side), draw_region(MOUTH, move(invert(placed), points))


def tooth_redness(patch: Frame, drawing: NDArray[np.uint8]) -> float:
    """Return by how much a tooth is redder than the skin around a mouth, as `ToothLight.redness`.

    Args:
        patch: S x S x 3 uint8 RGB.
        drawing: S x S x 3 uint8, from `geometry.patch.draw_region`.
    """
    rim = cv2.dilate(drawing[..., 0], np.ones((7, 7), np.uint8))
    lips = patch[(cv2.erode(drawing[..., 1], np.ones((5, 5), np.uint8)) > 250) & (rim < 128)]
    skin = skin_around(patch, drawing)
    redder = USUAL_LIPS
    if skin is not None and len(lips) >= SEEN:
        redder = _redness(np.median(lips, axis=0).astype(np.float32) + 1) - _redness(skin)
    return float(np.clip(redder, *LIP_REDDER)) - LESS_RED


def tooth_colour(skin: NDArray[np.float32], redness: float) -> NDArray[np.float32]:
    """Return the colour of a tooth that is as bright as the skin around the mouth, 3 float32, RGB of 255.

    Args:
        skin: 3 float32, RGB of 255, from `skin_around`.
        redness: of `ToothLight`.
    """
    light = np.clip(skin / SKIN_IN_WHITE * (SKIN_IN_WHITE[1] / skin[1]), 0.4, 2.0) ** BELIEF * TOOTH
    colour = np.asarray(light * (cold(skin) / cold(light)), np.float32)
    colour[0] = cold(skin) * np.exp(_redness(skin) + redness)
    return colour


def skin_around(patch: Frame, drawing: NDArray[np.uint8]) -> NDArray[np.float32] | None:
    """Return the colour of the skin around a mouth (3 float32, RGB of 255); None where none is seen or all is dark.

    Args:
        patch: S x S x 3 uint8 RGB.
        drawing: S x S x 3 uint8, from `geometry.patch.draw_region`.
    """
    lips = cv2.dilate(np.maximum(drawing[..., 0], drawing[..., 1]), np.ones((7, 7), np.uint8))
    # Every other pixel of every other row is enough, and four times as fast.
    skin = patch[::2, ::2][(drawing[::2, ::2, 2] > 127) & (lips[::2, ::2] < 32)]
    if len(skin) < SEEN:
        return None
    colour = np.median(skin, axis=0).astype(np.float32) + 1
    return colour if cold(colour) >= DARK else None


def noise(patch: Frame, drawing: NDArray[np.uint8]) -> float:
    """Return the standard deviation of the noise on the skin around a mouth over its brightness; infinite where no skin
    is seen or all is dark.

    Args:
        patch: S x S x 3 uint8 RGB.
        drawing: S x S x 3 uint8, from `geometry.patch.draw_region`.
    """
    colour = skin_around(patch, drawing)
    if colour is None:
        return float("inf")
    lips = cv2.dilate(np.maximum(drawing[..., 0], drawing[..., 1]), np.ones((7, 7), np.uint8))
    answer = np.abs(cv2.filter2D(cold(patch), -1, LAPLACIAN))[(drawing[..., 2] > 127) & (lips < 32)]
    # The median: folds, stubble and moles are not noise.
    return float(np.median(answer) / cold(colour))


def cold(colours: NDArray[Any]) -> NDArray[np.float32]:
    """Return the mean of green and blue of colours (... x 3, RGB): it tells teeth from lips and tongue, all red."""
    return np.asarray((colours[..., 1].astype(np.float32) + colours[..., 2]) * np.float32(0.5), np.float32)


def _redness(colour: NDArray[np.float32]) -> float:
    return float(np.log(colour[0] / cold(colour)))
