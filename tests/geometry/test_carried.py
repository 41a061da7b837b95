"""Places carried by the ring mesh move as its vertices do."""

from __future__ import annotations

import numpy as np

from animato.geometry.carried import CarriedPlaces
from animato.geometry.landmarks import OVAL
from animato.geometry.mesh import build_shell
from animato.geometry.pose import fit_pose
from animato.types import Face

SIZE = 256


def test_a_place_on_a_vertex_moves_as_it_does_and_others_between(portrait_face: Face) -> None:
    points = portrait_face.points
    shell = build_shell(points, fit_pose(points), SIZE, (-400.0, -400.0, 656.0, 656.0))  # no ring is clamped
    rings = shell.points[:, :2]
    places = np.concatenate([rings, points[list(OVAL), :2], shell.border[:, :2], (rings[:1] + rings[36:37]) / 2])
    carried = CarriedPlaces(places, points, shell)
    assert np.abs(carried.movement(carried.oval, shell.points)).max() == 0
    random = np.random.default_rng(0)
    moved_rings = shell.points + np.column_stack([random.normal(0, 3, (108, 2)), np.zeros(108)])
    found = carried.movement(carried.oval + np.array([2.0, -1.0]), moved_rings)
    by = (moved_rings - shell.points)[:, :2]
    np.testing.assert_allclose(found[:108], by, atol=1e-3)
    np.testing.assert_allclose(found[108:144], np.tile([2.0, -1.0], (36, 1)), atol=1e-3)
    assert np.abs(found[144:180]).max() < 1e-3, "the border stands still"
    np.testing.assert_allclose(found[180], (by[0] + by[36]) / 2, atol=1e-3)
