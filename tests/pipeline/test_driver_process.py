"""A driver tracked in a process of its own says what it would say here, and its process ends whatever happens."""

from __future__ import annotations

import gc
import io
import os
import signal
import subprocess
import sys
import time
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from main_job import FPS, Material, speaking_frames, write_video

import animato
from animato import AnimateSettings
from animato.drivers import driver_process
from animato.drivers.driver_process import ARRAYS, SCALARS, SubprocessDriver, receive, send, start_subprocess_driver
from animato.drivers.video import VideoDriver
from animato.errors import AnimatoError, FaceError, InputError
from animato.motion.motion_frame import MotionFrame
from animato.runtime.engine import Engine
from animato.runtime.stage_clock import StageClock
from animato.tracking.face_finder import FaceFinder

CROP = AnimateSettings(frame="crop", size=256)


def ended(child: subprocess.Popen[bytes]) -> bool:
    """Whether a process ends within a while."""
    for _ in range(100):
        if child.poll() is not None:
            return True
        time.sleep(0.05)
    return False


def test_it_says_what_a_driver_tracked_here_says_and_again_when_read_again(made: Material) -> None:
    settings = replace(CROP, end=0.8)
    here, there = (
        VideoDriver(made.driver, settings, FaceFinder(Engine(1))),
        SubprocessDriver(made.driver, settings).opened(),
    )
    clock = StageClock()
    wanted = list(here.frames(clock))
    assert (there.fps, there.has_audio, there.report.neutral_time) == (
        here.fps,
        here.has_audio,
        here.report.neutral_time,
    )
    for name in ("rotation", "apertures", "eye_widths", "mouth_width"):
        np.testing.assert_array_equal(getattr(there.neutral, name), getattr(here.neutral, name))
    for _ in range(2):
        told = StageClock()
        found = list(there.frames(told))
        assert len(found) == len(wanted) > 3
        for one, other in zip(found, wanted, strict=True):
            for name in SCALARS + ARRAYS:
                np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
            assert one.channels.keys() == other.channels.keys()
            for name, value in one.channels.items():
                np.testing.assert_array_equal(value, other.channels[name])
        assert set(told.seconds) == set(clock.seconds)
        assert (there.report.jitter, there.duration) == (here.report.jitter, here.duration)
        assert there.report.warnings == here.report.warnings
        assert there.report.memory_mb is None or there.report.memory_mb > 50


def test_every_field_of_a_moment_is_sent() -> None:
    assert {field.name for field in fields(MotionFrame)} == {*SCALARS, *ARRAYS, "channels"}


def test_what_is_wrong_there_is_said_here_in_the_same_words(made: Material, tmp_path: Path) -> None:
    (tmp_path / "no.mp4").write_bytes(b"not a video")
    blank = write_video(tmp_path / "blank.mp4", [np.full_like(speaking_frames()[0], 90)] * 4, FPS)
    for path, settings in ((tmp_path / "no.mp4", CROP), (blank, CROP), (made.driver, replace(CROP, neutral=99.0))):
        said = []
        for opened in (
            lambda p, s: VideoDriver(p, s, FaceFinder(Engine(1))),
            lambda p, s: SubprocessDriver(p, s).opened(),
        ):
            with pytest.raises(AnimatoError) as problem:
                opened(path, settings)
            said.append((type(problem.value), problem.value.lines()))
        assert said[0] == said[1]


def test_where_no_process_can_be_started_it_is_tracked_here(made: Material, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    assert start_subprocess_driver(made.driver, CROP) is None


def test_a_process_that_never_begins_is_a_sentence(made: Material, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver_process, "_BOOTSTRAP", "raise SystemExit(1)")
    driver = SubprocessDriver(made.driver, CROP)
    with pytest.raises(AnimatoError, match="exited unexpectedly"):
        driver.opened()


def test_who_stops_early_ends_the_process(made: Material) -> None:
    driver = SubprocessDriver(made.driver, CROP).opened()
    child, frames = driver._child, driver.frames(StageClock())
    assert child is not None
    next(frames)
    frames.close()  # type: ignore[attr-defined]
    assert child.returncode is not None


def test_a_driver_that_is_let_go_of_ends_its_process(made: Material) -> None:
    driver = SubprocessDriver(made.driver, CROP)
    child = driver._child
    assert child is not None
    assert child.poll() is None
    del driver
    gc.collect()
    assert child.returncode is not None


def test_the_process_ends_with_the_one_that_started_it(made: Material) -> None:
    told = (
        "import os, sys; from pathlib import Path; from animato import AnimateSettings; "
        "from animato.drivers.driver_process import SubprocessDriver; "
        "print(SubprocessDriver(Path(sys.argv[1]), AnimateSettings())._child.pid, flush=True); os._exit(1)"
    )
    run = subprocess.run([sys.executable, "-c", told, str(made.driver)], capture_output=True, text=True, check=False)
    number = int(run.stdout)
    deadline = time.monotonic() + 20
    while Path(f"/proc/{number}").exists() and "zombie" not in Path(f"/proc/{number}/status").read_text("utf-8"):
        assert time.monotonic() < deadline, "still there"
        time.sleep(0.1)


def test_a_process_that_dies_is_a_sentence(made: Material) -> None:
    driver = SubprocessDriver(made.driver, CROP).opened()
    frames = driver.frames(StageClock())
    next(frames)
    assert driver._child is not None
    driver._child.kill()
    with pytest.raises(AnimatoError, match=r"speaker\.mp4 exited unexpectedly"):
        list(frames)


def test_ctrl_c_is_left_to_the_parent(made: Material) -> None:
    driver = SubprocessDriver(made.driver, CROP)
    assert driver._child is not None
    if hasattr(os, "getsid"):
        assert os.getsid(driver._child.pid) == driver._child.pid, "not one of those the terminal interrupts"
    driver.opened()
    driver._child.send_signal(signal.SIGINT)
    assert len(list(driver.frames(StageClock()))) > 3


def test_the_folder_one_stands_in_lends_it_no_modules(
    made: Material, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("json", "signal", "numpy", "animato"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('not from here')\n")
    monkeypatch.chdir(tmp_path)
    driver = SubprocessDriver(made.driver, CROP).opened()
    assert driver.fps == FPS
    driver.close()


def test_motion_files_and_a_single_thread_are_read_here(made: Material) -> None:
    assert start_subprocess_driver(Path("talk.motion"), CROP) is None
    assert start_subprocess_driver(made.driver, replace(CROP, threads=1)) is None


def test_the_main_job_is_the_same_with_and_without(made: Material, out: Path) -> None:
    one = animato.animate(made.person, made.driver, out / "one.mp4", replace(CROP, end=0.4, threads=1))
    two = animato.animate(made.person, made.driver, out / "two.mp4", replace(CROP, end=0.4, threads=2))
    assert (one.frames, one.jitter, one.driver_jitter) == (two.frames, two.jitter, two.driver_jitter)
    assert one.driver_memory_mb is None
    assert two.driver_memory_mb is not None or sys.platform == "win32", "the one was tracked here, the other apart"
    assert set(one.milliseconds) == set(two.milliseconds)


def test_a_photo_that_cannot_be_used_leaves_no_process(
    made: Material, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[subprocess.Popen[bytes]] = []
    start = SubprocessDriver._start

    def noted(driver: SubprocessDriver) -> None:
        start(driver)
        assert driver._child is not None
        started.append(driver._child)

    monkeypatch.setattr(driver_process.SubprocessDriver, "_start", noted)
    with pytest.raises((FaceError, InputError)):
        animato.animate(np.full((200, 200, 3), 90, np.uint8), made.driver, out / "a.mp4", CROP)
    gc.collect()
    assert len(started) == 1
    assert ended(started[0])


def test_messages_arrive_whole_or_not_at_all() -> None:
    stream = io.BytesIO()
    arrays = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.zeros(0)}
    send(stream, "frame", {"time": 0.5}, arrays)
    whole = stream.getvalue()
    told = receive(io.BytesIO(whole))
    assert (told.kind, told.values) == ("frame", {"time": 0.5})
    np.testing.assert_array_equal(told.arrays["a"], arrays["a"])
    for length in (0, 10, len(whole) - 1):
        with pytest.raises(EOFError):
            receive(io.BytesIO(whole[:length]))
