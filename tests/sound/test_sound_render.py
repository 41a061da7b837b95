"""From a photo and a sound to a video: the voice is in it, strengths work, and motion is recorded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from main_job import Material, first_sound, made, own_home, stream_facts
from voice import write_voice

import animato
from animato.appearance.channels import CHANNELS
from animato.cli.main import run
from animato.motion.motion_file import load_motion

__all__ = ["made", "own_home"]

SMALL = {"frame": "crop", "size": 128, "model": "geometry", "threads": 1}


@pytest.fixture
def spoken(tmp_path: Path) -> Path:
    return write_voice(tmp_path / "speech.wav", 1.0, [(0.4, 0.8)], gain=0.9)


def test_a_photo_speaks_with_the_voice_of_the_sound(made: Material, spoken: Path, tmp_path: Path) -> None:
    result = animato.animate(made.photo, str(spoken), tmp_path / "out.mp4", **SMALL)
    facts = stream_facts(tmp_path / "out.mp4")
    assert (result.frames, facts["frames"], facts["rate"], facts["sound"]) == (25, 25, 25.0, ["aac"])
    assert first_sound(tmp_path / "out.mp4") == pytest.approx(0.41, abs=0.03)
    animato.animate(made.person, spoken, tmp_path / "cut.mp4", start=0.2, sound=False, offset={"smile": 0.4}, **SMALL)
    cut = stream_facts(tmp_path / "cut.mp4")
    assert (cut["sound"], cut["frames"]) == ([], 20)


def test_a_head_streams_frames_of_a_sound(made: Material, spoken: Path) -> None:
    options = {name: value for name, value in SMALL.items() if name != "threads"}
    with (
        animato.Animator(threads=1) as animator,
        animator.head(made.photo).animate(spoken, end=0.2, **options) as stream,
    ):
        assert len(list(stream)) == 5


def test_the_strength_of_the_mouth_scales_the_lips(made: Material, spoken: Path) -> None:
    def change(mouth: float) -> float:
        frames = list(animato.render(made.person, spoken, mouth=mouth, eyes=0, pose=0, brows=0, **SMALL))
        return float(max(np.abs(frame.astype(int) - frames[0]).mean() for frame in frames))

    assert change(0.0) < 0.2 * change(1.0)


def test_the_motion_of_a_sound_is_recorded(spoken: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "speech.motion"
    assert run(["motion", "record", str(spoken), "-o", str(target)]) == 0
    clip = load_motion(target, CHANNELS)
    assert (len(clip.frames), clip.fps, clip.duration) == (25, 25, pytest.approx(1.0))
    assert max(frame.apertures[2] for frame in clip.frames) > 0.1
