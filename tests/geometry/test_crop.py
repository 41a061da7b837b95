"""Crops: where they lie, how points go there and back, and that pixels and points agree."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from animato.geometry.affine import invert, move_points
from animato.geometry.crop import crop_from_frame, cut, fit_square, head_square, shrink
from animato.types import Face

SQUARES = st.tuples(st.floats(-500, 500), st.floats(-500, 500), st.floats(8, 4000))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(SQUARES, st.integers(16, 1024), st.integers(0, 2**31))
def test_a_crop_and_its_inverse_return_every_point(square: tuple[float, float, float], size: int, seed: int) -> None:
    points = np.random.default_rng(seed).uniform(-1000, 1000, (40, 3)).astype(np.float32)
    there = crop_from_frame(square, size)
    back = move_points(invert(there), move_points(there, points))
    # Points are stored in float32: what comes back has the precision of the coordinates in the crop.
    step = np.spacing(np.float32(np.abs(move_points(there, points)).max())) * square[2] / size
    assert np.abs(back - points).max() <= 4 * step + 4 * np.spacing(np.float32(1000))


def test_the_edges_of_the_square_are_the_edges_of_the_crop() -> None:
    corners = np.array([[9.5, 19.5], [109.5, 119.5]], np.float32)  # edges lie half a pixel outside the centres
    moved = move_points(crop_from_frame((10.0, 20.0, 100.0), 50), corners)
    assert np.allclose(moved, [[-0.5, -0.5], [49.5, 49.5]])


def test_depth_is_scaled_like_width() -> None:
    points = np.array([[0, 0, 10], [10, 0, -10]], np.float32)
    moved = move_points(crop_from_frame((0.0, 0.0, 100.0), 300), points)
    assert moved[1, 0] - moved[0, 0] == pytest.approx(30)
    assert np.allclose(moved[:, 2], [30, -30])


@settings(max_examples=80, deadline=None, derandomize=True)
@given(SQUARES, st.integers(32, 3000), st.integers(32, 3000))
def test_a_fitted_square_lies_inside_the_picture(square: tuple[float, float, float], width: int, height: int) -> None:
    left, top, side = fit_square(square, width, height)
    assert left >= 0 and top >= 0
    assert left + side <= width + 1e-6 and top + side <= height + 1e-6
    assert side == min(square[2], width, height)


def test_a_square_larger_than_the_picture_becomes_the_picture_to_the_pixel(rng_picture: np.ndarray) -> None:
    square = fit_square((-40.0, -70.0, 500.0), 130, 130)
    assert np.array_equal(cut(rng_picture[:, :130], crop_from_frame(square, 130), 130), rng_picture[:, :130])


def test_a_square_that_fits_already_stays() -> None:
    assert fit_square((10.0, 20.0, 100.0), 400, 300) == (10.0, 20.0, 100.0)


def test_the_square_of_a_head_holds_all_its_points_with_room_for_hair_and_neck(portrait_face: Face) -> None:
    left, top, side = head_square(portrait_face.points)
    low, high = portrait_face.points[:, :2].min(axis=0), portrait_face.points[:, :2].max(axis=0)
    room = np.array([low[0] - left, low[1] - top, left + side - high[0], top + side - high[1]])
    assert (room > 0.15 * side).all()
    assert room[1] < room[3] + 0.2 * side  # more above than below would leave the neck out


def test_a_crop_of_whole_pixels_copies_them(rng_picture: np.ndarray) -> None:
    crop = cut(rng_picture, crop_from_frame((30.0, 12.0, 64.0), 64), 64)
    assert np.array_equal(crop, rng_picture[12:76, 30:94])


def test_outside_the_picture_the_border_is_repeated(rng_picture: np.ndarray) -> None:
    crop = cut(rng_picture, crop_from_frame((-10.0, -10.0, 64.0), 64), 64)
    assert np.array_equal(crop[10:, 10:], rng_picture[:54, :54])
    assert (crop[:10, :10] == rng_picture[0, 0]).all()


@pytest.fixture
def rng_picture() -> np.ndarray:
    """A noise picture, 130 x 170."""
    return np.random.default_rng(7).integers(0, 256, (130, 170, 3), dtype=np.uint8)


@pytest.mark.parametrize("side", [900.0, 1500.0, 3000.0])
def test_a_reduced_crop_shows_a_spot_where_its_point_goes(side: float) -> None:
    # Sides that no power of two divides, and a spot far from the origin, where a wrong scale shows most.
    x, y, width = 2600.0, 1600.0, side / 30
    across, down = (np.exp(-(((np.arange(n) - at) / width) ** 2) / 2) for n, at in ((2999, x), (1999, y)))
    picture = np.repeat((255 * down[:, None] * across[None]).astype(np.uint8)[..., None], 3, axis=2)
    affine = crop_from_frame((x - 0.7 * side, y - 0.6 * side, side), 128)
    crop = cut(picture, affine, 128)[..., 0].astype(np.float64)
    rows, columns = np.mgrid[:128, :128]
    centre = np.array([(crop * columns).sum(), (crop * rows).sum()]) / crop.sum()
    assert np.abs(centre - move_points(affine, np.array([[x, y]], np.float32))[0]).max() < 0.05


@pytest.mark.parametrize("factor", [1, 2, 3, 8])
def test_shrinking_is_the_mean_of_blocks(factor: int) -> None:
    picture = np.random.default_rng(3).integers(0, 256, (67, 45, 3), dtype=np.uint8)
    rows, columns = 67 // factor, 45 // factor
    slow = np.zeros((rows, columns, 3))
    for row in range(rows):
        for column in range(columns):
            block = picture[row * factor : (row + 1) * factor, column * factor : (column + 1) * factor]
            slow[row, column] = block.reshape(-1, 3).mean(axis=0)
    assert np.abs(shrink(picture, factor) - slow).max() <= 0.51
