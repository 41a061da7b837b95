"""What the inside of a driver's mouth shows: how bright it is, in a grid of thirty places between the lips.

One photo with closed lips says nothing of teeth and tongue, and landmarks do not either: the same opening shows the
upper teeth in one sound and the tongue in another. The driver's picture knows. Its brightness, in whites of the eye,
orders what is there (dark gap, tongue, teeth) and says nothing of whose mouth it is. The target's mouth is brought to
it before the network paints, which then knows where to paint which.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.motion.frames import INSIDE_PLACES
from animato.motion.pose import HeadPose, fit_pose
from animato.types import Affine, Face, Frame, Plane, Points
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

LEAST = 12.0
"""Area of an opening, in pixels of the mouth's patch, below which nothing can be seen in it."""

DARK = 6.0
"""Brightness of the skin, of 255, below which it is too dark to tell."""

SKIN_IN_WHITE = np.array([1.38, 1.0, 0.82], np.float32)
"""Colour of skin, over its green, in white light: the mean of many; the light's colour is judged by it."""

BELIEF = 0.6
"""Exponent on that judgement: skin differs as light does."""

TOOTH = np.array([1.05, 1.0, 0.9], np.float32)
"""Colour of a tooth, over its green, in white light."""

FINE = 4
"""Samples that are averaged for one place, in each direction."""


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
    """

    levels: NDArray[np.float32]
    white: NDArray[np.float32]


def measure(patch: Frame, drawing: NDArray[np.uint8]) -> Shown | None:
    """Return what a mouth's patch shows between the lips, or None where too little is open, or it is too dark to tell.

    Args:
        patch: S x S x 3 uint8 RGB.
        drawing: S x S x 3 uint8, from `draw_region`.
    """
    places = _places(drawing[..., 0])
    if places is None:
        return None
    colour = _skin(patch, drawing)
    if colour is None:
        return None
    cold, skin = _cold(patch), _cold(colour)
    fine = cv2.remap(cold, places[0], places[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    coarse = cv2.resize(fine, (COLUMNS, ROWS), interpolation=cv2.INTER_AREA)
    light = np.clip(colour / SKIN_IN_WHITE * (SKIN_IN_WHITE[1] / colour[1]), 0.4, 2.0) ** BELIEF * TOOTH
    return Shown(np.asarray(coarse / skin, np.float32), np.asarray(light * (skin / _cold(light)), np.float32))


def difference(patch: Frame, drawing: NDArray[np.uint8], wanted: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """Return what must be added to a mouth's patch so that it shows between the lips what is wanted; None: nothing.

    Args:
        patch: S x S x 3 uint8 RGB.
        drawing: S x S x 3 uint8, from `draw_region`.
        wanted: ROWS x COLUMNS float32, brightness in units of the skin's.

    Returns:
        S x S x 3 float32, RGB of 255, in the colour of white in that light: teeth are not grey by a candle. 0 outside
        the lips.
    """
    shown, span = measure(patch, drawing), _span(drawing[..., 0])
    if shown is None or span is None:
        return None
    first, last, top, bottom = span
    x = np.arange(first, last + 1, dtype=np.float32)
    y = np.arange(drawing.shape[0], dtype=np.float32)[:, None]
    down = (y - top) / np.maximum(bottom - top, 1.0) * ROWS - 0.5
    across = np.broadcast_to((x - first + 0.5) / (last + 1 - first) * COLUMNS - 0.5, down.shape)
    added = cv2.remap(
        np.ascontiguousarray(wanted - shown.levels, np.float32),
        np.ascontiguousarray(across, np.float32),
        np.ascontiguousarray(down, np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    whole = np.zeros(drawing.shape[:2], np.float32)
    whole[:, first : last + 1] = added * (drawing[:, first : last + 1, 0].astype(np.float32) / 255)
    return whole[..., None] * shown.white


def match_inside(
    image: Frame, own: Plane, points: Points, pose: HeadPose, wanted: NDArray[np.float32], gain: float
) -> None:
    """Let a mouth show between its lips what is wanted, in place and at the picture's own resolution.

    Somebody's own teeth are not made dark because a driver's tongue lies before the driver's.

    Args:
        image: S x S x 3 uint8 RGB, changed.
        own: h x w float32 in [0, 1], where the picture shows a photo's own teeth, which stay.
        points: 478 x 3, its face, pixels.
        pose: of the face.
        wanted: ROWS x COLUMNS float32, brightness in units of the skin's.
        gain: how much of the difference counts, in [0, 1].
    """
    if gain <= 0:
        return
    placed = crop_from_patch(MOUTH, points, pose, image.shape[0])
    drawing = draw_region(MOUTH, move(inverse(placed), points))
    added = difference(cut_patch(image, placed, MOUTH.side), drawing, wanted)
    if added is not None:
        added *= 1 - cut_validity(own, placed, MOUTH.side, image.shape[0])[..., None]
        _add(image, placed, added * np.float32(gain), cv2.boundingRect(drawing[..., 0]))


def _add(image: Frame, placed: Affine, added: NDArray[np.float32], box: Sequence[int]) -> None:
    """Add a patch to the picture it was cut from, in place; its box (x, y, width, height) holds all that is not 0."""
    left, top, right, bottom = box[0] - 1, box[1] - 1, box[0] + box[2], box[1] + box[3]
    corners = move(placed, np.array([[left, top], [right, top], [left, bottom], [right, bottom]], np.float64))
    height, width = image.shape[:2]
    x0, y0 = np.maximum(np.floor(corners.min(axis=0)), 0).astype(int)
    x1, y1 = np.minimum(np.ceil(corners.max(axis=0)) + 1, (width, height)).astype(int)
    if x1 - x0 < 1 or y1 - y0 < 1:
        return
    patch_from_window = inverse(placed)
    patch_from_window[:, 2] += patch_from_window[:, :2] @ (x0, y0)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    there = cv2.warpAffine(added, patch_from_window, (int(x1 - x0), int(y1 - y0)), flags=flags)
    part = image[y0:y1, x0:x1]
    part[:] = np.clip(part + there + np.float32(0.5), 0, 255).astype(np.uint8)


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


def _span(opening: NDArray[np.uint8]) -> tuple[int, int, Plane, Plane] | None:
    """Return the first and last column of an opening, and its upper and lower end in each (W float32, pixels)."""
    mask = opening > 127
    if mask.sum() < LEAST:
        return None
    columns = np.flatnonzero(mask.any(axis=0))
    first, last = int(columns[0]), int(columns[-1])
    part = mask[:, first : last + 1]
    top = part.argmax(axis=0).astype(np.float32) - 0.5
    bottom = opening.shape[0] - part[::-1].argmax(axis=0).astype(np.float32) - 0.5
    hole = ~part.any(axis=0)
    if hole.any():
        x = np.arange(part.shape[1])
        top[hole], bottom[hole] = (np.interp(x[hole], x[~hole], ends[~hole]) for ends in (top, bottom))
    # Ends at whole pixels would show as teeth of a saw.
    smooth = [cv2.GaussianBlur(ends[None].astype(np.float32), (0, 0), 2.0)[0] for ends in (top, bottom)]
    return first, last, np.asarray(smooth[0], np.float32), np.asarray(smooth[1], np.float32)


def _places(opening: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
    """Return x and y of the fine places between the lips, each (ROWS FINE) x (COLUMNS FINE) float32, or None."""
    span = _span(opening)
    if span is None:
        return None
    first, last, top, bottom = span
    across = (np.arange(COLUMNS * FINE, dtype=np.float32) + 0.5) / (COLUMNS * FINE) * (last + 1 - first) - 0.5
    at = np.clip(np.rint(across), 0, last - first).astype(int)
    down = (np.arange(ROWS * FINE, dtype=np.float32)[:, None] + 0.5) / (ROWS * FINE)
    y = top[at] + down * (bottom - top)[at]
    x = np.broadcast_to(across + first, y.shape)
    return np.ascontiguousarray(x, np.float32), np.ascontiguousarray(y, np.float32)
