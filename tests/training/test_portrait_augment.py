"""Augmentation of cases changes everything that belongs to one alike: what was copied still fits what was true."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
import torch
from torch.nn import functional as F

from animato.training.portrait.augment import NetworkInput, augmented, deformed, relit

SIDE, COARSE = 96, 24


def smooth_picture(seed: int) -> np.ndarray:
    """Return a SIDE x SIDE x 3 uint8 picture without sharp edges, so that fetching costs little."""
    random = np.random.default_rng(seed)
    small = random.uniform(40, 215, (7, 7, 3)).astype(np.float32)
    return np.asarray(np.clip(cv2.resize(small, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC), 0, 255), np.uint8)


def fetched(picture: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """Return the picture that a coarse grid fetches from a photo, SIDE x SIDE x 3, as the networks would."""
    fine = F.interpolate(
        torch.from_numpy(grid).permute(2, 0, 1)[None], (SIDE, SIDE), mode="bilinear", align_corners=False
    )
    colour = torch.from_numpy(picture[..., :3].astype(np.float32)).permute(2, 0, 1)[None]
    found = F.grid_sample(colour, fine.permute(0, 2, 3, 1), padding_mode="border", align_corners=False)
    return np.asarray(found[0].permute(1, 2, 0).numpy())


@pytest.fixture
def sample() -> NetworkInput:
    """A case in which the composite is what the first photo's grid fetches, and the truth is the composite."""
    photo = smooth_picture(0)
    line = (np.arange(COARSE) + 0.5) * (2 / COARSE) - 1
    x, y = np.meshgrid(line, line)
    grid = np.stack([0.85 * x + 0.1 * y + 0.04, 0.9 * y - 0.06 * x], -1).astype(np.float32)
    composite = np.clip(np.rint(fetched(photo, grid)), 0, 255).astype(np.uint8)
    drawing = np.zeros((SIDE, SIDE, 3), np.uint8)
    cv2.ellipse(drawing, (48, 52), (22, 9), 0, 0, 360, (255, 255, 0), -1)
    validity = np.full((SIDE, SIDE, 1), 255, np.uint8)
    validity[drawing[..., 0] > 0] = 0
    pictures = np.concatenate([composite, composite, drawing, validity], 2)
    photos = np.zeros((2, SIDE, SIDE, 6), np.uint8)
    photos[0, ..., :3] = photo
    grids, validity = np.zeros((2, COARSE, COARSE, 2), np.float32), np.full((2, COARSE, COARSE), -1, np.float32)
    grids[0], validity[0] = grid, 1.0
    return NetworkInput(pictures, photos, grids, validity)


def middle(picture: np.ndarray) -> np.ndarray:
    """Return what lies well inside: at the edge, fetching repeats the edge."""
    return picture[18:-18, 18:-18].astype(np.float32)


@pytest.mark.parametrize("seed", range(6))
def test_a_reshaped_photo_is_still_fetched_where_the_composite_has_it(sample: NetworkInput, seed: int) -> None:
    made = deformed(sample, np.random.default_rng(seed))
    change = np.abs(middle(made.pictures[..., 3:6]) - middle(sample.pictures[..., 3:6])).mean()
    apart = np.abs(middle(fetched(made.photos[0], made.grid[0])) - middle(made.pictures[..., 3:6])).mean()
    assert change > 2.0
    assert apart < 0.35 * change and apart < 2.0


@pytest.mark.parametrize("change", [deformed, relit])
def test_truth_and_composite_change_alike(
    sample: NetworkInput, change: Callable[[NetworkInput, np.random.Generator], NetworkInput]
) -> None:
    made = change(sample, np.random.default_rng(3))
    np.testing.assert_array_equal(made.pictures[..., :3], made.pictures[..., 3:6])
    assert not np.array_equal(made.pictures[..., :3], sample.pictures[..., :3])


def test_drawing_and_validity_move_with_the_picture(sample: NetworkInput) -> None:
    made = deformed(sample, np.random.default_rng(1))
    opening, hidden = made.pictures[..., 6] > 127, made.pictures[..., 9] < 127
    assert (opening == hidden).mean() > 0.995
    assert not np.array_equal(opening, sample.pictures[..., 6] > 127)


def test_light_leaves_drawing_grid_and_what_is_seen(sample: NetworkInput) -> None:
    made = relit(sample, np.random.default_rng(2))
    np.testing.assert_array_equal(made.pictures[..., 6:], sample.pictures[..., 6:])
    np.testing.assert_array_equal(made.photos[..., 3:], sample.photos[..., 3:])
    assert made.grid is sample.grid and made.validity is sample.validity


def test_a_photo_that_is_not_there_stays_away(sample: NetworkInput) -> None:
    for seed in range(8):
        made = augmented(sample, np.random.default_rng(seed), mirror=True)
        assert (made.validity[1] == -1).all() and (made.validity[0] >= 0).all()


def test_every_change_follows_from_the_random_numbers_alone(sample: NetworkInput) -> None:
    def copy() -> NetworkInput:
        return NetworkInput(sample.pictures.copy(), sample.photos.copy(), sample.grid.copy(), sample.validity.copy())

    one, again, other = (augmented(copy(), np.random.default_rng(seed), mirror=True) for seed in (5, 5, 6))
    for a, b in zip(one, again, strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(one.pictures, other.pictures)
    for made in (one, other):
        for name in NetworkInput._fields:
            a, b = getattr(made, name), getattr(sample, name)
            assert a.shape == b.shape and a.dtype == b.dtype
