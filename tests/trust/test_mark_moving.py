"""Frames of a video are marked as single pictures are, bit by bit, however little of them moves."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from animato.trust.moving_watermark import MovingMarker, changed
from animato.trust.payload import MarkKind, MarkPayload
from animato.trust.watermark import Marker
from animato.types import Frame


def video(portrait: Frame, places: list[tuple[int, int, int, int]], size: tuple[int, int]) -> list[Frame]:
    """Return frames of a large still picture in which one box after the other is filled with something else."""
    random = np.random.default_rng(3)
    repeats = (-(-size[0] // portrait.shape[0]), -(-size[1] // portrait.shape[1]), 1)
    frames = [np.ascontiguousarray(np.tile(portrait, repeats)[: size[0], : size[1]])]
    for left, top, right, bottom in places:
        frame = frames[-1].copy()
        part = frame[top:bottom, left:right]
        part[:] = random.integers(0, 256, part.shape, np.uint8)
        frames.append(frame)
    return frames


@pytest.mark.parametrize("size", [(900, 1400), (904, 1398), (902, 1401), (6, 40)])
def test_every_frame_is_marked_as_a_picture_is(portrait: Frame, size: tuple[int, int]) -> None:
    places = [(301, 203, 555, 411), (0, 0, 90, 33), (1300, 850, 1401, 904), (700, 400, 701, 401), (0, 0, 1401, 904)]
    frames = video(portrait, [*places, (5, 5, 5, 5)], size)
    payload = MarkPayload.random(MarkKind.DRIVEN)
    moving, single = MovingMarker(Marker(payload, seed=7)), Marker(payload, seed=7)
    for frame in frames:
        before = frame.copy()
        np.testing.assert_array_equal(moving.embed(frame), single.embed(frame))
        np.testing.assert_array_equal(frame, before)


def test_marked_frames_differ_only_where_it_is_said(portrait: Frame) -> None:
    frames = video(portrait, [(301, 203, 555, 411), (0, 0, 90, 33), (5, 5, 5, 5)], (904, 1400))
    moving = MovingMarker(Marker(MarkPayload.random(MarkKind.DRIVEN), seed=7))
    before = moving.embed(frames[0])
    assert moving.touched is None
    for frame in frames[1:]:
        marked = moving.embed(frame)
        assert moving.touched is not None
        left, top, right, bottom = moving.touched
        before[top:bottom, left:right] = marked[top:bottom, left:right]
        np.testing.assert_array_equal(before, marked)


def test_a_frame_changed_in_place_is_not_taken_for_the_last_one(portrait: Frame) -> None:
    payload = MarkPayload.random(MarkKind.DRIVEN)
    moving, frame = MovingMarker(Marker(payload, seed=7)), np.array(portrait)
    moving.embed(frame)
    frame[100:200, 100:200] = 30
    np.testing.assert_array_equal(moving.embed(frame), Marker(payload, seed=7).embed(frame))


def test_a_frame_of_another_size_begins_anew(portrait: Frame) -> None:
    payload = MarkPayload.random(MarkKind.DRIVEN)
    moving = MovingMarker(Marker(payload, seed=7))
    for frame in (portrait, np.ascontiguousarray(portrait[:256]), np.asfortranarray(portrait)):
        np.testing.assert_array_equal(moving.embed(frame), Marker(payload, seed=7).embed(frame))


def test_all_that_changed_lies_in_the_box(portrait: Frame) -> None:
    assert changed(portrait, np.array(portrait)) is None
    random = np.random.default_rng(5)
    for _ in range(50):
        other = np.array(portrait)
        points = random.integers(0, portrait.shape[0], (3, 2))
        for y, x in points:
            other[y, x, random.integers(0, 3)] ^= 1
        box = changed(portrait, other)
        assert box is not None
        left, top, right, bottom = box
        low, high = points.min(axis=0), points.max(axis=0)
        assert (top, bottom) == (low[0], high[0] + 1)
        assert low[1] - 2 < left <= low[1] and high[1] < right <= high[1] + 3


@pytest.mark.parametrize("places", [[(301, 203, 355, 241), (0, 0, 9, 3)], [(0, 0, 1400, 900)]])
def test_frames_belong_to_whoever_has_them_before_and_after(
    portrait: Frame, places: list[tuple[int, int, int, int]]
) -> None:
    frames = video(portrait, places, (900, 1400))
    frames = [frame for frame in frames for _ in range(2)]  # nothing changes from one to the other
    payload = MarkPayload.random(MarkKind.DRIVEN)
    single = Marker(payload, seed=7)
    wanted = [single.embed(frame) for frame in frames]
    moving, handed_out = MovingMarker(Marker(payload, seed=7)), []
    for frame, right in zip(frames, wanted, strict=True):
        given = frame.copy()
        marked = moving.embed(given)
        np.testing.assert_array_equal(marked, right)
        given[:], marked[:] = 255, 0  # drawn on, both
        handed_out.append(marked)
    assert len({id(marked) for marked in handed_out}) == len(frames)
    assert not any(np.may_share_memory(one, two) for one, two in itertools.pairwise(handed_out))
