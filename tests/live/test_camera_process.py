"""A camera tracked in a process of its own gives motion, errors and an end like one in this process."""

from __future__ import annotations

from pathlib import Path

import pytest
from main_job import Material, write_video

from animato.errors import AnimatoError, VideoError
from animato.live.camera_process import CameraProcess, start_camera_process
from animato.live.protocols import LiveMotion
from animato.media.reader import open_video
from animato.settings.live import LiveSettings
from animato.types import Frame

PATIENCE = 120.0
"""Seconds that a starting process may take on a busy machine; normally two."""


def test_motion_samples_and_the_end_arrive(made: Material, out: Path) -> None:
    with open_video(made.driver) as video:
        frames = [frame.image for frame in video]
    clip = write_video(out / "camera.mp4", [*frames, *frames[::-1]], 25)
    samples: list[Frame] = []
    source = CameraProcess(LiveSettings(camera=str(clip)), samples.append)
    taken: list[LiveMotion] = []
    while not source.finished:
        motion = source.take(PATIENCE)
        if motion is not None:
            taken.append(motion)
    source.close()
    source.close()
    assert taken and taken[0].motion.tracked and taken[0].motion.expression.shape == (478, 3)
    assert len({id(motion.neutral) for motion in taken}) == 1
    assert [motion.captured for motion in taken] == sorted(motion.captured for motion in taken)
    assert samples and source.dropped >= 0


def test_an_error_of_the_child_is_raised(out: Path) -> None:
    (out / "broken.mp4").write_bytes(b"\0\0\0\x18ftypmp42" + bytes(200))
    source = CameraProcess(LiveSettings(camera=str(out / "broken.mp4")))
    with pytest.raises(VideoError, match=r"broken\.mp4"):
        source.take(PATIENCE)
    source.close()


def test_a_child_that_dies_is_an_error() -> None:
    source = CameraProcess(LiveSettings(camera="lavfi:testsrc2"))
    source._child.popen.kill()
    with pytest.raises(AnimatoError, match="exited unexpectedly"):
        source.take(PATIENCE)
    source.close()


def test_one_thread_needs_no_process() -> None:
    assert start_camera_process(LiveSettings(threads=1), lambda frame: None) is None
