"""Mattes of people before plain walls: a smooth model of the wall's colour, and what differs from it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.pose import HeadPose
from animato.types import Frame, Points

WALL, PERSON, UNSURE = 0, 1, 255


def wall_matte(image: Frame, points: Points, pose: HeadPose) -> NDArray[np.uint8] | None:
    """Return H x W uint8, `WALL`, `PERSON` or `UNSURE` for each pixel, or None where no plain wall is found.

    The wall's colour in CIELAB is a quadratic polynomial of the position, fitted by trimmed least squares to what
    lies far from the head; the person is the connected region that differs from it and holds the face.

    Args:
        image: H x W x 3 uint8 RGB.
        points: 478 x 3, landmarks, pixels.
        pose: fitted to them.
    """
    height, width = image.shape[:2]
    lab = cv2.GaussianBlur(cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), (0, 0), 1.0)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    middle = pose.scale * pose.rotation @ np.array([0.0, -1.0, 4.0]) + pose.translation
    u, v = (x - middle[0]) / pose.scale, (y - middle[1]) / pose.scale  # centimetres from the middle of the head
    outside = ((u / 13) ** 2 + (np.minimum(v, 0) / 16) ** 2 > 1) & (v < 6) & (np.abs(u) > 11 + 0.8 * np.maximum(v, 0))
    far = outside | (v < -17)
    if far.sum() < 400:
        return None
    basis = np.stack([np.ones_like(u), u / 20, v / 20, (u / 20) ** 2, (v / 20) ** 2, u * v / 400], -1)
    kept, distance, spread = far, np.zeros_like(u), 0.0
    for _ in range(4):
        colours = np.linalg.lstsq(basis[kept], lab[kept], rcond=None)[0]
        distance = np.sqrt((((lab - basis @ colours) * (0.6, 1.0, 1.0)) ** 2).sum(-1))  # lightness varies the most
        spread = float(np.median(distance[kept])) * 1.5 + 0.3
        kept = far & (distance < 4 * spread)
        if kept.sum() < 300:
            return None
    if kept.sum() < 0.6 * far.sum() or spread > 3.5:
        return None
    differs = (distance > 5.5 * spread).astype(np.uint8)
    closed = np.asarray(cv2.morphologyEx(differs, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)), np.uint8)
    person = _filled(_component(closed, points[4, :2]))
    if person is None:
        return None
    beside = person[np.abs(v - 4) < 3]
    if beside.size and beside.reshape(-1, width)[:, [0, -1]].mean() > 0.2:  # the wall beside the chin counts as person
        return None
    reach = max(2, round(0.25 * pose.scale))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    matte = np.full((height, width), UNSURE, np.uint8)
    matte[cv2.erode(person, kernel) > 0] = PERSON
    matte[cv2.dilate(person, kernel) == 0] = WALL
    band = matte == UNSURE
    matte[band & (person > 0) & (distance > 9 * spread)] = PERSON
    matte[band & (person == 0) & (distance < 2.5 * spread)] = WALL
    return matte


def _component(mask: NDArray[np.uint8], at: NDArray[np.floating]) -> NDArray[np.uint8] | None:
    """Return the connected component (4 neighbours) at a point (x, y), h x w uint8, or None where there is none."""
    _, labels = cv2.connectedComponents(mask, connectivity=4)
    column, row = np.clip(np.rint(at), 0, np.array(mask.shape[::-1]) - 1).astype(int)
    number = labels[row, column]
    return None if number == 0 else (labels == number).astype(np.uint8)


def _filled(person: NDArray[np.uint8] | None) -> NDArray[np.uint8] | None:
    """Return a person without holes: what does not touch the upper border or the upper sides belongs to it."""
    if person is None:
        return None
    _, labels = cv2.connectedComponents(1 - person, connectivity=4)
    upper = int(0.6 * len(labels))
    around = np.unique(np.concatenate([labels[0], labels[:upper, 0], labels[:upper, -1]]))
    return np.asarray((person > 0) | ~np.isin(labels, around), np.uint8)
