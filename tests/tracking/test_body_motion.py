"""Which motion counts as the body's: that of shoulders before a wall, not that of hair, and on after a long pan."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from animato.geometry.affine import move
from animato.tracking.body_stabilizer import BodyStabilizer
from animato.types import Face, Frame

SIDE = 512
STEP = 0.04


def speckled(seed: int, width: int = SIDE) -> Frame:
    """A wall full of corners, SIDE x width x 3."""
    coarse = np.random.default_rng(seed).integers(40, 216, (SIDE // 16, width // 16, 1)).astype(np.float32)
    return np.repeat(cv2.resize(coarse, (width, SIDE))[..., None], 3, axis=2).astype(np.uint8)


def plain() -> Frame:
    return np.full((SIDE, SIDE, 3), 128, np.uint8)


def placed(face: Face) -> Face:
    """The face in the upper middle of the picture, a fifth of it wide."""
    points = face.points.copy()
    low, high = points[:468].min(axis=0), points[:468].max(axis=0)
    points = (points - (low + high) / 2) * np.float32(110 / (high - low)[0]) + np.float32([SIDE / 2, 170, 0])
    return replace(face, points=points.astype(np.float32))


def shifted(face: Face, right: float) -> Face:
    return replace(face, points=face.points + np.float32([right, 0, 0]))


def pasted(wall: Frame, figure: Frame, where: np.ndarray, right: int) -> Frame:
    """A figure (where: bool) that moved to the right before a wall."""
    return np.where(np.roll(where, right, axis=1)[..., None], np.roll(figure, right, axis=1), wall).astype(np.uint8)


def shoulders(face: Face) -> np.ndarray:
    """Everything below the chin, one and a half faces wide."""
    x, chin = np.arange(SIDE), face.points[152]
    return np.outer(np.arange(SIDE) > chin[1] + 6, np.abs(x - chin[0]) < 1.5 * np.ptp(face.points[:468, 0]))


def test_a_person_who_steps_aside_before_a_wall_takes_the_shoulders_along(portrait_face: Face) -> None:
    face = placed(portrait_face)
    wall, figure, where = speckled(1), speckled(2), shoulders(face)
    body = BodyStabilizer(pasted(wall, figure, where, 0), face)
    found = None
    for number in range(20):
        right = 2 * number
        found = body.neutral_from_frame(pasted(wall, figure, where, right), shifted(face, right), number * STEP)
    assert found is not None, "most of the corners are on the wall, which stands still"
    assert np.abs(move(found, shifted(face, right).points) - face.points[:, :2]).max() < 3


def test_a_camera_that_pans_beyond_all_it_saw_at_first_is_still_undone(portrait_face: Face) -> None:
    face, wall = placed(portrait_face), speckled(3, 3 * SIDE)
    body = BodyStabilizer(np.ascontiguousarray(wall[:, :SIDE]), face)
    right = 0
    for number in range(60):
        right = 10 * number
        view = np.ascontiguousarray(wall[:, right : right + SIDE])
        found = body.neutral_from_frame(view, shifted(face, -right), number * STEP)
    assert right > SIDE and found is not None
    assert np.abs(move(found, shifted(face, -right).points) - face.points[:, :2]).max() < 12, "2 % of the pan"


def test_hair_that_moves_with_the_head_is_no_body(portrait_face: Face) -> None:
    face = placed(portrait_face)
    x, y = np.meshgrid(np.arange(SIDE), np.arange(SIDE))
    middle, size = face.points[:468, :2].mean(axis=0), np.ptp(face.points[:468, :2], axis=0)
    away = np.hypot((x - middle[0]) / size[0], (y - middle[1]) / size[1]) * 2
    hair = (away > 1.1) & (away < 1.4) & (y < middle[1])
    wall, figure = plain(), speckled(4)
    for top in (280, 340, 400):  # a few corners beside the body, which stand still
        wall[top : top + 20, 30:46] = wall[top : top + 20, -46:-30] = 90
    body = BodyStabilizer(pasted(wall, figure, hair, 0), face)
    for number in range(12):
        right = 2 * number
        moved = pasted(wall, figure, hair, right)
        assert body.neutral_from_frame(moved, shifted(face, right), number * STEP) is None
