"""Mattes: sharp along the picture's edges, and doubted where they are no good."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from animato.head.matte import guided_filter, matte_of
from animato.head.parts import HeadParts
from animato.head.plate import plate_of, push_pull
from animato.types import Face, Frame


def _parts(person: NDArray[np.float32], size: int) -> HeadParts:
    """Parts of a picture of `size` pixels from the person's probability, S x S."""
    side = person.shape[0]
    probabilities = np.zeros((8, side, side), np.uint8)
    probabilities[0] = np.rint(255 * (1 - person))
    probabilities[1] = 255 - probabilities[0]
    scale = side / size
    placed = np.array([[scale, 0, 0.5 * scale - 0.5], [0, scale, 0.5 * scale - 0.5]])
    return HeadParts(probabilities, np.zeros((side, side), np.float16), placed)


def _disc(side: int, middle: tuple[float, float], radius: float) -> NDArray[np.float32]:
    y, x = np.mgrid[0:side, 0:side]
    return (np.hypot(x - middle[0], y - middle[1]) < radius).astype(np.float32)


def test_a_coarse_outline_is_moved_to_the_edge_of_the_picture() -> None:
    image = np.full((128, 128, 3), 220, np.uint8)
    image[_disc(128, (64, 64), 40) > 0] = (60, 40, 30)
    coarse = _disc(128, (66, 63), 41)

    fine = guided_filter(image, coarse, 8, 1e-4)

    truth = _disc(128, (64, 64), 40) > 0
    assert ((fine > 0.5) != truth).sum() < 0.25 * ((coarse > 0.5) != truth).sum()


def _face_disc(face: Face, side: int, size: int, wider: float) -> NDArray[np.float32]:
    points = face.points[:468, :2] * side / size
    middle = points.mean(axis=0)
    return _disc(side, (middle[0], middle[1]), wider * float(np.ptp(points[:, 1])) / 2)


@pytest.mark.parametrize(
    ("kind", "doubt"),
    [
        ("whole", ""),
        ("nothing", "not found"),
        ("cut", "cuts the face"),
        ("pieces", "several pieces"),
        ("soft", "unsure"),
    ],
)
def test_a_matte_says_why_it_is_doubted(portrait: Frame, portrait_face: Face, kind: str, doubt: str) -> None:
    size = portrait.shape[0]
    person = _face_disc(portrait_face, 192, size, 1.4)
    if kind == "nothing":
        person[:] = 0
    elif kind == "cut":
        person[:, : int(portrait_face.points[1, 0] * 192 / size)] = 0
    elif kind == "pieces":
        person[140:] = 0
        person[155:, :] = 1
    elif kind == "soft":
        person = np.clip(person + 0.55 * _face_disc(portrait_face, 192, size, 2.2), 0, 1)
    # Edges where the coarse matte has them, so that it stays as it is.
    large = cv2.resize(person, (size, size), interpolation=cv2.INTER_LINEAR)
    picture = np.repeat((200 - 150 * large)[..., None], 3, axis=2).astype(np.uint8)

    matte = matte_of(picture, portrait_face.points, _parts(person, size))

    assert (doubt in matte.doubt) if doubt else (matte.doubt == "")
    assert matte.alpha.dtype == np.float32
    assert matte.alpha.min() >= 0
    assert matte.alpha.max() <= 1


def test_the_plate_is_the_picture_to_the_last_bit_outside_the_hole() -> None:
    image = np.random.default_rng(0).integers(0, 256, (96, 96, 3), dtype=np.uint8)
    alpha = _disc(96, (48, 48), 20)

    plate = plate_of(image, alpha, np.zeros_like(alpha), 5.0)

    outside = _disc(96, (48, 48), 20 + 4) == 0
    assert np.array_equal(plate[outside], image[outside])
    assert not np.array_equal(plate, image)


def test_a_hole_in_a_wall_is_filled_with_the_wall() -> None:
    column = np.linspace(80, 160, 96, dtype=np.float32)
    wall = np.repeat(np.repeat(column[None, :, None], 96, axis=0), 3, axis=2)
    image = wall.copy()
    hole = _disc(96, (48, 48), 22)
    image[hole > 0] = 255

    filled = push_pull(image, 1 - hole)

    assert np.abs(filled - wall).max() < 10


def test_a_relaxed_filling_meets_the_picture_around_it_without_a_step() -> None:
    y, x = np.mgrid[:96, :96].astype(np.float32)
    wall = np.repeat((60 + x + 40 * np.sin(y / 9))[..., None], 3, axis=2)
    hole = _disc(96, (48, 48), 22)
    edge = (cv2.dilate(hole, np.ones((3, 3))) > 0) & (hole == 0)
    inner = (hole > 0) & (cv2.erode(hole, np.ones((3, 3))) == 0)

    def step(relaxed: int) -> float:
        filled = push_pull(wall, 1 - hole, relaxed)
        assert np.array_equal(filled[edge], wall[edge])
        return float(np.abs(filled - cv2.blur(filled, (3, 3)))[inner].mean())

    assert step(12) < 0.5 * step(0)


def test_what_is_not_connected_to_the_face_is_no_part_of_the_person(portrait: Frame, portrait_face: Face) -> None:
    size = portrait.shape[0]
    person = _face_disc(portrait_face, 96, size, 1.3)
    person[:5, :5] = 1.0
    image = np.where(cv2.resize(person, (size, size))[..., None] > 0.5, 200, 40) * np.ones(3)
    matte = matte_of(image.astype(np.uint8), portrait_face.points, _parts(person, size))
    assert matte.doubt == ""
    assert matte.alpha[: size // 10, : size // 10].max() == 0
    assert matte.alpha.max() == 1


def test_a_wide_unsure_area_is_decided_by_its_colour(portrait: Frame, portrait_face: Face) -> None:
    size = portrait.shape[0]
    truth = _face_disc(portrait_face, size, size, 1.4) > 0
    image = np.where(truth[..., None], np.uint8([200, 40, 40]), np.uint8([30, 120, 200])).astype(np.uint8)
    image = image + np.random.default_rng(0).integers(0, 8, image.shape, dtype=np.uint8)
    person = cv2.resize(truth.astype(np.float32), (96, 96), interpolation=cv2.INTER_AREA)
    middle = portrait_face.points[:468, :2].mean(axis=0) * 96 / size
    y, x = np.mgrid[0:96, 0:96]
    # The network gives up on a patch that holds a lower part of the person and some of the wall.
    radius = 1.4 * float(np.ptp(portrait_face.points[:468, 1])) / 2 * 96 / size
    patch = np.hypot(x - middle[0] - 0.6 * radius, y - middle[1] - 0.75 * radius) < 0.3 * radius
    person[patch] = 0.5
    alpha = matte_of(image, portrait_face.points, _parts(person, size)).alpha
    inside = cv2.resize(patch.astype(np.uint8), (size, size), interpolation=cv2.INTER_NEAREST) > 0
    assert ((alpha > 0.5) == truth)[inside].mean() > 0.95
