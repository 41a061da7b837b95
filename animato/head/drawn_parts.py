"""Parts of a head that is drawn in flat colours, of which the network knows nothing: told from colours and places."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.landmarks import OVAL
from animato.geometry.pose import HeadPose
from animato.head.parts import HeadParts
from animato.models.parts.config import PARTS
from animato.types import Frame, Plane, Points

NOISE = 5
"""Side of the median filter that removes the noise of compression, pixels."""

STEP = 5
"""Difference of neighbouring pixels, levels of 255, up to which a background goes on: gradients, but no edges."""

SEEDS = 8
"""Distance between the places along the picture's edge from which a background is followed, pixels."""

LEAST_BACKGROUND, MOST_IN_FACE = 0.08, 0.06
"""Smallest share of the picture that is a background, and largest share of the face that may be taken for it."""

SAME = 36
"""Largest difference from a colour in any channel, levels of 255, up to which a pixel has it."""

LEAST_PERSON = 0.8
"""Share of the face's pixels that must be one piece with its middle."""


def read_drawn_parts(image: Frame, points: Points, pose: HeadPose) -> HeadParts | None:
    """Return the parts of a drawn head in front of a background without texture; None where there is none.

    The background is what hangs together with the picture's upper edges without a step in colour. Of the rest, skin is
    what has the colour of the face, body what lies below the chin, and hair what is left.

    Args:
        image: H x W x 3 uint8 RGB.
        points: 478 x 3, landmarks, pixels.
        pose: fitted to them.
    """
    calm = np.asarray(cv2.medianBlur(image, NOISE), np.uint8)
    oval = np.zeros(image.shape[:2], np.uint8)
    cv2.fillConvexPoly(oval, cv2.convexHull(np.rint(points[list(OVAL), :2]).astype(np.int32)), 1)
    background = _background(calm)
    if background.mean() < LEAST_BACKGROUND or (background & (oval > 0)).sum() > MOST_IN_FACE * oval.sum():
        return None
    person = _piece_with(~background, oval)
    if person is None:
        return None
    face = oval > 0
    skin = _like(calm, np.median(calm[cv2.erode(oval, np.ones((9, 9), np.uint8)) > 0], axis=0)) & person
    below = _below_chin(points, pose, image.shape[:2])
    above = person & ~face & ~skin & ~below
    hair = above.copy()
    if above.any():
        colour = np.median(calm[above], axis=0)
        same = _like(calm, colour) & person & ~skin
        hair |= _connected(same, above)
    found = {
        "face": person & (face | (skin & ~below)) & ~hair,
        "hair": hair,
        "body_skin": person & skin & below & ~face,
    }
    found["clothes"] = person & ~np.logical_or.reduce(list(found.values()))
    return _as_parts(found, person)


def _background(calm: Frame) -> NDArray[np.bool_]:
    """Return what hangs together with the upper edges of a picture without a step in colour, H x W bool."""
    height, width = calm.shape[:2]
    mask = np.zeros((height + 2, width + 2), np.uint8)
    flags = 4 | (1 << 8) | cv2.FLOODFILL_MASK_ONLY
    picture = np.ascontiguousarray(calm)
    seeds = [(x, 0) for x in range(0, width, SEEDS)]
    seeds += [(x, y) for y in range(0, height // 2, SEEDS) for x in (0, width - 1)]
    for x, y in seeds:
        if not mask[y + 1, x + 1]:
            cv2.floodFill(picture, mask, (x, y), (0, 0, 0), (STEP,) * 3, (STEP,) * 3, flags)
    return np.asarray(mask[1:-1, 1:-1] > 0)


def _piece_with(person: NDArray[np.bool_], oval: NDArray[np.uint8]) -> NDArray[np.bool_] | None:
    """Return the piece of a person that holds the face, H x W bool; None where it is in pieces itself."""
    _, labels = cv2.connectedComponents(person.astype(np.uint8), connectivity=4)
    inside = labels[oval > 0]
    number = int(np.bincount(inside[inside > 0]).argmax()) if (inside > 0).any() else 0
    if number == 0 or (inside == number).mean() < LEAST_PERSON:
        return None
    piece = (labels == number).astype(np.uint8)
    # What the person encloses is the person: eyes of the background's colour, or a shirt's.
    outlines, _ = cv2.findContours(piece, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(piece, outlines, -1, 1, cv2.FILLED)
    return np.asarray(piece > 0)


def _like(calm: Frame, colour: NDArray[np.floating]) -> NDArray[np.bool_]:
    return np.asarray((np.abs(calm.astype(np.float32) - colour) < SAME).all(axis=2))


def _connected(part: NDArray[np.bool_], seeds: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the pieces of a part that touch seeds, H x W bool."""
    count, labels = cv2.connectedComponents(part.astype(np.uint8), connectivity=8)
    kept = np.zeros(count, bool)
    kept[np.unique(labels[seeds])] = True
    kept[0] = False
    return np.asarray(kept[labels])


def _below_chin(points: Points, pose: HeadPose, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return what lies below the chin by the head's own axis, H x W bool."""
    down = (pose.rotation @ np.array([0.0, 1.0, 0.0]))[:2]
    down /= np.linalg.norm(down)
    chin = (points[list(OVAL), :2].astype(np.float64) @ down).max()
    y, x = np.mgrid[: shape[0], : shape[1]]
    return np.asarray(x * down[0] + y * down[1] > chin)


def _as_parts(found: dict[str, NDArray[np.bool_]], person: NDArray[np.bool_]) -> HeadParts:
    """Return parts of some masks (H x W bool) in the picture's own pixels, with edges as soft as those of a drawing."""
    opacity = cv2.GaussianBlur(person.astype(np.float32), (0, 0), 0.7)
    masks = {name: found[name] if name in found else np.zeros_like(person) for name in PARTS[1:]}
    soft = {name: _spread(mask, person) for name, mask in masks.items()}
    total = np.maximum(sum(soft.values()), np.float32(1e-6))
    shares = [1 - opacity, *(soft[name] / total * opacity for name in PARTS[1:])]
    probabilities = np.clip(np.rint(np.stack(shares) * 255), 0, 255).astype(np.uint8)
    return HeadParts(probabilities, np.zeros(person.shape, np.float16), np.eye(2, 3))


def _spread(mask: NDArray[np.bool_], person: NDArray[np.bool_]) -> Plane:
    """Return a part that goes on beyond the person's outline, H x W float32."""
    weight = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 2.0)
    beyond = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 8.0) + np.float32(1e-9)
    return np.where(person, weight, beyond).astype(np.float32)
