"""Between neighbouring frames a face does not roll over, jump or change its size: what does so is another thing."""

from __future__ import annotations

import cv2
import numpy as np

from animato.tracking.face_finder import FaceFinder, face_width
from animato.tracking.tracker import Tracker
from animato.types import Frame


def test_a_face_that_turns_over_between_frames_is_not_followed(portrait: Frame, face_finder: FaceFinder) -> None:
    tracker = Tracker(finder=face_finder)
    assert tracker.track(portrait) is not None
    blank = np.full_like(portrait, 90)
    assert tracker.track(blank) is None
    assert tracker.track(np.ascontiguousarray(portrait[::-1, ::-1])) is None
    assert tracker.track(portrait) is not None, "and it is found again"


def test_a_clip_that_is_upside_down_from_its_beginning_is_followed(portrait: Frame, face_finder: FaceFinder) -> None:
    tracker = Tracker(finder=face_finder)
    over = np.ascontiguousarray(portrait[::-1, ::-1])
    assert tracker.track(over) is not None and tracker.track(over) is not None


def test_a_seeded_tracker_follows_the_same_person(portrait: Frame, face_finder: FaceFinder) -> None:
    """Two people side by side; the larger one comes later. Who was chosen in one frame is followed in all."""
    small = np.asarray(cv2.resize(portrait, (384, 384)), np.uint8)
    both = np.full((512, 900, 3), 120, np.uint8)
    both[:384, :384], both[:, 388:] = small, portrait
    alone = np.full_like(both, 120)
    alone[:384, :384] = small
    chooser = Tracker("left", finder=face_finder)
    chosen = chooser.track(both)
    assert chosen is not None
    follower = Tracker("largest", finder=face_finder, seed=chooser.seed(both, chosen))
    for frame in (alone, both, both):
        face = follower.track(frame)
        assert face is not None and face_width(face) < 1.2 * face_width(chosen)
    other = np.full_like(both, 120)
    other[:, 388:] = portrait
    follower.reset()
    assert follower.track(other) is None, "the other one alone is not the one who was chosen"
