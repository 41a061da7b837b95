"""Loose strands before a wall are found; what is wide, elsewhere, or before something busy is none."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from animato.head.plate import plate_of
from animato.head.strands import strands_of
from animato.types import Frame, Plane

SIDE, SCALE = 320, 12.0
HAIR, WALL = (40, 30, 25), 205.0


def _line(image: Frame, *ends: tuple[int, int], colour: tuple[int, ...] = HAIR, width: int = 1) -> Frame:
    return np.asarray(cv2.line(image.copy(), *ends, color=colour, thickness=width, lineType=cv2.LINE_AA), np.uint8)


def _head() -> tuple[Frame, Plane]:
    """A head of hair before a wall with grain that is darker at one side, and its opacity."""
    grain = np.random.default_rng(0).normal(0, 1.0, (SIDE, SIDE, 3))
    wall = np.linspace(WALL, WALL - 12, SIDE)[None, :, None] + grain
    image = np.clip(np.rint(wall), 0, 255).astype(np.uint8)
    alpha = np.zeros((SIDE, SIDE), np.float32)
    cv2.circle(alpha, (160, 160), 60, 1.0, -1)
    image[alpha > 0] = HAIR
    return image, alpha


def _found(image: Frame, alpha: Plane) -> NDArray[np.bool_]:
    return strands_of(image, alpha, alpha, SCALE)


STRAND = (200, 120), (260, 80)


def test_a_strand_is_found_along_its_whole_length_and_the_plate_is_the_wall_there() -> None:
    wall, alpha = _head()
    image = _line(wall, *STRAND)
    found = _found(image, alpha)
    hair = (image != wall).any(axis=2)
    assert found[hair & (alpha == 0)].mean() > 0.99
    near = cv2.dilate(hair.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    beyond = cv2.dilate(alpha, np.ones((31, 31), np.uint8)) == 0
    assert not found[beyond & ~near].any()
    plate = plate_of(image, alpha, alpha, SCALE, found)
    assert np.abs(plate.astype(int) - wall)[hair & beyond].mean() < 3
    assert np.array_equal(plate[beyond & ~found], image[beyond & ~found])


def test_a_light_strand_before_a_dark_wall_is_found() -> None:
    wall, alpha = _head()
    image = 255 - _line(wall, *STRAND)
    assert _found(image, alpha)[(image != 255 - wall).any(axis=2) & (alpha == 0)].mean() > 0.99


def test_strands_are_found_in_a_picture_of_many_pixels() -> None:
    image, alpha = _head()
    image = _line(image, *STRAND, width=2)
    large, opacity = (cv2.resize(part, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC) for part in (image, alpha))
    opacity = (opacity > 0.5).astype(np.float32)
    found = strands_of(large, opacity, opacity, 4 * SCALE)
    assert found.shape == opacity.shape
    assert found[4 * 100 + 2, 4 * 230 + 2]


@pytest.mark.parametrize(
    ("ends", "colour", "width"),
    [
        (((200, 130), (300, 80)), HAIR, 25),  # a beam
        (((225, 0), (225, 60)), HAIR, 1),  # a line on the wall that touches no hair
        (STRAND, (245, 245, 245), 1),  # a cord lighter than the wall
    ],
)
def test_what_is_on_a_wall_is_no_strand(
    ends: tuple[tuple[int, int], ...], colour: tuple[int, int, int], width: int
) -> None:
    image, alpha = _head()
    image = np.where(alpha[..., None] > 0, image, _line(image, *ends, colour=colour, width=width))
    beyond = cv2.dilate(alpha, np.ones((31, 31), np.uint8)) == 0
    assert _found(image, alpha)[beyond].mean() < 0.002


def test_before_something_busy_nothing_is_found() -> None:
    image, alpha = _head()
    leaves = cv2.GaussianBlur(np.random.default_rng(1).normal(0, 1, (SIDE, SIDE)), (0, 0), 5.0)
    busy = np.clip(image + 60 * (leaves / leaves.std())[..., None], 0, 255).astype(np.uint8)
    image = np.where(alpha[..., None] > 0, image, busy)
    assert not _found(_line(image, *STRAND, colour=(120, 110, 100)), alpha)[alpha == 0].any()


def test_no_hair_or_hair_of_the_walls_own_colour_has_no_strands() -> None:
    image, alpha = _head()
    image = _line(image, *STRAND)
    assert not strands_of(image, alpha, np.zeros_like(alpha), SCALE).any()
    image[alpha > 0] = 190
    assert not _found(image, alpha).any()
    assert not strands_of(image, np.ones_like(alpha), np.ones_like(alpha), SCALE).any()
