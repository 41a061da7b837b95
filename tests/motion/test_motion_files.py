"""Motion files: round trips are exact, contain no face shape, and untrusted files are safe to read."""

from __future__ import annotations

import io
import json
import re
import zipfile
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from motion_material import channels_of, clip, neutral, shaped, since

from animato.appearance.channels import CHANNELS
from animato.appearance.expression_light import LIGHT_VERTICES
from animato.appearance.mouth_grid import MOUTH_INTERIOR_SHAPE
from animato.appearance.residual_flow import RING_POINTS
from animato.errors import InputError, OutputError
from animato.motion.bundled import bundled, find_driver
from animato.motion.motion_file import STEP, MotionClip, load_motion, save_motion

NAMES = {"time", "rotation", "shift", "zoom", "apertures", "blendshapes", "seen", "expression"}


def test_a_round_trip_is_exact_within_quantisation(recorded: MotionClip, saved: Path) -> None:
    again = load_motion(saved, CHANNELS)
    for name in ("name", "attribution", "licence", "fps", "duration"):
        assert getattr(again, name) == getattr(recorded, name)
    assert len(again.frames) == len(recorded.frames)
    for ours, theirs in zip(again.frames, recorded.frames, strict=True):
        assert ours.time == theirs.time and ours.tracked == theirs.tracked
        assert np.abs(ours.expression - theirs.expression).max() <= STEP / 2 + 1e-6
        assert np.abs(ours.blendshapes - theirs.blendshapes).max() <= 0.5 / 255 + 1e-6
        assert np.abs(ours.rotation - theirs.rotation).max() < 1e-6
        assert np.abs(ours.rotation @ ours.rotation.T - np.eye(3)).max() < 1e-12
        assert np.abs(ours.translation - theirs.translation).max() < 1e-6 and abs(ours.scale - theirs.scale) < 1e-6
        assert np.abs(ours.apertures - theirs.apertures).max() < 1e-6
    assert again.neutral.eye_widths == recorded.neutral.eye_widths
    assert np.array_equal(again.neutral.apertures, recorded.neutral.apertures)


def test_residual_flow_round_trips_and_may_be_absent(recorded: MotionClip, tmp_path: Path) -> None:
    drifts = np.random.default_rng(2).normal(0, 1, (len(recorded.frames), RING_POINTS, 2)).astype(np.float32)
    frames = [
        replace(frame, channels=channels_of(residual_flow=drift))
        for frame, drift in zip(recorded.frames, drifts, strict=True)
    ]
    frames[3] = replace(frames[3], channels=channels_of(residual_flow=None))  # absent: stored as 0
    path = tmp_path / "drifting.motion"
    save_motion(path, replace(recorded, frames=tuple(frames)))
    drifts[3] = 0
    for frame, drift in zip(load_motion(path, CHANNELS).frames, drifts, strict=True):
        assert (
            frame.channels.get("residual_flow") is not None
            and np.abs(frame.channels["residual_flow"] - drift).max() <= STEP / 2 + 1e-6
        )
    save_motion(path, recorded)
    assert all(frame.channels.get("residual_flow") is None for frame in load_motion(path, CHANNELS).frames)


def test_rounding_errors_do_not_accumulate(recorded: MotionClip, tmp_path: Path) -> None:
    many = [replace(recorded.frames[n % 24], time=n / 25) for n in range(600)]
    path = tmp_path / "long.motion"
    save_motion(path, replace(recorded, frames=tuple(many), duration=24.0))
    last = load_motion(path, CHANNELS).frames[-1]
    assert np.abs(last.expression - many[-1].expression).max() <= STEP / 2 + 1e-6


def test_saving_what_was_loaded_gives_the_same_file(saved: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.motion"
    save_motion(again, load_motion(saved, CHANNELS))
    first, second = load_motion(saved, CHANNELS), load_motion(again, CHANNELS)
    assert all(np.array_equal(a.expression, b.expression) for a, b in zip(first.frames, second.frames, strict=True))


def test_the_file_contains_the_documented_members_and_no_picture(saved: Path) -> None:
    with zipfile.ZipFile(saved) as file:
        assert {info.filename for info in file.infolist()} == {"header.json", *(f"{name}.npy" for name in NAMES)}
        header = json.loads(file.read("header.json"))
    assert set(header) == {
        *("format", "version", "tool", "name", "attribution", "licence", "fps", "frames", "duration", "step", "neutral")
    }
    assert set(header["neutral"]) == {"rotation", "apertures", "eye_widths", "mouth_width"}
    assert saved.stat().st_size < 24 * 478 * 3 * 2  # less than two bytes a coordinate: no room for a picture


def test_motion_does_not_contain_the_face_shape(calm_local: np.ndarray, tmp_path: Path) -> None:
    files = []
    for name in ("plain", "wide", "long"):
        face = shaped(calm_local, name)
        frames = tuple(
            since(face, face + source.expression, time=n / 25) for n, source in enumerate(clip("talk").frames[:20])
        )
        path = tmp_path / f"{name}.motion"
        save_motion(path, MotionClip("x", "", "", Fraction(25), neutral(face), frames, 0.8))
        files.append(load_motion(path, CHANNELS))
    shapes_apart = np.abs(shaped(calm_local, "wide") - shaped(calm_local, "long")).mean()
    assert shapes_apart > 0.3
    for other in files[1:]:
        for ours, theirs in zip(files[0].frames, other.frames, strict=True):
            assert np.abs(ours.expression - theirs.expression).mean() < 0.03 * shapes_apart
        # At the neutral frame only tracking jitter remains: its landmarks are averaged over several crops.
    assert np.abs(files[0].frames[0].expression).max() < 0.05


@pytest.mark.parametrize("name", ["talk", "nod", "smile", "blink", "look"])
def test_bundled_motions_load_and_state_licence_and_credit(name: str) -> None:
    movement = load_motion(bundled()[name], CHANNELS)
    assert re.fullmatch(r"CC0-1\.0|CC BY 4\.0", movement.licence)
    assert movement.attribution and movement.name
    assert len(movement.frames) >= 50 and all(frame.tracked for frame in movement.frames)
    assert movement.frames[-1].time < movement.duration <= 10


def test_bundled_motions_match_their_names() -> None:
    from animato.geometry.pose import HeadPose

    def pitch(frame: Any) -> float:
        return HeadPose(frame.rotation, np.zeros(3), 1.0).degrees()[1]

    talk, nod, smile, blink, look = (clip(name).frames for name in ("talk", "nod", "smile", "blink", "look"))
    assert max(frame.apertures[2] for frame in talk) > 0.15 and min(frame.apertures[2] for frame in talk) < 0.012
    assert np.ptp([pitch(frame) for frame in nod]) > 8
    assert max(frame.expression[61, 0] * -1 for frame in smile) > 0.2  # the corner of the mouth goes outwards
    assert min(frame.apertures[0] for frame in blink) < 0.02 < 0.15 < max(frame.apertures[0] for frame in blink)
    assert np.ptp([frame.expression[468, 0] for frame in look]) > 0.2


def test_a_driver_is_a_file_or_a_bundled_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_driver("talk") == bundled()["talk"]
    assert find_driver("clips/talk.mp4") == Path("clips/talk.mp4")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nod").write_bytes(b"a clip without a suffix")
    assert find_driver("nod") == Path("nod")  # one's own file comes first
    with pytest.raises(InputError, match="no such driver: dance") as caught:
        find_driver("dance")
    assert "blink, look, nod, smile, talk" in (caught.value.where or "") and caught.value.hint


def test_a_motion_file_is_written_atomically(recorded: MotionClip, tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        save_motion(tmp_path / "missing" / "wave.motion", recorded)
    broken = replace(recorded, frames=(*recorded.frames, replace(recorded.frames[0], rotation=np.zeros((2, 2)))))
    with pytest.raises(ValueError):
        save_motion(tmp_path / "wave.motion", broken)
    assert list(tmp_path.iterdir()) == []


def test_the_mouth_interior_round_trips_and_may_be_absent(recorded: MotionClip, tmp_path: Path) -> None:
    shown = np.random.default_rng(4).uniform(0, 1, (len(recorded.frames), *MOUTH_INTERIOR_SHAPE)).astype(np.float32)
    frames = [
        replace(frame, channels=channels_of(mouth_interior=inside))
        for frame, inside in zip(recorded.frames, shown, strict=True)
    ]
    frames[2] = replace(frames[2], channels=channels_of(mouth_interior=None))
    path = tmp_path / "teeth.motion"
    save_motion(path, replace(recorded, frames=tuple(frames)))
    again = load_motion(path, CHANNELS).frames
    assert [frame.channels.get("mouth_interior") is None for frame in again] == [
        number == 2 for number in range(len(again))
    ]
    for frame, inside in zip(again, shown, strict=True):
        assert (
            frame.channels.get("mouth_interior") is None
            or np.abs(frame.channels["mouth_interior"] - inside).max() <= 0.5 / 250 + 1e-6
        )
    save_motion(path, recorded)
    assert all(frame.channels.get("mouth_interior") is None for frame in load_motion(path, CHANNELS).frames)


def test_version_1_mouths_and_eyes_are_migrated(recorded: MotionClip, tmp_path: Path) -> None:
    shown = np.linspace(0, 250, 30).astype(np.uint8).reshape(5, 6)
    path, first = tmp_path / "now.motion", tmp_path / "first.motion"
    save_motion(path, recorded)
    inside = np.stack([np.full((5, 6), 255, np.uint8), *[shown] * (len(recorded.frames) - 1)])
    with zipfile.ZipFile(path) as read, zipfile.ZipFile(first, "w") as written:
        header = json.loads(read.read("header.json"))
        written.writestr("header.json", json.dumps(header | {"version": 1}))
        for name in read.namelist():
            if name != "header.json":
                written.writestr(name, read.read(name))
        buffer = io.BytesIO()
        np.save(buffer, inside)
        written.writestr("inside.npy", buffer.getvalue())
        buffer, steps = io.BytesIO(), np.zeros((len(inside), 504, 3), np.int8)
        steps[0, 468:486], steps[0, 486:] = np.arange(18)[:, None], 30
        np.save(buffer, steps)
        written.writestr("shade.npy", buffer.getvalue())
    absent, *present = load_motion(first, CHANNELS).frames
    assert absent.channels.get("mouth_interior") is None
    for frame in present:
        assert (
            frame.channels.get("mouth_interior") is not None
            and frame.channels["mouth_interior"].shape == MOUTH_INTERIOR_SHAPE
            and frame.channels.get("expression_light") is not None
        )
        bright, red = frame.channels["mouth_interior"][..., 0], frame.channels["mouth_interior"][..., 1]
        assert bright.min() == 0 and bright.max() == 1
        assert red[abs(bright - 0.3) < 0.05].min() > 0.15 and red[bright == 1].max() == 0, (
            "a tongue is red, teeth are not"
        )
        assert red[bright == 0].max() < 0.06
        assert (
            frame.channels["expression_light"].shape == (LIGHT_VERTICES, 3)
            and (frame.channels["expression_light"] == 0).all()
        ), "eyes are left out"


def test_expression_light_round_trips_and_is_absent_in_older_files(recorded: MotionClip, tmp_path: Path) -> None:
    shades = np.random.default_rng(5).uniform(-1, 1, (len(recorded.frames), LIGHT_VERTICES, 3)).astype(np.float32)
    shades[0], shades[1] = 1.0, -1.0
    frames = [
        replace(frame, channels=channels_of(expression_light=shade))
        for frame, shade in zip(recorded.frames, shades, strict=True)
    ]
    frames[2] = replace(frames[2], channels=channels_of(expression_light=None))
    path = tmp_path / "folds.motion"
    save_motion(path, replace(recorded, frames=tuple(frames)))
    again = load_motion(path, CHANNELS).frames
    for number, (frame, shade) in enumerate(zip(again, shades, strict=True)):
        assert frame.channels.get("expression_light") is not None
        assert np.abs(frame.channels["expression_light"] - (0 if number == 2 else shade)).max() <= 0.5 / 60 + 1e-6
    save_motion(path, recorded)
    assert all(frame.channels.get("expression_light") is None for frame in load_motion(path, CHANNELS).frames)
