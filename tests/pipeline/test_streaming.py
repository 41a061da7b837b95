"""One frame at a time from reader to writer, and the same frames every time."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from main_job import Material, finder, prepared, unmarked

import animato
from animato import AnimateSettings
from animato.appearance.channels import CHANNELS
from animato.drivers.base import DriverReport
from animato.motion.bundled import bundled
from animato.motion.motion_file import load_motion
from animato.motion.motion_frame import MotionFrame
from animato.motion.smooth import WINDOW_RADIUS
from animato.pipeline.flow import STAGE_PREFETCH, frames_of
from animato.pipeline.output import Output
from animato.pipeline.prefetch import PREFETCH_DEPTH
from animato.runtime.stage_clock import StageClock
from animato.types import Frame

CROP = AnimateSettings(frame="crop", size=256, end=0.4)


class CountingDriver:
    """A driver that notes how many of its frames were taken."""

    def __init__(self, count: int) -> None:
        clip = load_motion(bundled()["nod"], CHANNELS)
        self.path, self.fps, self.has_audio = bundled()["nod"], clip.fps, False
        self.duration: float | None = float(count / clip.fps)
        self.neutral, self.report = clip.neutral, DriverReport()
        self._frames = clip.frames[:count]
        self.taken = 0

    def frames(self, clock: StageClock) -> Iterator[MotionFrame]:
        for frame in self._frames:
            self.taken += 1
            yield frame


def test_the_driver_is_read_no_further_ahead_than_smoothing_and_the_queues_reach(made: Material) -> None:
    scene, _ = prepared(made.person, "nod", CROP)
    driver = CountingDriver(30)
    counted = replace(scene, actors=(replace(scene.actors[0], driver=driver),))
    frames = frames_of(counted, StageClock())
    # Behind each queue one waits to be put and one is in work; there are three queues.
    window = int(WINDOW_RADIUS * driver.fps) + 2 + PREFETCH_DEPTH + 2 + 2 * (STAGE_PREFETCH + 2)
    prefetch = [driver.taken - given for given, _ in enumerate(frames, 1)]
    assert len(prefetch) == 30
    assert 0 < max(prefetch) <= window < 30


def test_no_more_than_a_few_pictures_are_held_at_a_time(
    made: Material, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pictures decoded and pictures written are counted while they live: memory cannot grow with the clip."""
    living: list[weakref.ref[Frame]] = []
    most = 0

    def watched(frame: Frame) -> Frame:
        nonlocal most
        living[:] = [reference for reference in living if reference() is not None]
        living.append(weakref.ref(frame))
        most = max(most, len(living))
        return frame

    write = Output.write
    monkeypatch.setattr(Output, "write", lambda self, frame: write(self, watched(frame)))
    landmarker = finder().landmarker
    locate = landmarker.locate
    monkeypatch.setattr(landmarker, "locate", lambda frame, region, **more: locate(watched(frame), region, **more))
    gc.collect()
    result = animato.animate(made.person, made.driver, out / "a.mp4", replace(CROP, end=None))
    assert result.frames == 15
    assert 0 < most <= 4, most


def test_the_same_input_gives_the_same_frames_to_the_last_bit(made: Material) -> None:
    first, second = (unmarked(made.person, made.driver, CROP) for _ in range(2))
    assert len(first) == 10
    for before, after in zip(first, second, strict=True):
        np.testing.assert_array_equal(before, after)


def test_a_person_is_the_same_however_often_the_photo_is_read(made: Material) -> None:
    again = animato.Head.from_photos([made.photo])
    np.testing.assert_array_equal(again.photo.face.points, made.person.photo.face.points)


def test_strength_nought_leaves_the_photo_as_it_is(made: Material) -> None:
    settings = replace(CROP, pose=0.0, mouth=0.0, eyes=0.0, brows=0.0, smooth=0.0)
    still = unmarked(made.person, "nod", settings)
    for frame in still[1:]:
        assert np.abs(frame.astype(int) - still[0]).max() <= 1


def test_the_head_of_the_output_follows_the_driver(made: Material) -> None:
    frames = unmarked(made.person, "nod", replace(CROP, end=1.0, fps=10))
    differences = [np.abs(frame.astype(int) - frames[0]).mean() for frame in frames]
    assert max(differences) > 1.0
