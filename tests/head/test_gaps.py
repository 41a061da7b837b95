"""Gaps between strands of hair before a wall are found; shine and dark hair before something dark are none."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from animato.head.edge_matte import between_strands
from animato.head.gaps import gaps_in_hair
from animato.types import Frame, Plane

SIDE, SCALE = 320, 12.0
HAIR, WALL = (40, 30, 25), 205.0


def disc(x: int, y: int, radius: int) -> np.ndarray:
    columns, rows = np.meshgrid(np.arange(SIDE), np.arange(SIDE))
    return np.hypot(columns - x, rows - y) < radius


def wall(seed: int) -> np.ndarray:
    """A wall that is darker at one side, with grain."""
    random = np.random.default_rng(seed)
    return np.linspace(WALL, WALL - 12, SIDE)[None, :, None] + random.normal(0, 1.0, (SIDE, SIDE, 3))


def scene(holes: np.ndarray, behind: np.ndarray) -> tuple[Frame, Plane]:
    """Hair with holes before something, and a matte that closes them."""
    random = np.random.default_rng(2)
    hair = np.array(HAIR) + random.normal(0, 6, (SIDE, SIDE, 1))
    share = cv2.GaussianBlur((disc(160, 160, 100) & ~holes).astype(np.float32), (0, 0), 0.7)[..., None]
    picture = np.clip(np.rint(hair * share + behind * (1 - share)), 0, 255).astype(np.uint8)
    return picture, disc(160, 160, 101).astype(np.float32)


def found(picture: Frame, alpha: Plane, behind: np.ndarray) -> np.ndarray:
    around = 1 - disc(160, 180, 40).astype(np.float32)
    plate = np.clip(np.rint(behind), 0, 255).astype(np.uint8)
    return gaps_in_hair(picture, alpha, around, plate, SCALE)[disc(160, 160, 95)]


HOLES = disc(90, 120, 6) | disc(220, 130, 5) | disc(150, 85, 4)


def test_gaps_before_a_wall_are_found_and_nothing_else() -> None:
    gaps = np.zeros((SIDE, SIDE), np.float32)
    gaps[disc(160, 160, 95)] = found(*scene(HOLES, wall(0)), wall(1))
    core = cv2.erode(HOLES.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    assert gaps[core].min() > 0.9
    beyond = cv2.dilate(HOLES.astype(np.uint8), np.ones((9, 9), np.uint8)) == 0
    assert gaps[beyond].max() < 0.1


@pytest.mark.parametrize("colour", [(235, 235, 240), (170, 150, 140)])
def test_shine_is_no_gap(colour: tuple[int, int, int]) -> None:
    picture, alpha = scene(np.zeros((SIDE, SIDE), bool), wall(0))
    picture[HOLES] = colour
    assert found(picture, alpha, wall(1)).max() < 0.01


def test_hair_as_dark_as_what_lies_behind_has_none() -> None:
    dark = wall(0) - WALL + 45
    picture, alpha = scene(HOLES, dark)
    assert found(picture, alpha, wall(1) - WALL + 45).max() < 0.01


def test_a_face_of_the_walls_colour_has_none() -> None:
    picture, alpha = scene(disc(160, 180, 38), wall(0))
    assert found(picture, alpha, wall(1)).max() < 0.01


def test_a_back_of_the_head_has_no_colour_of_the_wall_seen_between_strands() -> None:
    rows, columns = np.indices((SIDE, SIDE))
    strands = (columns // 3 % 2 == 0) & (columns < 100) & (abs(rows - 160) < 40)
    picture, alpha = scene(strands, wall(0))
    plate = np.clip(np.rint(wall(1)), 0, 255)
    through, colour = between_strands(picture.astype(np.float32), plate.astype(np.float32), alpha, alpha > 0.5)
    assert np.abs(colour - HAIR).max() < 15
    between = cv2.erode((strands & disc(160, 160, 95)).astype(np.uint8), np.ones((1, 3), np.uint8)) > 0
    assert through[between].mean() > 0.8 and through[disc(190, 160, 60)].max() < 0.05
