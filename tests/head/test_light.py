"""The light of a photo is found in its skin, and changes with the head as light that stands still would."""

from __future__ import annotations

import numpy as np
import pytest

from animato.geometry.landmarks import canonical_face
from animato.geometry.mesh import head_topology
from animato.geometry.pose import HeadPose, points_from_local, rotation_exp
from animato.head.light import MOST, HeadLight, Skin, harmonics, statistics, vertex_normals
from animato.types import Frame, Points

SIDE, SCALE = 200, 8.0
FROM_LEFT = np.zeros((8, 3))
FROM_LEFT[0] = -0.4
"""Light from the picture's left: what faces there, x below 0, is brighter."""


@pytest.fixture(scope="module")
def points() -> Points:
    vertices = canonical_face().vertices
    local = np.concatenate([vertices, np.zeros((10, 3))])
    return points_from_local(local, HeadPose(np.eye(3), np.array([SIDE / 2, SIDE / 2, 0.0]), SCALE))


@pytest.fixture(scope="module")
def normals(points: Points) -> np.ndarray:
    topology = head_topology()
    return vertex_normals(points[:468], topology.triangles[: topology.face_triangles], topology.outward)


def lit(points: Points, strength: float) -> Frame:
    """Return a picture, brighter by the left by a power of e from its middle to its edge."""
    row = 120 * np.exp(-strength * (np.arange(SIDE) - SIDE / 2) / (SIDE / 2))
    return np.clip(np.broadcast_to(row[None, :, None], (SIDE, SIDE, 3)), 0, 255).astype(np.uint8)


def turned(normals: np.ndarray, yaw: float) -> np.ndarray:
    return np.asarray(normals @ rotation_exp(np.radians([0.0, yaw, 0.0])).T)


def test_normals_point_out_of_the_face(normals: np.ndarray, points: Points) -> None:
    assert np.allclose(np.linalg.norm(normals, axis=1), 1)
    assert normals[1, 2] < -0.5, "the tip of the nose faces the camera"
    left, right = points[:468, 0].argmin(), points[:468, 0].argmax()
    assert normals[left, 0] < -0.3 and normals[right, 0] > 0.3


def test_light_from_the_side_is_found_there(points: Points) -> None:
    light = HeadLight.of(lit(points, 0.8), points, SCALE)
    even = HeadLight.of(lit(points, 0.0), points, SCALE)
    other = HeadLight.of(lit(points, -0.8), points, SCALE)
    assert (light.coefficients[0] < -0.1).all() and (other.coefficients[0] > 0.1).all()
    assert np.abs(even.coefficients[0]).max() < 0.05


def test_mirrored_pictures_have_mirrored_light(points: Points) -> None:
    light, other = (HeadLight.of(lit(points, strength), points, SCALE) for strength in (0.5, -0.5))
    flip = np.array([-1, 1, 1, -1, -1, 1, 1, 1])[:, None]
    assert np.allclose(light.coefficients, other.coefficients * flip, atol=0.05)


def test_grey_pictures_stay_grey(points: Points, normals: np.ndarray) -> None:
    gain = HeadLight.of(lit(points, 0.6), points, SCALE).log_gain(normals, turned(normals, 30.0))
    assert np.ptp(gain, axis=1).max() < 1e-9 < np.abs(gain).max()


def test_what_turns_to_the_light_gets_brighter(normals: np.ndarray) -> None:
    light = HeadLight(FROM_LEFT)
    shown = turned(normals, 25.0)
    gain, moved = light.log_gain(normals, shown), shown[:, 0] - normals[:, 0]
    assert (np.sign(gain[np.abs(moved) > 0.05, 0]) == -np.sign(moved[np.abs(moved) > 0.05])).all()


def test_the_photos_own_pose_is_not_changed(normals: np.ndarray) -> None:
    assert not HeadLight(FROM_LEFT).log_gain(normals, normals).any()


def test_no_light_changes_brightness_without_limit(normals: np.ndarray) -> None:
    assert np.abs(HeadLight(50 * FROM_LEFT).log_gain(normals, turned(normals, 60.0))).max() <= MOST


def test_a_spot_is_not_taken_for_light(points: Points) -> None:
    image = lit(points, 0.0)
    spotted = image.copy()
    x, y = points[123, :2].astype(int)  # on a cheek
    spotted[y - 20 : y + 20, x - 10 : x + 10] = 20
    clean, found = (statistics(Skin.of(picture, points, SCALE)) for picture in (image, spotted))
    assert np.abs(found - clean).max() < 0.02


def test_a_face_outside_the_picture_has_no_statistics(points: Points) -> None:
    away = points + np.array([5 * SIDE, 0, 0], np.float32)
    assert not statistics(Skin.of(lit(points, 0.5), away, SCALE)).any()


def test_harmonics_are_those_of_the_first_two_orders() -> None:
    assert harmonics(np.array([[0.0, 0.0, -1.0]])).tolist() == [[0, 0, -1, 0, 0, 0, 0, 2]]
