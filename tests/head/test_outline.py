"""The outline of a head: smooth behind the silhouette, and no wider than the jaw below the ears."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from animato.head.closed_topology import COLUMNS
from animato.head.outline import JAW, behind_outline, calm_outline, curve_through, room_beside_jaw

ANGLE = np.arange(COLUMNS) * 2 * np.pi / COLUMNS
DIRECTION = np.column_stack([np.sin(ANGLE), -np.cos(ANGLE)])


def rim(radius: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.column_stack([DIRECTION * radius[:, None], np.zeros(COLUMNS)])


def test_a_bump_of_the_silhouette_is_gone_behind_it() -> None:
    radius = np.full(COLUMNS, 100.0)
    radius[5] = 130.0
    calm = np.linalg.norm(calm_outline(rim(radius), np.zeros(2))[:, :2], axis=1)
    assert np.abs(np.diff(calm, append=calm[:1], n=2)).max() < np.abs(np.diff(radius, append=radius[:1], n=2)).max() / 4


def test_a_long_head_keeps_its_length() -> None:
    radius = 100 + 15 * np.cos(2 * ANGLE)
    calm = np.linalg.norm(calm_outline(rim(radius), np.zeros(2))[:, :2], axis=1)
    np.testing.assert_allclose(calm, radius, atol=1.0)


def test_a_curve_goes_through_its_points_without_overshoot() -> None:
    at, value = np.array([0.0, 0.2, 0.5, 1.0]), np.array([0.2, 0.2, 1.0, 0.3])
    np.testing.assert_allclose(curve_through(at, value, at), value, atol=1e-9)
    dense = curve_through(at, value, np.linspace(-0.5, 1.5, 400))
    assert dense.min() >= 0.2 - 1e-9 and dense.max() <= 1.0 + 1e-9


def test_below_the_ears_no_column_reaches_farther_aside_than_the_jaw() -> None:
    oval = DIRECTION * 70
    room = room_beside_jaw(oval, DIRECTION, np.array([1.0, 0.0]))
    low = np.r_[JAW + 1 : COLUMNS // 2, COLUMNS // 2 + 1 : COLUMNS - JAW]
    reached = np.abs((oval + DIRECTION * np.where(np.isfinite(room), room, 0)[:, None])[:, 0])
    np.testing.assert_allclose(reached[low], abs(oval[JAW, 0]), atol=1e-6)
    assert np.isinf(room[: JAW + 1]).all()


def test_no_part_of_the_back_looks_over_the_silhouette() -> None:
    middle, up = np.array([50.0, 40.0]), np.array([0.0, -1.0])
    circle = middle + 30 * DIRECTION
    high, aside, low, inside = (50.0, 0.0), (90.0, 35.0), (50.0, 100.0), (55.0, 30.0)
    moved = behind_outline(np.array([high, aside, low, inside]), circle, middle, up)
    assert np.allclose(np.linalg.norm(moved[:2] - middle, axis=1), 30, atol=0.3)
    assert moved[0, 0] == pytest.approx(50) and moved[1, 0] > 75, "towards the face, not aside"
    assert np.allclose(moved[2:], [low, inside]), "below the face, and behind it, nothing moves"
