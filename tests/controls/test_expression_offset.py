"""An offset is added to every frame of a driver, and keeps its blinks and closed lips."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from main_job import Material

from animato import AnimateSettings, Animator
from animato.appearance.channels import CHANNELS
from animato.drivers.motion_file import MotionDriver
from animato.drivers.offset import OffsetDriver
from animato.errors import UsageError
from animato.geometry.pose import HeadPose
from animato.motion.bundled import bundled
from animato.motion.expression_file import Expression, save_expression
from animato.motion.motion_file import load_motion
from animato.motion.offset import offset_motion, with_offset
from animato.pipeline.casting import cast_input, open_cast
from animato.pipeline.signing import offset_claim
from animato.runtime.engine import Engine
from animato.runtime.stage_clock import StageClock
from animato.trust.claim import public_settings

TALK = load_motion(bundled()["talk"], CHANNELS)


def talk() -> MotionDriver:
    return MotionDriver(bundled()["talk"], TALK, AnimateSettings())


def test_every_frame_has_the_offset_and_keeps_its_time_and_channels() -> None:
    driver = OffsetDriver(talk(), offset_motion({"smile": 0.5}))
    for moved, frame in zip(driver.frames(StageClock()), TALK.frames, strict=True):
        smile = offset_motion({"smile": 0.5}).expression
        assert moved.expression == pytest.approx(frame.expression + smile, abs=1e-6)
        assert moved.apertures == pytest.approx(frame.apertures, abs=1e-3)  # closed lips stay closed
        assert moved.time == frame.time and moved.channels is frame.channels
    assert driver.neutral is TALK.neutral and driver.fps == TALK.fps


def test_an_empty_offset_changes_nothing() -> None:
    frame = TALK.frames[10]
    moved = with_offset(frame, offset_motion({}))
    np.testing.assert_array_equal(moved.expression, frame.expression)
    assert moved.rotation == pytest.approx(frame.rotation)
    assert moved.apertures == pytest.approx(frame.apertures)


def test_an_angle_turns_the_head_further_and_the_eyes_keep_their_blinks() -> None:
    frame = replace(TALK.frames[0], rotation=np.eye(3), apertures=np.array([0.1, 0.2, 0.0]))
    moved = with_offset(frame, offset_motion({"yaw": 7, "blink": 1.0, "jaw_open": 0.5}))
    assert HeadPose(moved.rotation, np.zeros(3), 1.0).degrees()[0] == pytest.approx(7)
    assert moved.apertures[:2] == pytest.approx(0.0) and moved.apertures[2] > 0.05
    half = with_offset(frame, offset_motion({"blink": 0.3})).apertures
    assert 0 < half[0] < 0.1 and half[1] == pytest.approx(2 * half[0])


@pytest.mark.parametrize("offset", ["smile=0.5", {"smile": 0.5}])
def test_the_setting_offsets_the_driver_of_a_render(made: Material, offset: object) -> None:
    settings = AnimateSettings(offset=offset)  # type: ignore[arg-type]
    with ExitStack() as stack:
        cast = open_cast([cast_input(made.person, "talk")], settings, Engine(1), stack, None)
        first = next(iter(cast[0].driver.frames(StageClock())))
    smile = offset_motion({"smile": 0.5}).expression
    assert first.expression == pytest.approx(TALK.frames[0].expression + smile, abs=1e-6)


def test_the_credentials_name_the_values_of_an_offset_and_not_its_file(tmp_path: Path) -> None:
    path = tmp_path / "cheerful"
    save_expression(path, Expression("Cheerful", {"smile": 0.4, "yaw": -5.0}))
    claimed = offset_claim(AnimateSettings(offset=str(path)))
    assert claimed == "smile 0.4, yaw -5"
    assert public_settings({"offset": claimed}) == {"offset": claimed}


@pytest.mark.parametrize(
    ("offset", "sentence"),
    [("smle=1", "no such control: smle"), ("neutralise=1", "neutralise cannot be an offset")],
)
def test_an_unusable_offset_ends_the_render_before_it_begins(made: Material, offset: str, sentence: str) -> None:
    with Animator(threads=1) as animator, pytest.raises(UsageError) as refused:
        animator.stream(made.person, "talk", offset=offset)
    assert refused.value.what == sentence
