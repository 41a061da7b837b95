"""Patches are cut from the material alone, turned as it lies around the head, and fill what is wanted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from animato.head.closed_topology import COLUMNS
from animato.head.quilting import patches_of, quilted

SIDE, SHAPES = 200, ((40, 40), (12, 12))


def _rays() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    angle = np.linspace(-np.pi / 2, 1.5 * np.pi, COLUMNS, endpoint=False)
    return np.array([100.0, 100.0]), np.column_stack([np.cos(angle), np.sin(angle)])


def _ring(inner: float, outer: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32) - 100
    radius = np.hypot(x, y)
    return ((radius > inner) & (radius < outer)).astype(np.float32), radius


def test_rows_of_a_patch_run_outwards_from_the_face() -> None:
    mask, radius = _ring(40, 95)
    picture = np.repeat(np.sin(radius)[..., None] * 50 + 100, 3, axis=2).astype(np.float32)
    patches = patches_of(picture, mask, _rays(), 1.0, ((12, 12),))
    assert patches is not None
    down, across = (np.abs(np.diff(patches.detail, axis=axis)).mean() for axis in (1, 2))
    assert down > 4 * across  # rings around the face cross a patch from side to side
    assert len(np.unique(patches.column)) > COLUMNS // 2


def test_nothing_beside_the_material_is_cut() -> None:
    mask, _ = _ring(40, 70)
    picture = np.where(mask[..., None] > 0, 100, 255).repeat(3, axis=2).astype(np.float32)
    patches = patches_of(picture, mask, _rays(), 1.0, SHAPES)
    assert patches is not None
    assert patches.shape == SHAPES[1]  # the longer one does not fit the narrow ring
    assert np.abs(patches.detail).max() < 60
    assert np.median(np.abs(patches.detail)) < 0.1


def test_too_little_of_a_material_gives_no_patches() -> None:
    mask, _ = _ring(60, 66)
    assert patches_of(np.zeros((SIDE, SIDE, 3), np.float32), mask, _rays(), 1.0, SHAPES) is None


def test_what_is_wanted_is_filled_and_what_is_known_beside_it_stays() -> None:
    mask, _ = _ring(30, 95)
    picture = np.random.default_rng(0).normal(100, 20, (SIDE, SIDE, 3)).astype(np.float32)
    patches = patches_of(picture, mask, _rays(), 1.0, SHAPES)
    assert patches is not None
    result, filled = np.zeros((90, 300, 3), np.float32), np.zeros((90, 300), bool)
    filled[:20] = True
    result[:20] = 7.0
    wanted = np.zeros_like(filled)
    wanted[20:, 50:250] = True
    quilted(result, filled, wanted, patches, np.linspace(0, 35, 300).astype(np.float32))
    assert filled[wanted].all()
    assert (result[:20] == 7.0).all()
    assert 10 < result[wanted].std() < 25
    assert (result[60:, 290:] == 0).all()  # nothing far from what is wanted
