"""A cropped head stays near the cropping edge and is free in other directions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from motion_material import POSE, moving, neutral, person, turned

from animato.geometry.landmarks import FOREHEAD
from animato.geometry.pose import HeadPose
from animato.motion.edge_clearance import MAX_SHARE, edge_limits
from animato.motion.retarget import Retargeter
from animato.settings.motion import MotionSettings

EXTENT = (-0.5, 60.0, 511.5, 511.5)


def shifted(right: float = 0.0, down: float = 0.0) -> HeadPose:
    """The photo's pose translated by centimetres."""
    return replace(POSE, translation=POSE.translation + POSE.scale * np.array([right, down, 0.0]))


def test_a_head_cropped_at_the_top_is_limited_downwards_only(calm_local: np.ndarray) -> None:
    points = person(calm_local)
    limits = edge_limits(points, POSE, EXTENT, ["top"])
    room = (points[FOREHEAD, 1] - EXTENT[1]) / POSE.scale
    lowered = (limits.limit(POSE, shifted(down=5.0)).translation - POSE.translation) / POSE.scale
    assert 0 < lowered[1] <= MAX_SHARE * room and lowered[0] == 0
    for free in (shifted(down=-3.0), shifted(right=3.0), shifted(down=0.05)):
        assert np.allclose(limits.limit(POSE, free).translation, free.translation)


def test_nodding_and_shrinking_away_from_the_edge_are_limited_too(calm_local: np.ndarray) -> None:
    limits = edge_limits(person(calm_local), POSE, EXTENT, ["top"])
    anchor = limits.anchors[0]
    for moved in (turned(pitch=20), replace(POSE, scale=0.8 * POSE.scale)):
        bounded = limits.limit(POSE, moved)
        edge = bounded.scale * bounded.rotation @ anchor + bounded.translation
        assert edge[1] - EXTENT[1] <= MAX_SHARE * limits.clearance[0] * POSE.scale + 1e-6


def test_an_uncropped_head_is_not_limited(calm_local: np.ndarray) -> None:
    points, motion = person(calm_local), moving(0.0, right=2.0, turn=0.2)
    plain = Retargeter(points, neutral(calm_local), MotionSettings())(motion)
    limits = edge_limits(points, POSE, EXTENT, [])
    free = Retargeter(points, neutral(calm_local), MotionSettings(), edges=limits)(motion)
    assert np.array_equal(plain.points, free.points)


@pytest.mark.parametrize(("edge", "away"), [("left", 1.0), ("right", -1.0)])
def test_a_head_cropped_at_a_side_is_limited_away_from_it(calm_local: np.ndarray, edge: str, away: float) -> None:
    limits = edge_limits(person(calm_local), POSE, (100.0, 0.0, 412.0, 511.5), [edge])
    bounded = (limits.limit(POSE, shifted(right=5.0 * away)).translation - POSE.translation)[0] / POSE.scale
    assert 0 < bounded * away <= MAX_SHARE * limits.clearance[0]
