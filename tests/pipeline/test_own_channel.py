"""A channel that only this file knows travels from a video to the target, and through a motion file."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from main_job import Material, finder

from animato import AnimateSettings
from animato.drivers.opening import open_driver
from animato.motion.channel import Channel, Value
from animato.motion.motion_file import MotionClip, load_motion, save_motion
from animato.motion.retarget import Retargeter
from animato.motion.retime import retime
from animato.motion.smooth import smooth_file
from animato.runtime.stage_clock import StageClock
from animato.types import Affine, Face, Frame

CHEEKS = [50, 280]


def brightness(frame: Frame, face: Face) -> Value:
    """Mean brightness at the middle of both cheeks, 1 float32 in [0, 1]."""
    x, y = np.rint(face.points[CHEEKS, :2]).astype(int).T
    return np.array([frame[y, x].mean() / 255], np.float32)


@dataclass(frozen=True)
class Reader:
    """Compares cheeks with those of the neutral frame."""

    neutral: Value

    def read(self, frame: Frame, face: Face, stabilized: Face, neutral_from_frame: Affine | None) -> Value:
        return brightness(frame, face) - self.neutral


class Cheeks(Channel):
    """Brightness of the cheeks since the neutral frame."""

    name = "cheeks"
    shape = (1,)

    def reader(self, frame: Frame, face: Face) -> Reader:
        return Reader(brightness(frame, face))


def test_a_channel_of_ones_own_travels_from_a_video_to_the_target_and_through_a_motion_file(
    made: Material, portrait_face: Face, tmp_path: Path
) -> None:
    settings, channels = AnimateSettings(frame="crop", size=256, threads=1), [Cheeks()]
    driver = open_driver(made.driver, settings, finder(), channels)
    frames = list(driver.frames(StageClock()))
    assert all(set(frame.channels) == {"cheeks"} for frame in frames if frame.tracked)
    path = tmp_path / "cheeks.motion"
    save_motion(path, MotionClip("", "", "", driver.fps, driver.neutral, tuple(frames), frames[-1].time + 0.04))
    again = list(open_driver(path, settings, finder(), channels).frames(StageClock()))
    for before, after in zip(frames, again, strict=True):
        assert np.array_equal(before.channels["cheeks"], after.channels["cheeks"])
    assert not any(frame.channels for frame in load_motion(path, ()).frames), "left unread by who does not know it"
    retargeter = Retargeter(portrait_face.points, driver.neutral, settings)
    for moment in retime(smooth_file(again, 0.5), Fraction(30)):
        assert retargeter(moment).channels["cheeks"].shape == (1,)
