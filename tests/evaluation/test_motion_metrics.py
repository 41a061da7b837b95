from __future__ import annotations

import numpy as np
import pytest

from animato.evaluation.metrics import Reference, ScoredFrame, make
from animato.evaluation.metrics.following import eye_opening, jaw_opening
from animato.evaluation.metrics.pose import angle
from animato.geometry.landmarks import EYE_LEFT, EYE_RIGHT, LIPS_INNER, LIPS_OUTER
from animato.geometry.pose import rotation_exp
from animato.types import Points

from .conftest import drawn_points, face_of, scored


def turned(degrees: float, axis: int = 1) -> Points:
    points = drawn_points().astype(np.float64)
    turn = np.zeros(3)
    turn[axis] = np.radians(degrees)
    centre = points.mean(axis=0)
    return ((points - centre) @ rotation_exp(turn).T + centre).astype(np.float32)


def opened(gap: float) -> Points:
    """The lower half of the inner lips moved down, in pixels."""
    points = drawn_points()
    points[list(LIPS_INNER[11:]), 1] += gap
    return points


def blinked(share: float) -> Points:
    """Upper lids lowered by a share of the way to the lower ones."""
    points = drawn_points()
    for eye in (EYE_LEFT, EYE_RIGHT):
        upper, lower = list(eye[1:8]), list(eye[:8:-1])
        points[upper] += share * (points[lower] - points[upper])
    return points


@pytest.mark.parametrize("name", ["akd", "akd-lips", "akd-lids", "akd-irises"])
def test_the_distance_of_a_shifted_face_is_the_shift(name: str) -> None:
    metric = make(name)
    metric.add(scored(points=drawn_points() + np.float32([3, 4, 9])))
    assert metric.value() == pytest.approx(5.0, abs=1e-4)


def test_distances_are_in_pixels_at_256_whatever_the_crop() -> None:
    metric = make("akd")
    metric.add(scored(points=drawn_points() + np.float32([3, 4, 0]), size=512))
    assert metric.value() == pytest.approx(2.5, abs=1e-4)


def test_lips_that_move_alone_show_in_the_lips_alone() -> None:
    points = drawn_points()
    points[list(LIPS_OUTER + LIPS_INNER), 1] += 2
    values = {name: make(name) for name in ("akd", "akd-lips", "akd-lids")}
    for metric in values.values():
        metric.add(scored(points=points))
    assert values["akd-lips"].value() == pytest.approx(2.0, abs=1e-4)
    assert values["akd-lids"].value() == 0.0
    assert values["akd"].value() == pytest.approx(2.0 * 40 / 478, abs=1e-4)


def test_a_frame_without_a_face_is_a_failure_and_counts_nowhere_else() -> None:
    akd, failures = make("akd"), make("failures")
    for points in (drawn_points() + 1, None):
        for metric in (akd, failures):
            metric.add(scored(points=points))
    assert akd.value() == pytest.approx(2**0.5, abs=1e-4)
    assert failures.value() == 50.0


@pytest.mark.parametrize(("axis", "degrees"), [(0, 10.0), (1, 25.0), (2, -7.0)])
def test_the_pose_error_is_the_angle_turned(axis: int, degrees: float) -> None:
    metric = make("pose")
    metric.add(scored(points=turned(degrees, axis)))
    assert metric.value() == pytest.approx(abs(degrees), abs=0.02)


@pytest.mark.parametrize("degrees", [1e-4, 1.0, 90.0, 179.0])
def test_the_angle_keeps_its_digits_from_tiny_to_half_a_turn(degrees: float) -> None:
    turn = rotation_exp(np.radians(degrees) * np.array([0.6, 0.0, 0.8]))
    assert angle(np.eye(3), turn) == pytest.approx(degrees, rel=1e-6)


def test_pose_motion_forgives_a_constant_offset_and_sees_a_lost_turn() -> None:
    follows, lags = make("pose-motion"), make("pose-motion")
    for step, degrees in enumerate((0.0, 10.0)):
        follows.add(scored(points=turned(degrees + 15), true_points=turned(degrees), index=step))
        lags.add(scored(points=turned(15), true_points=turned(degrees), index=step))
    assert follows.value() == pytest.approx(0.0, abs=0.02)
    assert lags.value() == pytest.approx(10.0, abs=0.02)


def test_expression_is_the_mean_difference_of_scores_and_its_motion_forgives_an_offset() -> None:
    absolute, motion = make("expression"), make("expression-motion")
    for step in range(3):
        points = drawn_points()
        reference = Reference(step, None, face_of(points, 0.1 * step), (np.zeros((256, 256, 3), np.uint8),))
        frame = ScoredFrame(reference.source[0], face_of(points, 0.1 * step + 0.2), reference)
        absolute.add(frame)
        motion.add(frame)
    assert absolute.value() == pytest.approx(0.2, abs=1e-6)
    assert motion.value() == pytest.approx(0.0, abs=1e-6)


def test_steady_movement_has_no_jitter_and_trembling_has_its_size() -> None:
    steady, trembling = make("jitter"), make("jitter")
    for index in range(6):
        moved = drawn_points() + np.float32([2 * index, 0, 0])
        steady.add(scored(points=moved, index=index))
        trembling.add(scored(points=moved + np.float32([0, index % 2, 0]), index=index))
    assert steady.value() == pytest.approx(0.0, abs=1e-4)
    # x has no second difference, y has +-2 in every frame: the mean of |.| over both coordinates is 1.
    assert trembling.value() == pytest.approx(1.0, abs=1e-4)


def test_jitter_never_reaches_across_a_gap() -> None:
    metric = make("jitter")
    for index in (0, 1, 2, 7, 8, 9):
        jump = 40.0 if index > 4 else 0.0
        metric.add(scored(points=drawn_points() + np.float32([jump, 0, 0]), index=index))
    assert metric.value() == pytest.approx(0.0, abs=1e-4)


def test_an_output_that_moves_like_the_driver_has_the_jitter_ratio_one() -> None:
    metric = make("jitter-ratio")
    rough = np.random.default_rng(0)
    for index in range(8):
        points = drawn_points() + rough.normal(0, 1, (478, 3)).astype(np.float32)
        metric.add(scored(points=points + 5, true_points=points, index=index))
    assert metric.value() == pytest.approx(1.0, abs=1e-3)


def test_a_mouth_that_follows_correlates_and_one_that_opposes_does_the_opposite() -> None:
    gaps = [0, 2, 5, 9, 6, 3, 1]
    follows, opposes, still = (make("jaw-follow") for _ in range(3))
    for index, gap in enumerate(gaps):
        follows.add(scored(points=opened(0.5 * gap), true_points=opened(gap), index=index))
        opposes.add(scored(points=opened(9 - gap), true_points=opened(gap), index=index))
        still.add(scored(points=opened(4), true_points=opened(gap), index=index))
    assert (follows.value() or 0) > 0.999
    assert (opposes.value() or 0) < -0.999
    assert still.value() == 0.0


def test_blinks_are_followed_with_the_lids() -> None:
    metric = make("lids-follow")
    for index, share in enumerate((0.0, 0.2, 0.9, 0.4, 0.0, 0.1)):
        metric.add(scored(points=blinked(0.8 * share), true_points=blinked(share), index=index))
    assert (metric.value() or 0) > 0.999


def test_a_driver_that_does_not_move_cannot_be_followed() -> None:
    metric = make("jaw-follow")
    for index in range(8):
        metric.add(scored(points=opened(index), true_points=opened(4), index=index))
    assert metric.value() is None


def test_openings_do_not_change_when_the_head_turns() -> None:
    for measure in (jaw_opening, eye_opening):
        assert measure(turned(25)) == pytest.approx(measure(drawn_points()), abs=0.01)
