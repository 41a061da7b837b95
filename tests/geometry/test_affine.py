"""Maps of the plane and the smooth step: a chain reads by its neighbours, an inverse undoes, ends are level."""

from __future__ import annotations

import numpy as np
import pytest

from animato.geometry.affine import chain, downscale, invert, move, move_points, similarity
from animato.geometry.smoothstep import smoothstep

B_FROM_A = np.array([[0.8, -0.6, 5.0], [0.6, 0.8, -2.0]])
C_FROM_B = np.array([[2.0, 0.0, 1.0], [0.0, 2.0, 3.0]])
POINTS = np.array([[0.0, 0.0], [10.0, 3.0], [-4.0, 7.5]])


def test_a_chain_applies_the_last_map_first() -> None:
    np.testing.assert_allclose(move(chain(C_FROM_B, B_FROM_A), POINTS), move(C_FROM_B, move(B_FROM_A, POINTS)))


def test_an_inverse_undoes_its_map() -> None:
    np.testing.assert_allclose(chain(invert(B_FROM_A), B_FROM_A), np.eye(2, 3), atol=1e-12)


def test_a_similarity_is_found_again() -> None:
    np.testing.assert_allclose(similarity(POINTS, move(B_FROM_A, POINTS)), B_FROM_A, atol=1e-12)


def test_depth_is_scaled_like_x() -> None:
    points = np.column_stack([POINTS, [1.0, 2.0, 3.0]]).astype(np.float32)
    np.testing.assert_allclose(move_points(C_FROM_B, points)[:, 2], [2.0, 4.0, 6.0])


def test_a_smaller_picture_keeps_its_corner() -> None:
    """The outer corner of the first pixel lies at (-0.5, -0.5) at every size."""
    np.testing.assert_allclose(move(downscale(4.0), np.array([[-0.5, -0.5]])), [[-0.5, -0.5]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_step_keeps_the_dtype_of_an_array_and_agrees_with_numbers(dtype: type[np.float32 | np.float64]) -> None:
    values = np.linspace(-1, 2, 31).astype(dtype)
    steps = smoothstep(values, 0.25, 0.75)
    assert steps.dtype == dtype
    np.testing.assert_allclose(steps, [smoothstep(float(value), 0.25, 0.75) for value in values], atol=1e-6)
    assert steps.min() == 0 and steps.max() == 1
