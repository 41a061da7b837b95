"""A video becomes steady stretches of one face, each with one crop that holds the head."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

import numpy as np
import pytest
from drawn_faces import Disc, DrawnFinder, draw, face_at
from hypothesis import given
from hypothesis import strategies as st

from animato.data.track import FrameCounts, Sampler, Segment, segments
from animato.settings.data import PrepareSettings
from animato.tracking.tracker import Tracker
from animato.types import Face, Frame, TimedFrame


def found(discs: Sequence[Disc], backgrounds: Sequence[int] | None = None, fps: float | None = None) -> list[list[int]]:
    frames = [TimedFrame(draw(disc, backgrounds[i] if backgrounds else 90), i / 25) for i, disc in enumerate(discs)]
    tracker = Tracker(finder=DrawnFinder())  # type: ignore[arg-type]
    return [part.numbers for part in segments(frames, tracker, PrepareSettings(fps=fps), FrameCounts())]


def test_a_steady_face_is_one_stretch() -> None:
    assert found([(80 + i, 60, 20) for i in range(10)]) == [list(range(10))]


def test_a_stretch_ends_where_the_face_is_lost() -> None:
    assert found([(80, 60, 20)] * 5 + [None] * 3 + [(80, 60, 20)] * 4) == [[0, 1, 2, 3, 4], [8, 9, 10, 11]]


def test_a_stretch_ends_at_a_cut_of_the_picture() -> None:
    assert found([(80, 60, 20)] * 8, [90] * 4 + [190] * 4) == [[0, 1, 2, 3], [4, 5, 6, 7]]


def test_a_stretch_ends_where_the_head_walks_away_or_comes_near() -> None:
    walk = found([(30 + 6 * i, 60, 18) for i in range(17)])
    assert len(walk) > 1 and list(chain(*walk)) == list(range(17))
    near = found([(80, 60, 14 + 2 * i) for i in range(12)])
    assert len(near) > 1 and list(chain(*near)) == list(range(12))


def test_a_long_video_is_cut_into_stretches_that_fit_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("animato.data.track.MAX_SEGMENT_FRAMES", 4)
    assert found([(80, 60, 20)] * 10) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


def test_the_rate_asked_for_is_kept_and_a_slower_clip_keeps_all() -> None:
    assert found([(80, 60, 20)] * 10, fps=12.5) == [[0, 2, 4, 6, 8]]
    twelve = Sampler(12.5)
    assert all(twelve.selects(i / 12) for i in range(100))
    third = Sampler(10)
    assert sum(third.selects(i / 30) for i in range(300)) == 100


def test_after_a_gap_the_missed_frames_are_not_caught_up() -> None:
    sampler = Sampler(10)
    times = [0.0, *(5 + i / 100 for i in range(21))]
    assert [time for time in times if sampler.selects(time)] == [0.0, 5.0, 5.1, 5.2]


def test_thinning_keeps_both_ends_and_spreads_evenly() -> None:
    segment = Segment(list(range(11)), [i / 25 for i in range(11)], [face_at(80, 60, 20)] * 11, (160, 120))
    assert segment.subsampled(3).numbers == [0, 5, 10]
    assert segment.subsampled(11).numbers == segment.subsampled(None).numbers == list(range(11))
    assert segment.subsampled(3).frame_size == (160, 120)


@given(
    st.lists(st.tuples(st.floats(0, 40), st.floats(0, 30), st.floats(0.8, 1.25)), min_size=1, max_size=6),
    st.floats(20, 180),
    st.floats(20, 100),
    st.integers(60, 400),
)
def test_the_crop_holds_every_head_and_stays_in_the_picture_where_there_is_room(
    moves: list[tuple[float, float, float]], x: float, y: float, width: int
) -> None:
    size = (width, 150)
    faces = [face_at(x + dx, y + dy, 20 * scale) for dx, dy, scale in moves]
    left, top, side = Segment([0] * len(faces), [0.0] * len(faces), faces, size).square(2.1)
    points = np.concatenate([face.points[:468, :2] for face in faces])
    assert (points >= (left, top)).all() and (points <= (left + side, top + side)).all()
    inside = (points >= 2.5).all() and (points <= np.array(size) - 2.5).all()
    if inside and side <= min(size):
        assert left >= -1e-6 and top >= -1e-6 and left + side <= width + 1e-6 and top + side <= 150 + 1e-6


class Drifting:
    """Finds a still face a little farther down and right in every frame, as a landmark network might err."""

    def __init__(self, face: Face) -> None:
        self.face, self.looks = face, 0

    def reset(self) -> None:
        self.looks = 0

    def track(self, frame: Frame) -> Face:
        points = self.face.points + np.float32(0.3 * self.looks) * np.array([1, 1, 0], np.float32)
        self.looks += 1
        return replace(self.face, points=points)


def test_landmarks_of_a_stretch_are_held_to_the_skin_of_its_first_frame(portrait: Frame, portrait_face: Face) -> None:
    frames = [TimedFrame(portrait, number / 25) for number in range(5)]
    (segment,) = segments(frames, Drifting(portrait_face), PrepareSettings(), FrameCounts())  # type: ignore[arg-type]
    apart = [np.abs(face.points - portrait_face.points)[:, :2].mean() for face in segment.faces]
    assert apart[0] < 1e-3
    assert max(apart) < 0.3, "the last was found 1.2 px away"
