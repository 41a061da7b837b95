"""A face is followed from frame to frame, and found again after it was lost."""

from __future__ import annotations

import itertools
from pathlib import Path

import cv2
import numpy as np
import pytest
from gallery_faces import DRIVERS, gallery_driver

from animato.media.reader import open_video
from animato.tracking.face_finder import FaceFinder, face_width
from animato.tracking.tracker import Tracker
from animato.types import Face, Frame


def moved(
    picture: Frame, right: float, down: float, degrees: float = 0.0, zoom: float = 1.0
) -> tuple[Frame, np.ndarray]:
    """Return the picture moved about the middle of its face, and the map that did so."""
    affine = cv2.getRotationMatrix2D((225.0, 125.0), -degrees, zoom)
    affine[:, 2] += right, down
    height, width = picture.shape[:2]
    return np.asarray(cv2.warpAffine(picture, affine, (width, height)), np.uint8), affine


def expected(face: Face, affine: np.ndarray) -> np.ndarray:
    return face.points[:, :2] @ affine[:, :2].T + affine[:, 2]


def apart(face: Face | None, points: np.ndarray) -> float:
    assert face is not None
    return float(np.linalg.norm(face.points[:, :2] - points, axis=1).mean())


def test_tracking_finds_what_finding_finds(portrait: Frame, face_finder: FaceFinder) -> None:
    tracker = Tracker(finder=face_finder)
    for step in range(6):
        frame, _ = moved(portrait, 4 * step, 2 * step, 3 * step)
        tracked = tracker.track(frame)
        (found,) = face_finder.find(frame)
        assert apart(tracked, found.points[:, :2]) < 1.0


def test_a_moving_face_is_followed_all_the_way(portrait: Frame, portrait_face: Face, face_finder: FaceFinder) -> None:
    tracker = Tracker(finder=face_finder)
    for step in range(14):
        frame, affine = moved(portrait, 9 * step, 5 * step, 4 * step, 1.04**step)
        assert apart(tracker.track(frame), expected(portrait_face, affine)) < 1.5


def test_a_still_face_does_not_tremble(portrait: Frame, face_finder: FaceFinder) -> None:
    tracker = Tracker(finder=face_finder)
    first, *rest = (tracker.track(portrait) for _ in range(5))
    assert first is not None
    assert all(face is not None and np.array_equal(face.points, rest[0].points) for face in rest)


def test_a_face_that_left_is_not_invented(portrait: Frame, face_finder: FaceFinder) -> None:
    tracker = Tracker(finder=face_finder)
    assert tracker.track(portrait) is not None
    wall = np.full_like(portrait, 90)
    assert [tracker.track(wall) for _ in range(3)] == [None, None, None]


def test_a_lost_face_is_found_again_elsewhere(portrait: Frame, portrait_face: Face, face_finder: FaceFinder) -> None:
    tracker = Tracker(finder=face_finder)
    tracker.track(portrait)
    tracker.track(np.full_like(portrait, 90))
    frame, affine = moved(portrait, 150, 120)
    assert apart(tracker.track(frame), expected(portrait_face, affine)) < 1.0


def test_a_face_that_was_away_for_long_is_found_within_five_frames(portrait: Frame, face_finder: FaceFinder) -> None:
    tracker = Tracker(finder=face_finder)
    tracker.track(portrait)
    wall = np.full((128, 128, 3), 90, np.uint8)
    for _ in range(23):
        assert tracker.track(wall) is None
    assert any(tracker.track(portrait) is not None for _ in range(5))


def test_a_face_that_the_detector_misses_after_a_loss_is_found_where_it_was(
    portrait: Frame, face_finder: FaceFinder, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracker = Tracker(finder=face_finder)
    tracker.track(portrait)
    monkeypatch.setattr(face_finder, "find", lambda *_, **__: [])
    assert tracker.track(np.full_like(portrait, 90)) is None
    assert tracker.track(portrait) is not None


def test_after_a_loss_the_same_one_of_two_faces_is_followed(portrait: Frame, face_finder: FaceFinder) -> None:
    head = portrait[0:300, 60:400]
    both = np.full((400, 800, 3), 90, np.uint8)
    both[50:350, 20:360] = both[50:350, 420:760] = head
    for choice, half in (("left", 0), ("right", 1)):
        tracker = Tracker(choice, finder=face_finder)
        for frame in (both, both, np.full_like(both, 90), both, both):
            face = tracker.track(frame)
            assert face is None or face.points[:, 0].mean() // 400 == half
        assert face is not None


def test_after_a_reset_the_choice_counts_again(portrait: Frame, face_finder: FaceFinder) -> None:
    tracker = Tracker(finder=face_finder)
    first = tracker.track(portrait)
    tracker.track(portrait)
    tracker.reset()
    again = tracker.track(portrait)
    assert first is not None and again is not None
    assert np.array_equal(first.points, again.points)


def test_a_real_clip_is_tracked_without_a_gap(shared_data: Path, face_finder: FaceFinder) -> None:
    tracker = Tracker(finder=face_finder)
    with open_video(shared_data / "talking" / "g05_01.mp4") as video:
        faces = [tracker.track(frame.image) for _, frame in zip(range(30), video, strict=False)]
    assert all(face is not None and face.score > 0.9 for face in faces)
    steps = [np.abs(b.points - a.points)[:, :2].mean() for a, b in itertools.pairwise(faces) if a and b]
    assert max(steps) < 0.05 * face_width(faces[0])  # no jump from one frame to the next


def test_people_of_the_gallery_are_tracked_without_a_gap(face_finder: FaceFinder) -> None:
    for sheet in DRIVERS:
        tracker = Tracker(finder=face_finder)
        faces = [tracker.track(frame) for frame in gallery_driver(sheet)]
        assert all(face is not None and face.score > 0.9 for face in faces), sheet
