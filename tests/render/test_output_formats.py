"""A photo and a driver become the file that was asked for: format, rate, length, size, sound."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from main_job import BEEP, FPS, FRAMES, Material, boxes, contents, first_sound, read_frames, stream_facts

import animato
from animato import AnimateSettings
from animato.media.image import load_picture

CROP = AnimateSettings(frame="crop", size=256, end=0.2)


def test_a_photo_and_a_video_become_an_mp4_that_plays_everywhere(made: Material, out: Path) -> None:
    result = animato.animate(made.photo, made.driver, out / "a.mp4", AnimateSettings(frame="crop"))
    facts = stream_facts(out / "a.mp4")
    assert facts == {
        "codec": "h264",
        "pixels": "yuv420p",
        "rate": FPS,
        "size": (512, 512),
        "sound": ["aac"],
        "frames": FRAMES,
    }
    assert (result.frames, result.fps, result.width, result.height) == (FRAMES, FPS, 512, 512)
    order = boxes(out / "a.mp4")
    assert order.index("moov") < order.index("mdat"), "a player must not have to read the end first"
    assert contents(out) == ["a.mp4"]
    assert abs(first_sound(out / "a.mp4") - BEEP) < 0.03


def test_a_webm_keeps_its_sound_in_sync_and_its_credentials_beside_it(made: Material, out: Path) -> None:
    animato.animate(made.person, made.driver, out / "a.webm", replace(CROP, end=None))
    facts = stream_facts(out / "a.webm")
    assert (facts["codec"], facts["sound"], facts["frames"]) == ("vp9", ["opus"], FRAMES)
    assert abs(first_sound(out / "a.webm") - BEEP) < 0.03
    assert contents(out) == ["a.c2pa", "a.webm"]
