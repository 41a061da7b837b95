"""The jitter buffer plays evenly, conceals what is missing and comes to rest, without a jump."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from stream_material import error, seconds_of_talk

from animato.motion.dropouts import EASE_SECONDS, HOLD_SECONDS, rest_frame
from animato.network.decoder import Decoded
from animato.network.playout import RESTART_LATE, PlayoutBuffer

FRAME = 1 / 25


def test_nothing_is_shown_before_something_arrives() -> None:
    assert PlayoutBuffer().sample(1.0) is None


def test_on_a_good_line_frames_are_shown_as_they_arrive() -> None:
    frames, neutral = seconds_of_talk(1.0)
    buffer = PlayoutBuffer()
    for frame in frames:
        buffer.add(Decoded(frame, neutral), frame.time + 5.0)
        shown = buffer.sample(frame.time + 5.0)
    assert buffer.delay < 0.01 and shown is not None
    assert error(shown.motion, frames[-1]) < 0.5


def test_lost_frames_are_interpolated() -> None:
    frames, neutral = seconds_of_talk(2.0)
    buffer = PlayoutBuffer()
    for number, frame in enumerate(frames):
        if number % 4 != 2:
            buffer.add(Decoded(frame, neutral), frame.time + 0.1 * (number % 2))
    shown = [buffer.sample(frame.time + 0.12) for frame in frames]
    played = [pair for pair in zip(shown[10:-10], frames[10:-10], strict=True) if pair[0] is not None]
    assert len(played) == len(frames) - 20


def test_the_delay_follows_the_jitter_and_stays_within_its_limit() -> None:
    frames, neutral = seconds_of_talk(4.0)
    rng = np.random.default_rng(1)
    arrivals = sorted((f.time + rng.uniform(0, 0.2), number) for number, f in enumerate(frames))
    patient, hasty = PlayoutBuffer(0.3), PlayoutBuffer(0.1)
    for arrival, number in arrivals:
        for buffer in (patient, hasty):
            buffer.add(Decoded(frames[number], neutral), arrival)
            buffer.sample(arrival)
    assert 0.15 < patient.delay < 0.21 and hasty.delay < 0.11
    assert patient.late < 0.15 * len(frames)


def test_when_nothing_arrives_any_more_motion_holds_then_rests_then_ends() -> None:
    frames, neutral = seconds_of_talk(0.6)
    turned = [replace(frame, translation=np.array([2.0, 0.0])) for frame in frames]
    buffer = PlayoutBuffer()
    for frame in turned:
        buffer.add(Decoded(frame, neutral), frame.time)
        buffer.sample(frame.time)
    start = turned[-1].time
    held = buffer.sample(start + HOLD_SECONDS * 0.9)
    resting = buffer.sample(start + HOLD_SECONDS + 0.95 * EASE_SECONDS)
    assert held is not None and held.motion.tracked and error(held.motion, turned[-1]) < 0.6
    assert resting is not None and not resting.motion.tracked and error(resting.motion, rest_frame(neutral)) < 0.5
    assert buffer.sample(start + HOLD_SECONDS + EASE_SECONDS + 0.1) is None


def test_no_step_is_larger_than_in_the_motion_itself_when_it_comes_back() -> None:
    frames, neutral = seconds_of_talk(6.0)
    buffer, shown = PlayoutBuffer(), []
    pending = [frame for frame in frames if not 2.0 < frame.time < 4.0]
    for tick in range(6 * 50):
        now = tick / 50
        while pending and pending[0].time <= now:
            buffer.add(Decoded(pending.pop(0), neutral), now)
        shown.append(buffer.sample(now))
    motions = [item.motion for item in shown if item is not None]
    steps = [error(*pair) for pair in itertools.pairwise(motions)]
    own = [error(*pair) for pair in itertools.pairwise(frames)]
    assert max(steps) < max(own) * 1.1
    assert shown[170] is None  # at rest


@pytest.mark.parametrize("jump", [500.0, -500.0])
def test_a_sender_whose_clock_jumps_is_followed(jump: float) -> None:
    frames, neutral = seconds_of_talk(1.0)
    buffer = PlayoutBuffer()
    for frame in frames:
        buffer.add(Decoded(frame, neutral), frame.time)
        buffer.sample(frame.time)
    for frame in frames:
        buffer.add(Decoded(replace(frame, time=frame.time + jump), neutral), frame.time + 2)
    shown = buffer.sample(frames[-1].time + 2.0)
    assert shown is not None and shown.motion.time == pytest.approx(frames[-1].time + 2.0)
    assert buffer.late <= RESTART_LATE and error(shown.motion, frames[-1]) < 0.5


def test_a_straggler_changes_nothing() -> None:
    frames, neutral = seconds_of_talk(4.0)
    buffer = PlayoutBuffer()
    for number, frame in enumerate(frames):
        if number != 20:
            buffer.add(Decoded(frame, neutral), frame.time)
        if number == 80:
            buffer.add(Decoded(frames[20], neutral), frame.time)
        shown = buffer.sample(frame.time)
    assert buffer.late == 1 and buffer.delay < 0.01
    assert shown is not None and error(shown.motion, frames[-1]) < 0.5
