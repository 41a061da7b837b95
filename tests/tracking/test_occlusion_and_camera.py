"""What lies over a face is noticed, light and noise are not taken for it; what the camera does is measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import pytest

from animato.drivers.shot import most_neutral
from animato.geometry.landmarks import BLENDSHAPES
from animato.tracking.body_stabilizer import DEADBAND, BodyStabilizer
from animato.tracking.landmark_stabilizer import LandmarkStabilizer
from animato.tracking.occlusion import OcclusionDetector
from animato.types import Face, Frame, TimedFrame

STEP = 0.04


def hidden(portrait: Frame, face: Face, change: Callable[[Frame], Frame]) -> np.ndarray:
    """Which of mouth, eyes and brows count as hidden after a second of the plain portrait, then of a changed one."""
    random = np.random.default_rng(1)
    detector, skin = OcclusionDetector(portrait, face), LandmarkStabilizer(portrait, face)
    found = np.zeros(3, bool)
    for number in range(30):
        frame = np.clip(portrait + random.normal(0, 3, portrait.shape), 0, 255).astype(np.uint8)
        frame = frame if number < 25 else change(frame)
        found = detector.occluded(frame, face, skin.track(frame, face), number * STEP)
        assert number >= 25 or not found.any(), "nothing lies over it yet"
    return found


def covered(face: Face, points: list[int], size: float) -> Callable[[Frame], Frame]:
    """A flat hand over some landmarks."""

    def change(frame: Frame) -> Frame:
        middle = face.points[points, :2].mean(axis=0)
        axes = (int(size * np.ptp(face.points[:468, 0])), int(0.8 * size * np.ptp(face.points[:468, 0])))
        drawn = frame.copy()
        cv2.ellipse(drawn, np.rint(middle).astype(int).tolist(), axes, 0, 0, 360, (190, 140, 120), -1, cv2.LINE_AA)
        return drawn

    return change


def test_a_hand_over_the_mouth_hides_the_mouth_only(portrait: Frame, portrait_face: Face) -> None:
    assert hidden(portrait, portrait_face, covered(portrait_face, [13, 14], 0.35)).tolist() == [True, False, False]


def test_a_hand_over_an_eye_hides_the_eyes_only(portrait: Frame, portrait_face: Face) -> None:
    found = hidden(portrait, portrait_face, covered(portrait_face, [159, 145], 0.28))
    assert found.tolist() == [False, True, True]


def _out_of_focus(frame: Frame) -> Frame:
    return np.asarray(cv2.GaussianBlur(frame, (0, 0), 10), np.uint8)


def _out_of_focus_and_dark_at_one_side(frame: Frame) -> Frame:
    shade = np.linspace(0.15, 1, frame.shape[1])[None, :, None]
    return np.asarray(cv2.GaussianBlur(frame, (0, 0), 6) * shade, np.uint8)


@pytest.mark.parametrize("change", [_out_of_focus, _out_of_focus_and_dark_at_one_side])
def test_a_camera_that_loses_its_focus_hides_nothing(
    portrait: Frame, portrait_face: Face, change: Callable[[Frame], Frame]
) -> None:
    assert not hidden(portrait, portrait_face, change).any()


def test_a_microphone_before_the_lips_hides_the_mouth_although_the_cheeks_are_seen(
    portrait: Frame, portrait_face: Face
) -> None:
    assert hidden(portrait, portrait_face, covered(portrait_face, [13, 14], 0.24)).tolist() == [True, False, False]


@pytest.mark.parametrize("gain", [0.4, 1.4])
def test_exposure_hides_nothing(portrait: Frame, portrait_face: Face, gain: float) -> None:
    def change(frame: Frame) -> Frame:
        return np.clip(frame * gain, 0, 255).astype(np.uint8)

    assert not hidden(portrait, portrait_face, change).any()


def test_a_lamp_from_the_side_hides_nothing(portrait: Frame, portrait_face: Face) -> None:
    def change(frame: Frame) -> Frame:
        return np.clip(frame * np.linspace(0.5, 1.5, 512)[None, :, None], 0, 255).astype(np.uint8)

    assert not hidden(portrait, portrait_face, change).any()


def test_noise_and_blur_hide_nothing(portrait: Frame, portrait_face: Face) -> None:
    random = np.random.default_rng(5)

    def noisy(frame: Frame) -> Frame:
        return np.clip(frame + random.normal(0, 40, frame.shape), 0, 255).astype(np.uint8)

    assert not hidden(portrait, portrait_face, noisy).any()
    assert not hidden(portrait, portrait_face, lambda frame: np.asarray(cv2.GaussianBlur(frame, (0, 0), 3.0))).any()


def test_the_far_side_of_a_face_in_profile_is_not_taken_for_hidden(portrait: Frame, portrait_face: Face) -> None:
    turned = portrait_face.points.copy()
    middle = turned[:468, 0].mean()
    angle = np.radians(80)
    x, z = turned[:, 0] - middle, turned[:, 2].copy()
    turned[:, 0], turned[:, 2] = middle + np.cos(angle) * x + np.sin(angle) * z, -np.sin(angle) * x + np.cos(angle) * z
    detector, skin = OcclusionDetector(portrait, portrait_face), LandmarkStabilizer(portrait, portrait_face)
    for number in range(30):
        face = portrait_face if number < 25 else replace(portrait_face, points=turned)
        found = detector.occluded(portrait, face, skin.track(portrait, face), number * STEP)
    assert not found.any()


def test_lips_outside_the_picture_count_as_hidden(portrait: Frame, portrait_face: Face) -> None:
    bottom = int(portrait_face.points[13, 1])
    frame = np.ascontiguousarray(portrait[:bottom])
    detector, skin = OcclusionDetector(frame, portrait_face), LandmarkStabilizer(frame, portrait_face)
    assert detector.occluded(frame, portrait_face, skin.track(frame, portrait_face), 0.0).tolist() == [
        True,
        False,
        False,
    ]


def seen(portrait: Frame, face: Face, right: float, zoom: float = 1.0) -> tuple[Frame, Face, np.ndarray]:
    """The portrait through a camera that moved, its landmarks, and the movement."""
    affine = np.array([[zoom, 0, right], [0, zoom, -0.5 * right]])
    frame = np.asarray(cv2.warpAffine(portrait, affine, (512, 512), borderMode=cv2.BORDER_REFLECT), np.uint8)
    points = face.points.copy()
    points[:, :2] = points[:, :2] @ affine[:, :2].T + affine[:, 2]
    points[:, 2] *= zoom
    return frame, replace(face, points=points), affine


def test_a_camera_that_moves_is_undone(portrait: Frame, portrait_face: Face) -> None:
    body = BodyStabilizer(portrait, portrait_face)
    found = None
    for number in range(40):
        frame, face, _ = seen(portrait, portrait_face, 2.0 * number, 1 + 0.005 * number)
        found = body.neutral_from_frame(frame, face, number * STEP)
    assert found is not None
    back = face.points[:, :2] @ found[:, :2].T + found[:, 2]
    assert np.abs(back - portrait_face.points[:, :2]).max() < 1.5, "78 pixels and 20 % without it"
    body.reset()
    assert body.removed == 0.0 and body.neutral_from_frame(portrait, portrait_face, 0.0) is None


def test_a_head_that_moves_before_a_still_background_is_left_alone(portrait: Frame, portrait_face: Face) -> None:
    body = BodyStabilizer(portrait, portrait_face)
    for number in range(10):
        points = portrait_face.points + np.float32([3.0 * number, 0, 0])
        assert body.neutral_from_frame(portrait, replace(portrait_face, points=points), number * STEP) is None


def test_movement_below_rest_changes_nothing(portrait: Frame, portrait_face: Face) -> None:
    from animato.geometry.pose import fit_pose

    body = BodyStabilizer(portrait, portrait_face)
    small = 0.5 * DEADBAND * fit_pose(portrait_face.points).scale
    frame, face, _ = seen(portrait, portrait_face, small)
    assert body.neutral_from_frame(frame, face, 0.0) is None


def test_a_background_that_jumps_for_one_frame_does_not_shake_the_body(portrait: Frame, portrait_face: Face) -> None:
    body = BodyStabilizer(portrait, portrait_face)
    jumped, _, _ = seen(portrait, portrait_face, 20.0)
    for number in range(6):
        frame = jumped if number == 3 else portrait
        assert body.neutral_from_frame(frame, portrait_face, number * STEP) is None


def test_a_hand_before_the_face_is_no_neutral_frame(portrait: Frame, portrait_face: Face) -> None:
    # Landmarks under a hand look like closed lips: alone, that frame is the most neutral one.
    smiles = portrait_face.blendshapes.copy()
    smiles[[BLENDSHAPES.index("mouthSmileLeft"), BLENDSHAPES.index("mouthSmileRight")]] += 0.3
    random = np.random.default_rng(1)
    pictures = [np.clip(portrait + random.normal(0, 3, portrait.shape), 0, 255).astype(np.uint8) for _ in range(8)]
    pictures[5] = covered(portrait_face, [13, 14], 0.35)(pictures[5])
    faces = iter([portrait_face if index == 5 else replace(portrait_face, blendshapes=smiles) for index in range(8)])
    frames = [TimedFrame(pictures[index // 3], index * STEP) for index in range(24)]
    candidate, _ = most_neutral(frames, lambda _: next(faces))
    assert candidate is not None and candidate.frame.time != 15 * STEP
