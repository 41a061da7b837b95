"""Two people in a driver: its neutral frame and its movement are of the same one, whenever each comes and grows."""

# These tests ask for a change of animato/drivers/base.py: the face that was chosen for the neutral frame is followed.

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from main_job import FPS, finder, speaking_frames, write_video

from animato.drivers.video import VideoDriver
from animato.motion.motion_frame import MotionFrame
from animato.runtime.stage_clock import StageClock
from animato.settings.animate import AnimateSettings
from animato.types import Frame

SMALL, LARGE = 300, 500
"""Side of a person's picture, pixels."""


def scene(number: int, left: int, right: int) -> Frame:
    """A frame with two people of a size each (0: not there), 512 x 1024 x 3 uint8 RGB."""
    frame = np.full((512, 1024, 3), 90, np.uint8)
    for middle, side, phase in ((256, left, 0), (768, right, 5)):
        if side:
            picture = speaking_frames()[(number + phase) % 10]
            small = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
            frame[256 - side // 2 : 256 + side // 2, middle - side // 2 : middle + side // 2] = small
    return frame


def opened(folder: Path, sizes: list[tuple[int, int]], **settings: float) -> tuple[VideoDriver, list[MotionFrame]]:
    frames = [scene(number, *each) for number, each in enumerate(sizes)]
    clip = write_video(folder / "two.mp4", frames, FPS)
    driver = VideoDriver(clip, AnimateSettings(threads=1, **settings), finder())  # type: ignore[arg-type]
    return driver, list(driver.frames(StageClock()))


def at(frames: list[MotionFrame], time: float) -> MotionFrame:
    return min((frame for frame in frames if frame.tracked), key=lambda frame: abs(frame.time - time))


def is_neutral(frame: MotionFrame) -> bool:
    """Whether the head is where the neutral frame has it: a hand's breadth off would be the other person's."""
    return float(np.linalg.norm(frame.translation)) < 1.0 and abs(frame.scale - 1) < 0.1


def test_with_a_neutral_time_the_person_of_that_moment_is_followed(tmp_path: Path) -> None:
    sizes = [(LARGE, SMALL)] * 5 + [(SMALL, LARGE)] * 12
    driver, frames = opened(tmp_path, sizes, neutral=0.28)
    # The change may count as a cut, after which motion is eased in.
    assert is_neutral(at(frames, 0.6))
    assert driver.report.neutral_time == 0.28


def test_someone_who_enters_late_does_not_become_the_neutral_face_of_another(tmp_path: Path) -> None:
    sizes = [(0, 0), (SMALL, 0), (SMALL, 0), *[(SMALL, LARGE)] * 6]
    driver, frames = opened(tmp_path, sizes)
    assert driver.report.neutral_time is not None
    assert is_neutral(at(frames, driver.report.neutral_time))


@pytest.mark.parametrize(("face", "size"), [("left", SMALL), ("right", LARGE)])
def test_a_face_that_was_asked_for_is_the_same_in_both(tmp_path: Path, face: str, size: int) -> None:
    sizes = [(0, LARGE), (0, LARGE), *[(SMALL, LARGE)] * 6]
    driver, frames = opened(tmp_path, sizes, driver_face=face)  # type: ignore[arg-type]
    assert driver.report.neutral_time is not None
    assert is_neutral(at(frames, driver.report.neutral_time)), size
