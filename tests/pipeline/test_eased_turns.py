"""Turns beyond what the photos support are eased in the finished video, and it is said once; `turn=free` lifts it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from main_job import Material, finder

from animato import AnimateSettings
from animato.appearance.channels import CHANNELS
from animato.cli.main import run
from animato.drivers.opening import open_driver
from animato.geometry.pose import HeadPose, rotation_exp, rotation_log
from animato.motion.bundled import bundled
from animato.motion.motion_file import load_motion, save_motion
from animato.pipeline.actor import Actor, Cast
from animato.pipeline.factory import build_scene
from animato.runtime.stage_clock import StageClock

SETTINGS = AnimateSettings(frame="crop", size=256, model="geometry", threads=1)
BEYOND = "the driver turns the head further than the photos support"


def yaw(pose: HeadPose) -> float:
    return pose.degrees()[0]


@pytest.fixture(scope="module")
def looking_around(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled look with its turns made three times as large: up to about 48 degrees to both sides."""
    clip = load_motion(bundled()["look"], CHANNELS)
    frames = tuple(
        replace(frame, rotation=rotation_exp(3 * rotation_log(frame.rotation)), time=number / 25)
        for number, frame in enumerate(clip.frames[::10])
    )
    path = tmp_path_factory.mktemp("motion") / "around.motion"
    save_motion(path, replace(clip, frames=frames, duration=len(frames) / 25))
    return path


def actor(made: Material, motion: Path, settings: AnimateSettings) -> tuple[Actor, list[float]]:
    """The actor of a scene, and the yaw of each of its targets."""
    cast = [Cast(made.person, open_driver(motion, settings, finder()))]
    (actor,) = build_scene(cast, settings, finder().engine)[0].actors
    return actor, [yaw(actor.retargeter(frame).pose) for frame in actor.driver.frames(StageClock())]


def test_a_driver_who_turns_too_far_is_eased(made: Material, looking_around: Path) -> None:
    eased, shown = actor(made, looking_around, SETTINGS)
    free, wanted = actor(made, looking_around, replace(SETTINGS, turn="free"))
    supported = made.person.supported_turn(eased.view.is_closed)
    low, high = supported.yaw
    inside = (np.array(wanted) > low + 0.1) & (np.array(wanted) < high - 0.1)
    np.testing.assert_array_equal(np.array(shown)[inside], np.array(wanted)[inside])
    assert max(wanted) > high + 5
    assert high < max(shown) < max(wanted) - 2
    assert low > min(shown) > min(wanted) + 2
    assert [BEYOND in warning for warning in eased.retargeter.warnings()].count(True) == 1
    assert not [warning for warning in free.retargeter.warnings() if BEYOND in warning]


def test_the_command_says_so_once(
    made: Material, looking_around: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = ["animate", str(made.photo), "-d", str(looking_around), "--frame", "crop", "--size", "256", "--json"]
    notes = {}
    for turn in ("eased", "free"):
        assert run([*base, "--model", "geometry", "--turn", turn, "-o", str(out / f"{turn}.mp4")]) == 0
        notes[turn] = [note for note in json.loads(capsys.readouterr().out)["warnings"] if BEYOND in note]
    (note,) = notes["eased"]
    assert "--turn free does not limit turns" in note
    assert notes["free"] == []
    assert run([*base, "--turn", "wild", "-o", str(out / "wild.mp4")]) == 2
