"""Drawn people with exact landmarks: each has colours and a shape of their own, turns the head and opens the mouth."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.data.clips import ClipEntry, ClipFrames, MemoryClips
from animato.geometry.landmarks import EYE_LEFT, EYE_RIGHT, canonical_face
from animato.models.drawing import IBUG68_FROM_MESH, ibug68
from animato.types import Frame, Points


def face_points(size: int, turn: float, opening: float, width: float = 1.0) -> Points:
    """Return 478 points of a face in a `size` px crop: head turned by `turn` rad, mouth opened by 0 to 1."""
    mesh = canonical_face().vertices.copy()
    mesh -= mesh.mean(axis=0)
    mesh[:, 0] *= width
    lower = [*IBUG68_FROM_MESH[55:60], *IBUG68_FROM_MESH[65:68], *IBUG68_FROM_MESH[6:11]]
    mesh[lower, 1] += 2.0 * opening
    cos, sin = np.cos(turn), np.sin(turn)
    turned = mesh @ np.array([[cos, 0, -sin], [0, 1, 0], [sin, 0, cos]])
    placed = turned * (size * 0.034) + (size / 2, size * 0.53, 0)
    points = np.concatenate([placed, np.zeros((10, 3))])
    for first, eye in ((468, EYE_LEFT), (473, EYE_RIGHT)):
        points[first : first + 5] = placed[list(eye)].mean(axis=0)
        points[first + 1 : first + 5, :2] += np.array([[1, 0], [0, 1], [-1, 0], [0, -1]]) * size * 0.012
    return points.astype(np.float32)


def draw_person(points: Points, size: int, person: int) -> Frame:
    """Draw a person's face over their background, size x size x 3 uint8 RGB."""
    random = np.random.default_rng(person + 100)
    ground, hair, skin, lips, iris = (tuple(int(v) for v in random.integers(30, 226, 3)) for _ in range(5))
    large = 4
    picture = np.full((size * large, size * large, 3), ground, np.uint8)
    outline = ibug68(points) * large
    mesh = points[:468, :2] * large
    centre = mesh.mean(axis=0)
    axes = ((mesh.max(axis=0) - mesh.min(axis=0)) * (0.65 + 0.1 * (person % 3))).astype(int)
    cv2.ellipse(
        picture, (int(centre[0]), int(centre[1] - axes[1] * 0.15)), (int(axes[0]), int(axes[1])), 0, 0, 360, hair, -1
    )
    _fill(picture, cv2.convexHull(mesh.astype(np.float32))[:, 0], skin)
    for first, last in ((36, 42), (42, 48)):
        _fill(picture, outline[first:last], (245, 245, 245))
    for ring in (468, 473):
        cv2.circle(picture, tuple(int(v) for v in points[ring, :2] * large), max(2, size * large // 70), iris, -1)
    _fill(picture, outline[48:60], lips)
    _fill(picture, outline[60:68], (40, 0, 0))
    return np.asarray(cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA), np.uint8)


def _fill(picture: Frame, line: NDArray[np.float32], colour: tuple[int, ...]) -> None:
    cv2.fillPoly(picture, [np.round(line).astype(np.int32)], colour)


def person_frames(person: int, frames: int, size: int) -> ClipFrames:
    """Return a clip of a person: the head swings, the mouth opens and closes."""
    random = np.random.default_rng(person)
    width, phase = 0.85 + 0.3 * random.random(), random.random(2) * 6
    steps = np.arange(frames)
    points = np.stack(
        [
            face_points(size, 0.5 * np.sin(0.9 * i + phase[0]), 0.5 + 0.5 * np.sin(1.7 * i + phase[1]), width)
            for i in steps
        ]
    )
    images = np.stack([draw_person(face, size, person) for face in points])
    return ClipFrames(images, points, np.zeros((frames, 52), np.float32))


def drawn_store(train: int = 4, val: int = 2, frames: int = 6, size: int = 64) -> MemoryClips:
    """Return clips of drawn people, one each."""
    entries, held = [], {}
    for person in range(train + val):
        split = "train" if person < train else "val"
        name = f"clip-{person}"
        entries.append(ClipEntry(name, f"person-{person}", frames, split, "video"))
        held[name] = person_frames(person, frames, size)
    return MemoryClips(entries, held)
