"""A recording of live frames: constant rate, whole files only, and none of what was refused."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from main_job import Material, contents, read_frames, shared_engine

import animato
from animato import AnimateSettings, Interactive
from animato.errors import OutputError, RefusedError, UsageError
from animato.live.policy import cheaper_levels
from animato.pipeline.interactive import open_interactive
from animato.pipeline.output import Output
from animato.pipeline.recording import WAITING_FRAMES, Recording
from animato.types import Frame

CROP = AnimateSettings(frame="crop", size=256, model="geometry")


@pytest.fixture
def face(made: Material) -> Iterator[Interactive]:
    with open_interactive(made.person, CROP, shared_engine(2)) as opened:
        yield opened


def test_frames_at_any_time_become_a_constant_rate(face: Interactive, out: Path) -> None:
    recording = Recording(face, out / "call.mp4", Fraction(10))
    frame = face.frame(face.rest())
    for time in (5.0, 5.02, 5.1, 5.4, 5.38, 500.0, 500.1):
        recording.put(frame, time)
    recording.close()
    recording.close()
    # 0; 1; 2, 3 and 4 (repeated); the suspended minutes are left out; 5 and 6.
    assert len(read_frames(out / "call.mp4")) in (6, 7)
    assert animato.verify(out / "call.mp4").found and recording.dropped == 0
    assert contents(out) == ["call.mp4"]


def test_without_a_frame_there_is_no_file(face: Interactive, out: Path) -> None:
    Recording(face, out / "call.mp4").close()
    assert contents(out) == []


def test_nothing_is_published_of_what_was_refused(
    face: Interactive, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = Recording(face, out / "call.mp4")
    recording.put(face.frame(face.rest()), 0.0)
    monkeypatch.setattr(face._gate._gate, "_score", lambda small: 0.95)
    face.judge("the camera", np.zeros((64, 64, 3), np.uint8))
    with pytest.raises(RefusedError, match="the camera looks like nudity"):
        recording.close()
    assert contents(out) == []


def test_places_that_cannot_be_written_are_said_at_once(face: Interactive, out: Path) -> None:
    with pytest.raises(OutputError, match="does not exist"):
        Recording(face, out / "missing" / "call.mp4")
    (out / "call.mp4").write_bytes(b"x")
    with pytest.raises(UsageError, match="exists already"):
        Recording(face, out / "call.mp4")


def test_levels_get_cheaper_and_keep_the_size_of_the_output() -> None:
    first, second = cheaper_levels(replace(CROP, model="portrait", size=512))
    assert (first.size, first.model) == (308, "portrait") and (second.size, second.model) == (308, "geometry")
    assert cheaper_levels(replace(CROP, size=256)) == []
    assert [level.model for level in cheaper_levels(replace(CROP, model="portrait", size=1024))] == ["geometry"]


def test_an_encoder_that_is_too_slow_does_not_take_minutes_at_the_end(
    face: Interactive, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_write, written, write = threading.Event(), [], Output.write

    def waits(output: Output, frame: Frame) -> None:
        may_write.wait(timeout=60)
        written.append(frame.shape)
        write(output, frame)

    monkeypatch.setattr(Output, "write", waits)
    recording = Recording(face, out / "call.mp4", Fraction(10))
    frame = face.frame(face.rest())
    for number in range(60):
        recording.put(frame, number * 3.0)  # each repeats the last for three seconds
    may_write.set()
    recording.close()
    assert recording.dropped > 40 and len(written) <= 2 * WAITING_FRAMES
    assert (out / "call.mp4").is_file()
