"""Head pose: exact on rigid movement, with the signs that its documentation promises, and invertible."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from motion_material import POSE, turned

from animato.geometry.landmarks import EYE_CORNERS, NOSE_TIP, canonical_face
from animato.geometry.pose import (
    HeadPose,
    fit_pose,
    fit_similarity,
    local_from_points,
    points_from_local,
    rotation_exp,
    rotation_log,
)

ANGLES = st.tuples(st.floats(-80, 80), st.floats(-80, 80), st.floats(-170, 170))


@settings(max_examples=50, deadline=None, derandomize=True)
@given(ANGLES, st.floats(2, 60), st.floats(-500, 1500), st.floats(-500, 1500))
def test_a_rigid_movement_of_the_canonical_face_is_returned(
    angles: tuple[float, float, float], scale: float, x: float, y: float
) -> None:
    pose = turned(*angles, HeadPose(np.eye(3), np.array([x, y, 3.0]), scale))
    found = fit_pose(points_from_local(canonical_face().vertices, pose))
    assert np.abs(found.rotation - pose.rotation).max() < 1e-4
    assert found.scale == pytest.approx(scale, rel=1e-5)
    assert np.abs(found.translation - pose.translation).max() < 1e-3


def test_expression_outside_the_rigid_points_does_not_move_the_head() -> None:
    points = points_from_local(canonical_face().vertices, turned(10, 5, -3))
    before = fit_pose(points)
    jaw = np.setdiff1d(np.arange(468), canonical_face().rigid)
    points[jaw] += np.float32([3.0, 40.0, -8.0])
    after = fit_pose(points)
    assert np.array_equal(before.rotation, after.rotation) and before.scale == after.scale


def test_the_fit_is_the_best_one_by_its_own_measure() -> None:
    rng = np.random.default_rng(5)
    source, weights = rng.normal(size=(20, 3)), rng.uniform(0.1, 1, 20)
    target = 3 * source @ rotation_exp(np.array([0.4, -0.2, 0.9])).T + (5, -2, 1) + rng.normal(size=(20, 3)) * 0.2

    def error(pose: HeadPose) -> float:
        mapped = pose.scale * source @ pose.rotation.T + pose.translation
        return float(weights @ ((mapped - target) ** 2).sum(axis=1))

    best = fit_similarity(source, target, weights)
    assert np.linalg.det(best.rotation) == pytest.approx(1)
    for _ in range(200):
        nudged = HeadPose(
            rotation_exp(rng.normal(size=3) * 0.02) @ best.rotation,
            best.translation + rng.normal(size=3) * 0.05,
            best.scale * float(np.exp(rng.normal() * 0.01)),
        )
        assert error(nudged) > error(best)


def test_a_mirrored_face_is_never_fitted_by_a_reflection() -> None:
    points = points_from_local(canonical_face().vertices * (1, 1, -1), POSE)
    assert np.linalg.det(fit_pose(points).rotation) == pytest.approx(1)


def places(pose: HeadPose) -> tuple[np.ndarray, np.ndarray]:
    """Nose tip relative to the middle of the eyes' corners, and the line from the left eye to the right, in pixels."""
    points = points_from_local(canonical_face().vertices, pose)
    left, right = points[EYE_CORNERS[0]], points[EYE_CORNERS[1]]
    return points[NOSE_TIP] - (left + right) / 2, right - left


def test_yaw_is_positive_when_the_face_turns_to_the_right_of_the_image() -> None:
    pose = turned(yaw=-30)
    assert places(pose)[0][0] > 20
    assert pose.degrees() == pytest.approx((30, 0, 0), abs=1e-9)


def test_pitch_is_positive_when_the_face_looks_down() -> None:
    pose = turned(pitch=25)
    assert places(pose)[0][1] > places(POSE)[0][1] + 20
    assert pose.degrees() == pytest.approx((0, 25, 0), abs=1e-9)


def test_roll_is_positive_when_the_head_tips_clockwise_in_the_image() -> None:
    pose = turned(roll=20)
    assert places(pose)[1][1] > 20  # the eye at the right of the image sinks
    assert pose.degrees() == pytest.approx((0, 0, 20), abs=1e-9)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(ANGLES)
def test_the_three_angles_give_the_rotation_back(angles: tuple[float, float, float]) -> None:
    pose = turned(*angles)
    yaw, pitch, roll = pose.degrees()
    assert np.abs(turned(-yaw, pitch, roll).rotation - pose.rotation).max() < 1e-9


def test_local_and_pixels_are_inverse() -> None:
    rng = np.random.default_rng(1)
    local = rng.normal(size=(478, 3)) * 5
    pose = turned(40, -20, 100, HeadPose(np.eye(3), np.array([812.0, 77.0, -31.0]), 17.3))
    assert np.abs(local_from_points(points_from_local(local, pose), pose) - local).max() < 1e-4


UNIT = st.tuples(st.floats(-1, 1), st.floats(-1, 1), st.floats(-1, 1)).filter(lambda v: np.linalg.norm(v) > 0.05)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(UNIT, st.floats(0, np.pi))
def test_rotation_vectors_come_back(axis: tuple[float, float, float], angle: float) -> None:
    vector = np.array(axis) / np.linalg.norm(axis) * angle
    rotation = rotation_exp(vector)
    assert np.abs(rotation @ rotation.T - np.eye(3)).max() < 1e-12
    assert np.abs(rotation_exp(rotation_log(rotation)) - rotation).max() < 1e-7


@pytest.mark.parametrize("axis", [(1, 0, 0), (0, 0, 1), (1, -1, 0), (-1, 2, -3), (0, 1, -1), (1, 1, 1)])
def test_half_turns_come_back_whatever_their_axis(axis: tuple[float, float, float]) -> None:
    for short in (0.0, 1e-12, 1e-9, 1e-7, 1e-5, 5e-4, 9.99e-4, 1.01e-3):
        vector = np.array(axis, float) / np.linalg.norm(axis) * (np.pi - short)
        rotation = rotation_exp(vector)
        found = rotation_log(rotation)
        assert np.abs(rotation_exp(found) - rotation).max() < 1e-8
        assert np.linalg.norm(found) == pytest.approx(np.pi - short, abs=1e-7)


@pytest.mark.parametrize("angle", [0.0, 1e-12, 1e-9, 1e-7, 1e-6, 1e-5, 1e-4])
def test_the_smallest_turns_come_back(angle: float) -> None:
    vector = np.array([2.0, -1.0, 2.0]) / 3 * angle
    assert np.linalg.norm(rotation_log(rotation_exp(vector)) - vector) <= 1e-3 * angle + 1e-9
