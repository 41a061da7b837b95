"""Renders at once give the frames of one after the other, and every frame belongs to whoever gets it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
from main_job import Material, finder

import animato
from animato import AnimateSettings, Animator
from animato.drivers.opening import open_driver
from animato.motion.bundled import find_driver
from animato.pipeline.actor import Cast, Scene
from animato.pipeline.factory import build_scene
from animato.pipeline.flow import frames_of
from animato.runtime.engine import Engine
from animato.runtime.stage_clock import StageClock
from animato.trust.payload import MarkKind, MarkPayload
from animato.trust.watermark import Marker
from animato.types import Frame

SMALL = AnimateSettings(frame="crop", size=128, start=0.4, end=0.57, fps=25.0)
KINDS = (
    SMALL,
    replace(SMALL, pose=0.5),
    replace(SMALL, mouth=1.5, eyes=1.4),
    replace(SMALL, model="geometry"),
)
"""Four renders that differ, so that a picture in the wrong place shows; the mouth opens, so the networks paint."""


@pytest.fixture(scope="module")
def engine() -> Engine:
    """One engine for all renders of this file."""
    return Engine(2)


@pytest.fixture(autouse=True)
def one_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every output carries the same mark in the same place; each has its own otherwise."""
    payload = MarkPayload.random(MarkKind.DRIVEN)
    monkeypatch.setattr(MarkPayload, "random", lambda *_: payload)
    monkeypatch.setattr("animato.pipeline.output.Marker", lambda payload: Marker(payload, seed=7))


def scene_of(made: Material, settings: AnimateSettings, engine: Engine) -> Scene:
    cast = [Cast(made.person, open_driver(find_driver("talk"), settings, finder()))]
    return build_scene(cast, settings, engine)[0]


def rendered(made: Material, settings: AnimateSettings, engine: Engine) -> list[Frame]:
    return list(frames_of(scene_of(made, settings, engine), StageClock()))


def assert_same(found: list[Frame], wanted: list[Frame]) -> None:
    assert len(found) == len(wanted) >= 4
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.fixture(scope="module")
def one_by_one(made: Material, engine: Engine) -> list[list[Frame]]:
    """The frames of each kind, unmarked, rendered when nothing else runs."""
    found = [rendered(made, settings, engine) for settings in KINDS]
    assert len({frames[-1].tobytes() for frames in found}) == len(KINDS)
    return found


def test_eight_renders_at_once_are_those_of_one_after_the_other(
    made: Material, engine: Engine, one_by_one: list[list[Frame]]
) -> None:
    begin = threading.Barrier(8)

    def render(number: int) -> list[Frame]:
        scene = scene_of(made, KINDS[number % len(KINDS)], engine)
        begin.wait(60)
        return list(frames_of(scene, StageClock()))

    with ThreadPoolExecutor(8) as pool:
        for number, found in enumerate(pool.map(render, range(8))):
            assert_same(found, one_by_one[number % len(KINDS)])


def test_two_renders_under_zip_are_those_of_one_after_the_other(
    made: Material, engine: Engine, one_by_one: list[list[Frame]]
) -> None:
    first, second = (frames_of(scene_of(made, KINDS[number], engine), StageClock()) for number in (1, 2))
    with closing(first), closing(second):
        left, right = zip(*zip(first, second, strict=True), strict=True)
    assert_same(list(left), one_by_one[1])
    assert_same(list(right), one_by_one[2])


def test_a_renderer_keeps_nothing_of_the_frames_before(made: Material, engine: Engine) -> None:
    scene = scene_of(made, SMALL, engine)
    once, again = (list(frames_of(scene, StageClock())) for _ in range(2))
    assert_same(once, again)


def test_one_thread_gives_the_frames_of_two_and_starts_none(
    made: Material, engine: Engine, one_by_one: list[list[Frame]]
) -> None:
    before = threading.active_count()
    found = []
    for frame in frames_of(scene_of(made, replace(SMALL, threads=1), Engine(1)), StageClock()):
        assert threading.active_count() == before
        found.append(frame)
    assert_same(found, one_by_one[0])


async def _next_in_thread(frames: Iterator[Frame]) -> Frame | None:
    return await asyncio.to_thread(next, frames, None)


def test_the_library_renders_inside_a_running_event_loop(made: Material) -> None:
    settings = replace(SMALL, model="geometry")
    wanted = list(animato.render(made.person, "nod", settings))

    async def show() -> list[Frame]:
        with closing(animato.render(made.person, "nod", settings)) as frames:
            found = []
            while (frame := await _next_in_thread(frames)) is not None:
                found.append(frame)
            return found

    async def several() -> list[list[Frame]]:
        at_once = await asyncio.gather(*(show() for _ in range(3)))
        return [*at_once, list(animato.render(made.person, "nod", settings))]  # and one that holds the loop up

    with ThreadPoolExecutor(1) as pool:  # a loop of the page's tests may still be running in this thread
        for found in pool.submit(lambda: asyncio.run(several())).result():
            assert_same(found, wanted)


@pytest.mark.parametrize("settings", [SMALL, replace(SMALL, frame="photo", size=128)], ids=["crop", "photo"])
@pytest.mark.parametrize("still", [False, True])
def test_frames_are_owned_and_drawing_on_one_shows_in_no_other(
    made: Material, settings: AnimateSettings, still: bool
) -> None:
    settings = replace(settings, model="geometry")
    if still:
        settings = replace(settings, pose=0.0, mouth=0.0, eyes=0.0, brows=0.0)
    wanted = [frame.copy() for frame in animato.render(made.person, "nod", settings)]
    found, drawn = [], []
    for frame in animato.render(made.person, "nod", settings):
        assert frame.flags.owndata and frame.flags.writeable and frame.flags.c_contiguous
        found.append(frame.copy())
        frame[:] = 255
        drawn.append(frame)
    assert_same(found, wanted)
    assert len({id(frame) for frame in drawn}) == len(drawn)
    assert all((frame == 255).all() for frame in drawn), "nor is it written to later"


def test_unmarked_frames_are_owned_too(made: Material, engine: Engine, one_by_one: list[list[Frame]]) -> None:
    for settings, wanted in zip(KINDS, one_by_one, strict=True):
        found = []
        for frame in frames_of(scene_of(made, settings, engine), StageClock()):
            found.append(frame.copy())
            frame[:] = 0
        assert_same(found, wanted)


def test_streams_of_one_animator_in_threads_and_under_zip_are_those_of_one_after_the_other(made: Material) -> None:
    with Animator(threads=2) as animator:

        def streamed(settings: AnimateSettings) -> list[Frame]:
            with animator.stream(made.person, "talk", settings) as stream:
                return list(stream)

        wanted = [streamed(settings) for settings in KINDS]
        with ThreadPoolExecutor(4) as pool:
            for found, alone in zip(pool.map(streamed, KINDS), wanted, strict=True):
                assert_same(found, alone)
        with (
            animator.stream(made.person, "talk", KINDS[0]) as one,
            animator.stream(made.person, "talk", KINDS[3]) as two,
        ):
            left, right = zip(*zip(one, two, strict=True), strict=True)
        assert_same(list(left), wanted[0])
        assert_same(list(right), wanted[3])
