"""Dental arches: points, lines of sight, and the jaw's rotation."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from animato.geometry.aperture_mask import Window
from animato.geometry.dental_arch import JAW_AXIS, Rays, arch_points, jaw_angle, jaw_pose
from animato.geometry.pose import HeadPose, rotation_exp

ORIGIN = np.array([0.1, 4.0, -4.7])
TURNED = HeadPose(rotation_exp(np.array([0.2, 0.4, 0.1])), np.array([200.0, 150.0, 30.0]), 20.0)


def project(points: np.ndarray, pose: HeadPose) -> np.ndarray:
    return np.asarray(pose.scale * points @ pose.rotation.T + pose.translation)


def test_a_line_of_sight_meets_the_arch_where_its_point_is_seen() -> None:
    x, y = np.linspace(-2, 2, 9), np.linspace(-1, 0.2, 5)
    seen = project(arch_points(ORIGIN, x, y), TURNED)[..., :2].astype(np.float32)
    found = Rays.of(Window(0, 0, 400, 400), TURNED).on_arch(ORIGIN)
    across, down = (cv2.remap(plane, seen[..., 0], seen[..., 1], cv2.INTER_LINEAR) for plane in found)
    assert np.abs(across - x).max() < 0.01
    assert np.abs(down - y[:, None]).max() < 0.01


def test_a_line_of_sight_meets_a_frontal_plane() -> None:
    point = ORIGIN + np.array([0.5, -0.3, 0.0])
    u, v = project(point, TURNED)[:2].astype(np.float32)
    planes = Rays.of(Window(0, 0, 400, 400), TURNED).on_plane(ORIGIN)
    found = [float(cv2.remap(plane, np.array([[u]]), np.array([[v]]), cv2.INTER_LINEAR)[0, 0]) for plane in planes]
    assert np.allclose(found, (0.5, -0.3), atol=0.01)


def test_the_jaw_turns_about_its_joints() -> None:
    opened = jaw_pose(TURNED, 0.2)
    joint, chin = np.array([3.0, *JAW_AXIS]), np.array([0.0, 9.4, -4.3])
    assert np.allclose(project(joint, opened), project(joint, TURNED))
    moved = (project(chin, opened) - project(chin, TURNED)) @ TURNED.rotation / TURNED.scale
    assert moved[1] > 1.0 and moved[2] > 1.0  # down, and back


def test_a_jaw_that_does_not_move_keeps_the_pose() -> None:
    assert np.allclose(jaw_pose(TURNED, 0.0).rotation, TURNED.rotation)


@pytest.mark.parametrize(("drop", "angle"), [(-0.5, 0.0), (0.0, 0.0), (0.7, 0.1)])
def test_the_angle_of_the_jaw_follows_the_chin(drop: float, angle: float) -> None:
    assert jaw_angle(drop, JAW_AXIS[1] - 7.0) == pytest.approx(angle)
