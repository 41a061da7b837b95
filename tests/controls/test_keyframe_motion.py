"""Key frames become a motion file that holds exactly the controls at their times, eased in between."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from animato.cli.main import run
from animato.errors import FileFormatError, UsageError
from animato.motion.controls import motion_of
from animato.motion.keyframes import EASES, Keyframe, load_keyframes, motion_from_keyframes
from animato.motion.motion_file import load_motion

SMILE = {"smile": 0.8, "yaw": 10.0}


def smiles(frames: Any) -> list[float]:
    full = np.abs(motion_of({"smile": 1.0}).expression).sum()
    return [float(np.abs(frame.expression).sum() / full) for frame in frames]


def test_controls_hold_at_their_times_and_before_the_first() -> None:
    clip = motion_from_keyframes([Keyframe(0.4, {"smile": 0.2}), Keyframe(1.2, {"smile": 0.8}), Keyframe(2.0)], fps=25)
    assert len(clip.frames) == 51 and clip.duration == pytest.approx(2.04)
    assert [smiles(clip.frames)[index] for index in (0, 10, 30, 50)] == pytest.approx([0.2, 0.2, 0.8, 0.0], abs=1e-4)


@pytest.mark.parametrize(
    ("ease", "halfway"), [("linear", 0.5), ("smooth", 0.5), ("in", 0.25), ("out", 0.75), ("hold", 0.0)]
)
def test_the_ease_shapes_the_way_to_the_next_key_frame(ease: str, halfway: float) -> None:
    clip = motion_from_keyframes([Keyframe(0, {}, ease), Keyframe(1, {"smile": 1.0})], fps=10)
    assert smiles(clip.frames)[5] == pytest.approx(halfway, abs=1e-4)
    assert smiles(clip.frames)[10] == pytest.approx(1.0)


def test_eases_start_at_rest_and_rise() -> None:
    for ease in EASES.values():
        values = [ease(share) for share in np.linspace(0, 1, 21)]
        assert values[0] == 0 and all(np.diff(values) >= 0)


def test_the_same_key_frames_give_the_same_frames() -> None:
    first, second = (motion_from_keyframes([Keyframe(0), Keyframe(1, SMILE)]) for _ in range(2))
    for one, other in zip(first.frames, second.frames, strict=True):
        np.testing.assert_array_equal(one.expression, other.expression)
        np.testing.assert_array_equal(one.rotation, other.rotation)


def write(path: Path, **changes: Any) -> Path:
    data: dict[str, Any] = {"format": "animato-keyframes", "version": 1, "name": "Hello", "fps": 25}
    data |= {"keyframes": [{"time": 0}, {"time": 0.4, "controls": SMILE, "ease": "linear"}]}
    path.write_text(json.dumps(data | changes))
    return path


def test_the_command_makes_a_motion_file_that_is_read_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, target = write(tmp_path / "hello.json"), tmp_path / "hello.motion"
    assert run(["motion", "make", str(source), "-o", str(target)]) == 0
    assert "11 frames, 0.44 s" in capsys.readouterr().out
    clip = load_motion(target, ())
    assert clip.name == "Hello"
    assert np.abs(clip.frames[-1].expression - motion_of(SMILE).expression).max() < 1e-3
    assert run(["motion", "make", str(source), "-o", str(target)]) == 2  # it exists
    assert run(["motion", "make", str(source), "-o", str(tmp_path / "hello.mp4")]) == 2


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"keyframes": []}, "there are no key frames"),
        ({"keyframes": 3}, "has no list of key frames"),
        ({"keyframes": [3]}, "a key frame must be an object"),
        ({"keyframes": [{"controls": {}}]}, "the times of key frames must be seconds that grow from 0"),
        ({"keyframes": [{"time": 1}, {"time": 1}]}, "the times of key frames must be seconds that grow from 0"),
        ({"keyframes": [{"time": -1}]}, "the times of key frames must be seconds that grow from 0"),
        ({"keyframes": [{"time": 0, "ease": "bounce"}]}, "no such ease: bounce"),
        ({"keyframes": [{"time": 0, "controls": {"smile": 3}}]}, "smile must lie between"),
        ({"keyframes": [{"time": 0, "controls": {"neutralise": 1}}]}, "neutralise is no movement"),
        ({"keyframes": [{"time": 0}, {"time": 1e9}]}, "key frames end before"),
        ({"fps": 0}, "fps must lie between 1 and 120"),
        ({"fps": 10**400}, "fps must lie between 1 and 120"),
        ({"keyframes": [{"time": 10**400}]}, "the times of key frames must be seconds that grow from 0"),
        ({"fps": "25"}, "fps must lie between 1 and 120"),
        ({"version": 9}, "was written by a newer animato"),
        ({"format": "animato-expression"}, "is not a file of key frames"),
    ],
)
def test_unusable_files_are_refused_with_a_sentence(tmp_path: Path, changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(FileFormatError) as refused:
        load_keyframes(write(tmp_path / "k.json", **changes))
    assert sentence in refused.value.what


def test_unusable_values_of_the_library_are_refused() -> None:
    with pytest.raises(UsageError, match="no such control"):
        motion_from_keyframes([Keyframe(0, {"frown": 1.0})])
