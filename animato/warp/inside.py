"""What the inside of a driver's mouth shows: how bright it is, in a grid of thirty places between the lips.

One photo with closed lips says nothing of teeth and tongue, and landmarks do not either: the same opening shows the
upper teeth in one sound and the tongue in another. The driver's picture knows. Its brightness, in whites of the eye,
orders what is there (dark gap, tongue, teeth) and says nothing of whose mouth it is. The target's mouth is brought to
it before the network paints, which then knows where to paint which.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.motion.frames import INSIDE_PLACES
from animato.motion.pose import HeadPose, fit_pose
from animato.types import Affine, Face, Frame, Plane, Points
from animato.warp.lay import add_patch
from animato.warp.places import Places
from animato.warp.region import (
    LEFT_EYE,
    MOUTH,
    RIGHT_EYE,
    crop_from_patch,
    cut_patch,
    cut_validity,
    draw_region,
    inverse,
    move,
)

ROWS, COLUMNS = INSIDE_PLACES
"""Places between the lips: from the upper to the lower one, and from left to right in the picture."""

BRIGHTEST = 1.4
"""Brightness that counts as 1, in whites of the eye: teeth catch more light."""

USUAL_WHITE, WHITES = 1.2, (0.9, 2.2)
"""White of the eye over skin where it cannot be seen, and the range in which it is believed."""

DARK = 6.0
"""Brightness of the skin, of 255, below which it is too dark to tell."""

SKIN_IN_WHITE = np.array([1.38, 1.0, 0.82], np.float32)
"""Colour of skin, over its green, in white light: the mean of many; the light's colour is judged by it."""

WARM = 1.03
"""Least red of a tooth, over its green, unless the skin itself has less."""

BLUER = np.float32(1.1)
"""Most blue between the lips, over what a tooth as green has: mouths differ by as much."""

BELIEF = 0.6
"""Exponent on that judgement: skin differs as light does."""

NO_TOOTH = (0.3, 0.6)
"""Share of its brightness that a place loses: from the first on it may be no tooth, from the second it is tongue."""

GAP = (0.3, 0.5)
"""Brightness, in whites of the eye: a driver's place as dark as the first is a gap, from the second on it may be teeth
in a dim picture."""

TOOTH = np.array([1.05, 1.0, 0.9], np.float32)
"""Colour of a tooth, over its green, in white light."""


def look_inside(frame: Frame, face: Face, white: float) -> NDArray[np.float32] | None:
    """Return what the inside of a driver's mouth shows, or None where the lips touch.

    Args:
        frame: H x W x 3 uint8 RGB.
        face: its landmarks, pixels of the frame.
        white: from `white_over_skin`, of the driver's neutral frame.

    Returns:
        ROWS x COLUMNS float32 in [0, 1]: brightness in units of `BRIGHTEST` whites.
    """
    placed = crop_from_patch(MOUTH, face.points, fit_pose(face.points), max(frame.shape[:2]))
    drawing = draw_region(MOUTH, move(inverse(placed), face.points))
    shown = measure(cut_patch(frame, placed, MOUTH.side), drawing)
    return None if shown is None else np.clip(shown.levels / (white * BRIGHTEST), 0, 1).astype(np.float32)


def white_over_skin(frame: Frame, points: Points) -> float:
    """Return how much brighter the white of the eyes is than the skin around the mouth, in [0.9, 2.2].

    Teeth are about as white in everybody and skin is not: what a driver's mouth shows is kept in units of white, so
    that dark skin does not lend its brilliant teeth to pale skin.

    Args:
        frame: H x W x 3 uint8 RGB.
        points: 478 x 3, pixels of the frame.
    """
    pose = fit_pose(points)
    found = []
    for region in (LEFT_EYE, RIGHT_EYE):
        placed = crop_from_patch(region, points, pose, max(frame.shape[:2]))
        drawing = draw_region(region, move(inverse(placed), points))
        iris = cv2.dilate(drawing[..., 1], np.ones((5, 5), np.uint8))
        found.append(_cold(cut_patch(frame, placed, region.side))[(drawing[..., 0] > 200) & (iris < 32)])
    placed = crop_from_patch(MOUTH, points, pose, max(frame.shape[:2]))
    skin = _skin(cut_patch(frame, placed, MOUTH.side), draw_region(MOUTH, move(inverse(placed), points)))
    white = np.concatenate(found)
    if skin is None or len(white) < 40:
        return USUAL_WHITE
    return float(np.clip(np.percentile(white, 80) / _cold(skin), *WHITES))


@dataclass(frozen=True)
class Shown:
    """What a mouth's patch shows between the lips.

    Attributes:
        levels: ROWS x COLUMNS float32, brightness in units of the skin's.
        white: 3 float32, RGB of 255: colour of a tooth in the light on the skin, as bright as the skin.
        places: where that was read.
    """

    levels: NDArray[np.float32]
    white: NDArray[np.float32]
    places: Places


def measure(patch: Frame, drawing: NDArray[np.uint8]) -> Shown | None:
    """Return what a mouth's patch shows between the lips, or None where too little is open, or it is too dark to tell.

    Args:
        patch: S x S x 3 uint8 RGB.
        drawing: S x S x 3 uint8, from `draw_region`.
    """
    colour, places = _skin(patch, drawing), Places.behind(drawing[..., 0], INSIDE_PLACES)
    if colour is None or places is None:
        return None
    coarse, skin = places.read(_cold(patch)), _cold(colour)
    light = np.clip(colour / SKIN_IN_WHITE * (SKIN_IN_WHITE[1] / colour[1]), 0.4, 2.0) ** BELIEF * TOOTH
    # Yellow skin is no green light.
    light[0] = max(light[0], light[1] * min(WARM, colour[0] / colour[1]))
    white = np.asarray(light * (skin / _cold(light)), np.float32)
    return Shown(np.asarray(coarse / skin, np.float32), white, places)


def difference(
    patch: Frame, drawing: NDArray[np.uint8], wanted: NDArray[np.float32], red: float = 0.0
) -> NDArray[np.float32] | None:
    """Return what must be added to a mouth's patch so that it shows between the lips what is wanted; None: nothing.

    Args:
        patch: S x S x 3 uint8 RGB.
        drawing: S x S x 3 uint8, from `draw_region`.
        wanted: ROWS x COLUMNS float32, brightness in units of the skin's.
        red: by how much a tongue's red exceeds its brightness, in units of the skin's; 0 darkens teeth to grey.

    Returns:
        S x S x 3 float32, RGB of 255, in the colour of white in that light: teeth are not grey by a candle. 0 outside
        the lips.
    """
    shown = measure(patch, drawing)
    if shown is None:
        return None
    added = shown.places.spread(wanted - shown.levels)[..., None] * shown.white
    low, high = NO_TOOTH
    fallen = np.clip(((1 - wanted / np.maximum(shown.levels, 1e-3)) - low) / (high - low), 0, 1)
    if red and fallen.any():
        level, share = np.dsplit(shown.places.spread(np.dstack([wanted, fallen])), 2)
        tongue = level * shown.white
        tongue[..., 0] += np.float32(red) * shown.white[0]
        added += share * (tongue - patch - added)
    return _no_bluer(patch, added, shown.white, drawing[..., 0])


def _no_bluer(
    patch: Frame, added: NDArray[np.float32], white: NDArray[np.float32], opening: NDArray[np.uint8]
) -> NDArray[np.float32]:
    """Return what is to be added to a patch so that nothing between the lips is much bluer or greener than a tooth."""
    made = patch + added
    soft = opening.astype(np.float32) / np.float32(255)
    blue = np.maximum(made[..., 2] - made[..., 1] * (BLUER * white[2] / white[1]), 0) * soft
    added[..., 2] -= blue
    added[..., 0] += np.maximum(made[..., 1] * (white[0] / white[1]) - made[..., 0], 0) * soft
    return added


@dataclass(frozen=True)
class MouthWindow:
    """Where the mouth's patch lies in a picture.

    Attributes:
        placed: from pixels of the patch to those of the picture.
        drawing: S x S x 3 uint8, from `draw_region`.
        free: S x S x 1 float32 in [0, 1], 0 where the picture shows a photo's own teeth, which stay.
    """

    placed: Affine
    drawing: NDArray[np.uint8]
    free: NDArray[np.float32]

    @classmethod
    def of(cls, points: Points, pose: HeadPose, size: int, own: Plane) -> MouthWindow:
        """Find a mouth.

        Args:
            points: 478 x 3, the face, pixels of the picture.
            pose: of the face.
            size: longer side of the picture, pixels.
            own: h x w float32 in [0, 1], where the picture shows a photo's own teeth.
        """
        placed = crop_from_patch(MOUTH, points, pose, size)
        drawing = draw_region(MOUTH, move(inverse(placed), points))
        return cls(placed, drawing, 1 - cut_validity(own, placed, MOUTH.side, size)[..., None])

    def with_gaps(self, inside: NDArray[np.float32]) -> MouthWindow:
        """Return the window with teeth that give way where the driver shows a dark gap; between, nothing turns grey.

        Args:
            inside: ROWS x COLUMNS float32 in [0, 1], from `look_inside`.
        """
        places = Places.behind(self.drawing[..., 0], INSIDE_PLACES)
        if places is None:
            return self
        low, high = GAP
        ramp = np.clip((inside * BRIGHTEST - low) / (high - low), 0, 1)
        stays = places.spread(np.asarray(ramp * ramp * (3 - 2 * ramp), np.float32))[..., None]
        return replace(self, free=1 - (1 - self.free) * stays)


def match_inside(image: Frame, window: MouthWindow, wanted: NDArray[np.float32], gain: float, red: float = 0.0) -> None:
    """Let a mouth show between its lips what is wanted, in place and at the picture's own resolution.

    Somebody's own teeth are not made dark because a driver's tongue lies before the driver's.

    Args:
        image: S x S x 3 uint8 RGB, changed.
        window: where its mouth is.
        wanted: ROWS x COLUMNS float32, brightness in units of the skin's.
        gain: how much of the difference counts, in [0, 1].
        red: see `difference`.
    """
    added = difference(cut_patch(image, window.placed, MOUTH.side), window.drawing, wanted, red)
    if added is not None:
        added *= window.free * np.float32(gain)
        add_patch(image, window.placed, added, cv2.boundingRect(window.drawing[..., 0]))


def matched(patch: Frame, drawing: NDArray[np.uint8], wanted: NDArray[np.float32]) -> Frame:
    """Return a mouth's patch (S x S x 3 uint8 RGB) that shows between the lips what is wanted; see `difference`."""
    added = difference(patch, drawing, wanted)
    return patch if added is None else np.clip(patch + added, 0, 255).astype(np.uint8)


def _cold(colours: NDArray[Any]) -> NDArray[np.float32]:
    """Return the mean of green and blue (the last axis is RGB): lips and tongue are red, these tell teeth from both."""
    return np.asarray((colours[..., 1].astype(np.float32) + colours[..., 2]) * np.float32(0.5), np.float32)


def _skin(patch: Frame, drawing: NDArray[np.uint8]) -> NDArray[np.float32] | None:
    """Return the colour of the skin around a mouth (3, RGB of 255), or None where none is seen or all is dark."""
    lips = cv2.dilate(np.maximum(drawing[..., 0], drawing[..., 1]), np.ones((7, 7), np.uint8))
    # Every other pixel of every other row is enough, and four times as fast.
    skin = patch[::2, ::2][(drawing[::2, ::2, 2] > 127) & (lips[::2, ::2] < 32)]
    if len(skin) < 15:
        return None
    colour = np.median(skin, axis=0).astype(np.float32) + 1
    return colour if _cold(colour) >= DARK else None
