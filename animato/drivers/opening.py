"""Open a driver by path."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from animato.appearance.channels import CHANNELS
from animato.drivers.base import Driver
from animato.drivers.motion_file import MotionDriver
from animato.drivers.sound import SoundDriver
from animato.drivers.video import VideoDriver
from animato.media.sound_file import is_sound
from animato.motion.bundled import FOLDER as BUNDLED
from animato.motion.channel import Channel
from animato.motion.motion_file import SUFFIX, load_motion
from animato.settings.animate import AnimateSettings
from animato.tracking.face_finder import FaceFinder


def open_driver(
    path: Path, settings: AnimateSettings, finder: FaceFinder, channels: Sequence[Channel] = CHANNELS
) -> Driver:
    """Open a video, a sound or a motion file as driver.

    Raises:
        InputError: the file cannot be read, or shows no face.
        UsageError: a time setting lies outside the file, or does not apply to it.
    """
    if path.suffix.lower() == SUFFIX:
        parser = None if path.parent == BUNDLED else finder.engine.parser  # ours are no stranger's
        return MotionDriver(path, load_motion(path, channels, parser=parser), settings)
    return open_recording(path, settings, finder, channels)


def open_recording(
    path: Path, settings: AnimateSettings, finder: FaceFinder, channels: Sequence[Channel] = CHANNELS
) -> Driver:
    """Open a video or a sound as driver.

    Raises:
        InputError: the file cannot be read, or shows no face.
        UsageError: a time setting lies outside the file, or does not apply to it.
    """
    if is_sound(path):
        return SoundDriver(path, settings)
    return VideoDriver(path, settings, finder, channels)
