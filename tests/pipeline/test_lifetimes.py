"""Whatever ends a render - an error that somebody keeps, a dropped iterator, Ctrl-C - no thread or process stays."""

from __future__ import annotations

import gc
import subprocess
import threading
import weakref
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from main_job import Material, contents, prepared

import animato
from animato import AnimateSettings
from animato.drivers.driver_process import SubprocessDriver
from animato.drivers.motion_file import MotionDriver
from animato.errors import AnimatoError, InterruptedRunError
from animato.pipeline.compositor import Compositor
from animato.pipeline.flow import frames_of
from animato.pipeline.output import Output, Watermarker
from animato.pipeline.prefetch import THREAD_NAME, prefetch
from animato.renderers.warp.renderer import GeometryRenderer
from animato.runtime import child_process
from animato.runtime.child_process import ChildProcess
from animato.runtime.engine import Engine
from animato.runtime.openvino_network import OpenVinoNetwork
from animato.runtime.stage_clock import StageClock

SMALL = AnimateSettings(frame="crop", size=128, model="geometry", end=0.3)


@pytest.fixture(autouse=True)
def without_collector() -> Iterator[None]:
    """What ends only when the collector comes has not ended."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    """The processes that track drivers, as they are started."""
    started: list[subprocess.Popen[bytes]] = []
    popen = subprocess.Popen

    def noted(*arguments: Any, **more: Any) -> subprocess.Popen[bytes]:
        started.append(popen(*arguments, **more))
        return started[-1]

    monkeypatch.setattr(child_process.subprocess, "Popen", noted)
    return started


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name in (THREAD_NAME, "compile")]


def broken(*_arguments: object, **_more: object) -> Any:
    raise RuntimeError("in the middle")


STAGES = (
    (MotionDriver, "frames"),
    (GeometryRenderer, "warp"),
    (Compositor, "compose"),
    (Watermarker, "frame"),
)


@pytest.mark.parametrize(("owner", "name"), STAGES, ids=lambda value: getattr(value, "__name__", value))
@pytest.mark.parametrize("count", [1, 2])
def test_an_error_that_is_kept_keeps_no_thread(
    made: Material, owner: type, name: str, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owner, name, broken)
    with pytest.raises(RuntimeError, match="in the middle") as kept:
        list(animato.render(made.person, "nod", replace(SMALL, threads=count, end=None)))
    assert threads() == []
    assert kept.value is not None


def test_an_error_that_is_handled_frees_what_it_went_through() -> None:
    class Picture:
        pass

    alive = []

    def items() -> Iterator[Picture]:
        picture = Picture()
        alive.append(weakref.ref(picture))
        yield picture
        raise ValueError("no more")

    with suppress(ValueError):
        list(prefetch(items()))
    closed = prefetch(items())
    next(closed)
    closed.close()  # the error waits in the queue, maybe
    del closed
    assert [one() for one in alive] == [None, None]


def test_an_iterator_whose_end_fails_says_so_and_ends() -> None:
    def items() -> Iterator[int]:
        try:
            yield from range(1000)
        finally:
            raise ValueError("while closing")

    made = prefetch(items())
    next(made)
    made.close()
    assert threads() == []


@pytest.mark.parametrize("taken", [0, 1, 3])
def test_an_iterator_that_is_dropped_leaves_no_thread(made: Material, taken: int) -> None:
    frames = animato.render(made.person, "nod", replace(SMALL, end=None))
    for _ in range(taken):
        next(frames)
    del frames
    assert threads() == []


def test_a_kept_iterator_bounds_nothing_while_it_waits(made: Material) -> None:
    before = cv2.getNumThreads()
    cv2.setNumThreads(4)
    try:
        frames = animato.render(made.person, "nod", replace(SMALL, threads=1))
        next(frames)
        assert cv2.getNumThreads() == 4
        frames.close()
    finally:
        cv2.setNumThreads(before)


@pytest.mark.parametrize("photo", [np.full((200, 200, 3), 90, np.uint8), Path("nobody.jpg")], ids=["grey", "missing"])
def test_a_kept_error_about_the_photo_keeps_no_process(
    made: Material, out: Path, photo: Any, children: list[subprocess.Popen[bytes]]
) -> None:
    with pytest.raises(AnimatoError) as kept:
        animato.animate(photo, made.driver, out / "a.mp4", SMALL)
    assert not any(child.poll() is None for child in children)
    assert threads() == []
    assert kept.value is not None


@pytest.mark.parametrize(
    ("at", "problem"),
    [
        ("start", KeyboardInterrupt()),
        ("opened", KeyboardInterrupt()),
        ("render", KeyboardInterrupt()),
        ("render", RuntimeError("in the middle")),
    ],
)
def test_whatever_stops_a_run_no_process_thread_or_file_stays(
    made: Material,
    out: Path,
    at: str,
    problem: BaseException,
    children: list[subprocess.Popen[bytes]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def stop(*_arguments: object, **_more: object) -> Any:
        raise problem

    owner, name = {
        "start": (ChildProcess, "write_line"),
        "opened": (SubprocessDriver, "opened"),
        "render": (Output, "write"),
    }[at]
    monkeypatch.setattr(owner, name, stop)
    with pytest.raises(InterruptedRunError if isinstance(problem, KeyboardInterrupt) else RuntimeError) as kept:
        animato.animate(made.person, made.driver, out / "a.mp4", SMALL)
    assert len(children) == 1
    assert children[0].returncode is not None
    assert threads() == []
    assert contents(out) == []
    assert kept.value is not None


def test_a_driver_in_a_with_block_ends_with_it(made: Material) -> None:
    with SubprocessDriver(made.driver, SMALL) as driver:
        assert driver._child is not None
        child = driver._child.popen
        assert child.poll() is None
    assert child.returncode is not None


def test_one_thread_bounds_every_library(
    made: Material, out: Path, monkeypatch: pytest.MonkeyPatch, children: list[subprocess.Popen[bytes]]
) -> None:
    """Counted where each library reports it, while a render runs."""
    counts: dict[str, set[int]] = {"decoder": set(), "encoder": set(), "networks": set(), "opencv": set()}
    python: set[int] = set()
    before = cv2.getNumThreads()
    cv2.setNumThreads(4)

    def watch(owner: Any, name: str, seen: Any) -> None:
        original = getattr(owner, name)

        def watched(*arguments: Any, **more: Any) -> Any:
            result = original(*arguments, **more)
            seen(arguments, result)
            return result

        monkeypatch.setattr(owner, name, watched)

    def stage(*_: object) -> None:
        counts["opencv"].add(cv2.getNumThreads())
        python.add(threading.active_count())

    for owner, name in ((GeometryRenderer, "warp"), (Compositor, "compose"), (Output, "write")):
        watch(owner, name, stage)
    threads_of = "INFERENCE_NUM_THREADS"
    watch(OpenVinoNetwork, "__init__", lambda given, _: counts["networks"].add(given[1].get_property(threads_of)))
    codec = animato.media.reader.VideoReader  # type: ignore[attr-defined]
    watch(codec, "_open", lambda given, _: counts["decoder"].add(given[0]._decoder._stream.codec_context.thread_count))
    writer = animato.media.video_writer  # type: ignore[attr-defined]
    watch(writer, "_add_video", lambda _, stream: counts["encoder"].add(stream.codec_context.thread_count))
    monkeypatch.setattr("animato.animator.Engine", Engine)
    try:
        alone = threading.active_count()
        animato.animate(made.person, made.driver, out / "a.mp4", replace(SMALL, threads=1, end=0.2))
        assert cv2.getNumThreads() == 4
    finally:
        cv2.setNumThreads(before)
    assert counts == {library: {1} for library in counts}
    assert python == {alone}
    assert children == []


def test_the_frames_of_a_job_end_with_their_threads(made: Material) -> None:
    job, _ = prepared(made.person, "nod", SMALL)
    frames = frames_of(job, StageClock())
    next(frames)
    assert threads()
    frames.close()
    assert threads() == []
