"""The lips of a drawing meet on the line drawn for its mouth."""

from __future__ import annotations

import cv2
import numpy as np
from drawn_pictures import SKIN
from head_material import Head

from animato.geometry.landmarks import LIPS_INNER, OVAL
from animato.head.drawn_mouth import on_drawn_line
from animato.types import Frame

CORNERS = (LIPS_INNER[0], LIPS_INNER[10])


def mouth_line(head: Head) -> np.ndarray:
    """A curve that bends upwards in the middle of the lips, N x 2, by a tenth of the mouth's width."""
    start, end = (head.points[corner, :2].astype(float) for corner in CORNERS)
    u = np.linspace(-0.05, 1.05, 60)[:, None]
    width = np.hypot(*(end - start))
    return start + u * (end - start) + np.array([0, 1]) * width * (0.03 - 0.5 * u * (1 - u))


def drawing(head: Head, *, line: bool = True, open_mouth: bool = False) -> Frame:
    picture = np.full_like(head.crop, SKIN)
    curve = np.rint(mouth_line(head)).astype(np.int32)
    if line:
        cv2.polylines(picture, [curve], isClosed=False, color=(150, 60, 60), thickness=5, lineType=cv2.LINE_AA)
    if open_mouth:
        half = np.array([0, round(0.15 * np.linalg.norm(curve[-1] - curve[0]))], np.int32)
        cv2.fillPoly(picture, [np.concatenate([curve + half, curve[::-1] - half])], (90, 20, 20))
    return picture


def test_lips_meet_on_the_line(calm: Head) -> None:
    found = on_drawn_line(drawing(calm), calm.points)
    curve = mouth_line(calm)
    lips = found[list(LIPS_INNER), :2]
    distance = np.linalg.norm(lips[:, None] - curve[None], axis=2).min(axis=1)
    before = np.linalg.norm(calm.points[list(LIPS_INNER), None, :2] - curve[None], axis=2).min(axis=1)
    assert distance.max() < 2.5 < before.mean()
    assert (found[list(OVAL)] == calm.points[list(OVAL)]).mean() > 0.5  # the rest of the face stays
    assert found.dtype == np.float32 and found.shape == calm.points.shape


def test_without_a_line_nothing_moves(calm: Head) -> None:
    assert (on_drawn_line(drawing(calm, line=False), calm.points) == calm.points).all()


def test_a_mouth_drawn_open_stays(calm: Head) -> None:
    assert (on_drawn_line(drawing(calm, open_mouth=True), calm.points) == calm.points).all()


def test_patches_of_flat_colour_are_no_line(calm: Head) -> None:
    levels = np.round(calm.crop / 40.0) * 40
    assert (on_drawn_line(levels.clip(0, 255).astype(np.uint8), calm.points) == calm.points).all()


def test_a_mouth_of_a_few_pixels_stays(calm: Head) -> None:
    tiny = calm.points * np.float32(0.02)
    assert (on_drawn_line(drawing(calm)[:32, :32], tiny) == tiny).all()
