"""Ears: skin beside the face between brow and lobe, with its own depth and its own pixels up to its rim."""

from __future__ import annotations

import numpy as np
import pytest

from animato.geometry.landmarks import OVAL
from animato.geometry.pose import HeadPose, fit_pose, local_from_points, points_from_local, rotation_exp
from animato.head.closed_head import fit_closed_head
from animato.head.closed_rings import EAR_CM
from animato.head.closed_topology import COLUMNS, FRONT, RINGS
from animato.head.ears import ears, like_ear, own_colours
from animato.types import Face, Frame, Plane

MIDDLE_OF_FACE, LOBE_SIDE = 1, 8
"""A landmark on the nose, and the column of the shell at the middle of an ear."""


@pytest.fixture
def skin(portrait: Frame) -> Plane:
    return np.ones(portrait.shape[:2], np.float32)


def test_ears_lie_beside_the_face_between_brow_and_lobe(portrait_face: Face, skin: Plane) -> None:
    points, pose = portrait_face.points, fit_pose(portrait_face.points)
    ear = ears(points, pose, skin)
    x, y = np.rint(points[MIDDLE_OF_FACE, :2]).astype(int)
    left, right = points[list(OVAL), 0].min(), points[list(OVAL), 0].max()
    level = round(float(pose.translation[1]))
    assert min(ear[level, int(left - 1.5 * pose.scale)], ear[level, int(right + 1.5 * pose.scale)]) > 0.99
    assert ear[y, x] == 0, "not on the face"
    assert ear[max(0, round(pose.translation[1] - 9 * pose.scale))].max() < 0.01, "not above the brows"
    assert ear[round(pose.translation[1] + 6 * pose.scale)].max() < 0.01, "not beside the chin"


@pytest.mark.parametrize("yaw", [-35.0, 35.0])
def test_no_ear_is_seen_on_the_far_side_of_a_turned_face(portrait_face: Face, skin: Plane, yaw: float) -> None:
    pose = fit_pose(portrait_face.points)
    turned = HeadPose(rotation_exp(np.radians([0.0, yaw, 0.0])) @ pose.rotation, pose.translation, pose.scale)
    points = points_from_local(local_from_points(portrait_face.points, pose), turned)
    row = ears(points, turned, skin)[round(float(turned.translation[1]))]
    middle = round(float(turned.translation[0]))
    halves = sorted([row[:middle].max(), row[middle:].max()])
    assert halves[0] < 0.01 and halves[1] > 0.99


def test_the_columns_of_an_ear_lead_to_its_rim_in_even_steps(portrait_face: Face, skin: Plane) -> None:
    pose, none = fit_pose(portrait_face.points), np.zeros_like(skin)
    y, x = np.mgrid[: skin.shape[0], : skin.shape[1]]
    middle = pose.translation
    head = (((x - middle[0]) / 9.5) ** 2 + ((y - middle[1]) / 13) ** 2 < pose.scale**2).astype(np.float32)

    def depths(hair: Plane) -> np.ndarray:
        shell = fit_closed_head(portrait_face.points, pose, head, hair, head)
        oval = portrait_face.points[list(OVAL)][LOBE_SIDE, 2]
        return (shell.points.reshape(RINGS, COLUMNS, 3)[:FRONT, LOBE_SIDE, 2] - oval) / pose.scale

    np.testing.assert_allclose(depths(none), EAR_CM * np.arange(1, FRONT + 1) / FRONT, atol=1e-3)
    under_hair = depths(head)
    assert under_hair[0] < under_hair[-1] / FRONT / 2, "hair begins flat"


def test_a_bare_skull_ends_sooner_than_hair(portrait_face: Face, skin: Plane) -> None:
    pose, none = fit_pose(portrait_face.points), np.zeros_like(skin)

    def end(hair: Plane) -> float:
        shell = fit_closed_head(portrait_face.points, pose, skin, hair, skin)
        return float(shell.local.reshape(RINGS, COLUMNS, 3)[-1, :, 2].max())

    assert 3 < end(skin) - end(none) < 12


def test_an_ear_keeps_its_pixels_up_to_its_rim() -> None:
    opaque = np.zeros((60, 60), bool)
    opaque[10:50, 20:40] = True
    ear = np.ones((60, 60), np.float32)
    own = own_colours(opaque, ear, 10.0)
    assert own[30, 21] and not own[30, 20] and own[30, 38] and not own[30, 39]
    assert not own_colours(opaque, 0 * ear, 10.0).any()


def test_a_wall_beside_an_ear_is_none_of_it_but_a_red_ear_is() -> None:
    skin, red, wall, teal = (150, 110, 95), (200, 90, 85), (200, 202, 201), (110, 160, 150)
    image = np.array([[skin, red, wall, teal, (20, 15, 12)]], np.uint8)
    assert like_ear(image, np.array(skin, np.float64)).tolist() == [[True, True, False, False, False]]
    assert like_ear(image, None).all()
