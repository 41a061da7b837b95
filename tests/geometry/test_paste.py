"""Pasting back: nothing outside the square changes, the inside is the square's, and no seam is left between."""

from __future__ import annotations

import numpy as np
import pytest

from animato.geometry.paste import EDGE, paste, soft_square


@pytest.fixture
def photo() -> np.ndarray:
    return np.random.default_rng(5).integers(0, 256, (150, 210, 3), dtype=np.uint8)


@pytest.mark.parametrize(("left", "top"), [(40, 30), (-20, 30), (170, -25), (40, 110), (-10, -10)])
def test_every_pixel_outside_the_square_is_untouched(photo: np.ndarray, left: int, top: int) -> None:
    square = np.random.default_rng(6).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    before = photo.copy()
    result = paste(photo, square, left, top, soft_square(64))
    outside = np.ones(photo.shape[:2], bool)
    outside[max(0, top) : max(0, top + 64), max(0, left) : max(0, left + 64)] = False
    assert outside.sum() > 10_000
    assert np.array_equal(result[outside], photo[outside])
    assert not np.array_equal(result[~outside], photo[~outside])
    assert np.array_equal(photo, before)  # the photo itself stays


def test_the_inside_is_the_square_and_the_edge_is_a_mixture(photo: np.ndarray) -> None:
    square = 255 - photo[20:120, 50:150]
    result = paste(photo, square, 50, 20, soft_square(100))
    soft = round(EDGE * 100) + 1
    assert np.array_equal(result[20 + soft : 120 - soft, 50 + soft : 150 - soft], square[soft:-soft, soft:-soft])
    low, high = np.minimum(photo, 255 - photo), np.maximum(photo, 255 - photo)
    assert (result >= low).all() and (result <= high).all()


def test_pasting_what_was_cut_changes_nothing(photo: np.ndarray) -> None:
    result = paste(photo, photo[30:130, 60:160].copy(), 60, 30, soft_square(100))
    assert np.abs(result.astype(int) - photo).max() <= 1


def test_a_square_outside_the_photo_changes_nothing(photo: np.ndarray) -> None:
    square = np.zeros((40, 40, 3), np.uint8)
    for left, top in ((-50, 10), (300, 10), (10, 500)):
        assert np.array_equal(paste(photo, square, left, top, soft_square(40)), photo)


def test_pasting_equals_the_slow_formula(photo: np.ndarray) -> None:
    square, mask = np.full((50, 50, 3), 200, np.uint8), soft_square(50)
    slow = photo.astype(float)
    slow[10:60, 20:70] += mask[..., None] * (200.0 - slow[10:60, 20:70])
    assert np.abs(paste(photo, square, 20, 10, mask) - slow).max() <= 0.51


def test_the_soft_square_falls_smoothly_to_its_border() -> None:
    mask = soft_square(200)
    assert mask.dtype == np.float32 and mask[100, 100] == 1.0
    assert max(mask[0].max(), mask[-1].max(), mask[:, 0].max(), mask[:, -1].max()) < 0.02
    assert np.abs(np.diff(mask, axis=0)).max() < 0.2
    assert np.array_equal(mask, mask.T) and np.array_equal(mask, mask[::-1, ::-1])
