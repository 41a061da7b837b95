"""A driver tracked in a subprocess gives the same results as one tracked in process; the subprocess always ends."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from main_job import FPS, Material, speaking_frames, write_video

import animato
from animato import AnimateSettings
from animato.drivers import driver_process
from animato.drivers.driver_process import ARRAYS, SCALARS, SubprocessDriver, start_subprocess_driver
from animato.drivers.video import VideoDriver
from animato.errors import AnimatoError, FaceError, InputError
from animato.motion.motion_frame import MotionFrame
from animato.pipeline import casting
from animato.pipeline.factory import build_scene
from animato.runtime import child_process
from animato.runtime.engine import Engine
from animato.runtime.stage_clock import StageClock
from animato.tracking.face_finder import FaceFinder

CROP = AnimateSettings(frame="crop", size=256)


def ended(child: subprocess.Popen[bytes]) -> bool:
    """Whether a process ends within five seconds."""
    for _ in range(100):
        if child.poll() is not None:
            return True
        time.sleep(0.05)
    return False


def test_the_renderer_is_made_while_the_driver_is_opened(made: Material, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    opened, make = SubprocessDriver.opened, casting.make_renderer
    monkeypatch.setattr(SubprocessDriver, "opened", lambda driver: (steps.append("opened"), opened(driver))[1])
    monkeypatch.setattr(casting, "make_renderer", lambda *args: (steps.append("made"), make(*args))[1])
    with ExitStack() as stack:
        cast = casting.open_cast([casting.cast_input(made.person, made.driver)], CROP, Engine(2), stack, None)
        scene, _ = build_scene(cast, CROP, Engine(2))
    assert steps == ["made", "opened"] and cast[0].made is not None
    assert scene.actors[0].renderer is cast[0].made[1]


def test_a_subprocess_driver_equals_an_in_process_driver_on_every_pass(made: Material) -> None:
    settings = replace(CROP, end=0.8)
    local, remote = (
        VideoDriver(made.driver, settings, FaceFinder(Engine(1))),
        SubprocessDriver(made.driver, settings).opened(),
    )
    clock = StageClock()
    expected = list(local.frames(clock))
    assert (remote.fps, remote.has_audio, remote.report.neutral_time) == (
        local.fps,
        local.has_audio,
        local.report.neutral_time,
    )
    for name in ("rotation", "apertures", "eye_widths", "mouth_width"):
        np.testing.assert_array_equal(getattr(remote.neutral, name), getattr(local.neutral, name))
    for _ in range(2):
        remote_clock = StageClock()
        found = list(remote.frames(remote_clock))
        assert len(found) == len(expected) > 3
        for one, other in zip(found, expected, strict=True):
            for name in SCALARS + ARRAYS:
                np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
            assert one.channels.keys() == other.channels.keys()
            for name, value in one.channels.items():
                np.testing.assert_array_equal(value, other.channels[name])
        assert set(remote_clock.seconds) == set(clock.seconds)
        assert (remote.report.jitter, remote.duration) == (local.report.jitter, local.duration)
        assert remote.report.warnings == local.report.warnings
        assert remote.report.memory_mb is None or remote.report.memory_mb > 50


def test_every_field_of_a_motion_frame_is_sent() -> None:
    assert {field.name for field in fields(MotionFrame)} == {*SCALARS, *ARRAYS, "channels"}


def test_errors_of_the_subprocess_equal_those_raised_in_process(made: Material, tmp_path: Path) -> None:
    (tmp_path / "no.mp4").write_bytes(b"not a video")
    blank = write_video(tmp_path / "blank.mp4", [np.full_like(speaking_frames()[0], 90)] * 4, FPS)
    for path, settings in ((tmp_path / "no.mp4", CROP), (blank, CROP), (made.driver, replace(CROP, neutral=99.0))):
        messages = []
        for opened in (
            lambda p, s: VideoDriver(p, s, FaceFinder(Engine(1))),
            lambda p, s: SubprocessDriver(p, s).opened(),
        ):
            with pytest.raises(AnimatoError) as problem:
                opened(path, settings)
            messages.append((type(problem.value), problem.value.lines()))
        assert messages[0] == messages[1]


def test_without_a_python_executable_no_subprocess_is_started(made: Material, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    assert start_subprocess_driver(made.driver, CROP) is None


def test_a_subprocess_that_fails_to_start_raises_an_error(made: Material, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_process, "_BOOTSTRAP", "raise SystemExit(1)")
    driver = SubprocessDriver(made.driver, CROP)
    with pytest.raises(AnimatoError, match="exited unexpectedly"):
        driver.opened()


def test_closing_the_frames_early_ends_the_subprocess(made: Material) -> None:
    driver = SubprocessDriver(made.driver, CROP).opened()
    assert driver._child is not None
    child, frames = driver._child.popen, driver.frames(StageClock())
    next(frames)
    frames.close()  # type: ignore[attr-defined]
    assert child.returncode is not None


def test_garbage_collection_of_the_driver_ends_the_subprocess(made: Material) -> None:
    driver = SubprocessDriver(made.driver, CROP)
    assert driver._child is not None
    child = driver._child.popen
    assert child.poll() is None
    del driver
    gc.collect()
    assert child.returncode is not None


def test_the_subprocess_ends_with_its_parent(made: Material) -> None:
    program = (
        "import os, sys; from pathlib import Path; from animato import AnimateSettings; "
        "from animato.drivers.driver_process import SubprocessDriver; "
        "print(SubprocessDriver(Path(sys.argv[1]), AnimateSettings())._child.popen.pid, flush=True); os._exit(1)"
    )
    run = subprocess.run([sys.executable, "-c", program, str(made.driver)], capture_output=True, text=True, check=False)
    number = int(run.stdout)
    deadline = time.monotonic() + 20
    while Path(f"/proc/{number}").exists() and "zombie" not in Path(f"/proc/{number}/status").read_text("utf-8"):
        assert time.monotonic() < deadline, "still running"
        time.sleep(0.1)


def test_a_killed_subprocess_raises_an_error(made: Material) -> None:
    driver = SubprocessDriver(made.driver, CROP).opened()
    frames = driver.frames(StageClock())
    next(frames)
    assert driver._child is not None
    driver._child.popen.kill()
    with pytest.raises(AnimatoError, match=r"speaker\.mp4 exited unexpectedly"):
        list(frames)


def test_the_subprocess_ignores_ctrl_c(made: Material) -> None:
    driver = SubprocessDriver(made.driver, CROP)
    assert driver._child is not None
    if hasattr(os, "getsid"):
        assert os.getsid(driver._child.popen.pid) == driver._child.popen.pid, "not one of those the terminal interrupts"
    driver.opened()
    driver._child.popen.send_signal(signal.SIGINT)
    assert len(list(driver.frames(StageClock()))) > 3


def test_the_subprocess_imports_nothing_from_the_working_folder(
    made: Material, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("json", "signal", "numpy", "animato"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('imported from the working folder')\n")
    monkeypatch.chdir(tmp_path)
    driver = SubprocessDriver(made.driver, CROP).opened()
    assert driver.fps == FPS
    driver.close()


def test_motion_files_and_a_single_thread_use_no_subprocess(made: Material) -> None:
    assert start_subprocess_driver(Path("talk.motion"), CROP) is None
    assert start_subprocess_driver(made.driver, replace(CROP, threads=1)) is None


def test_a_render_is_the_same_with_and_without_a_subprocess(made: Material, out: Path) -> None:
    single = animato.animate(made.person, made.driver, out / "one.mp4", replace(CROP, end=0.4, threads=1))
    multi = animato.animate(made.person, made.driver, out / "two.mp4", replace(CROP, end=0.4, threads=2))
    assert (single.frames, single.jitter, single.driver_jitter) == (multi.frames, multi.jitter, multi.driver_jitter)
    assert single.driver_memory_mb is None
    assert multi.driver_memory_mb is not None or sys.platform == "win32", "only the second was tracked in a subprocess"
    assert set(single.milliseconds) == set(multi.milliseconds)


def test_an_unusable_photo_leaves_no_subprocess(
    made: Material, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[subprocess.Popen[bytes]] = []
    start = SubprocessDriver._start

    def noted(driver: SubprocessDriver) -> None:
        start(driver)
        assert driver._child is not None
        started.append(driver._child.popen)

    monkeypatch.setattr(driver_process.SubprocessDriver, "_start", noted)
    with pytest.raises((FaceError, InputError)):
        animato.animate(np.full((200, 200, 3), 90, np.uint8), made.driver, out / "a.mp4", CROP)
    gc.collect()
    assert len(started) == 1
    assert ended(started[0])


def test_the_child_listens_to_its_parent_before_its_large_imports() -> None:
    code = "import animato.runtime.parent_pipe, sys; print(sorted({'numpy', 'av', 'cv2'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert child_process._BOOTSTRAP.index("lines_from_parent(") < child_process._BOOTSTRAP.index(".main(lines")
