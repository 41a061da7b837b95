"""Cameras: names, errors as sentences, retries with back-off, files at their own rate."""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import av.error
import numpy as np
import pytest
from live_fakes import FakeClock, moved
from main_job import Material, finder, speaking_frames

from animato.errors import AnimatoError, InputError, UsageError
from animato.live import camera_source
from animato.live.camera_source import RETRY_SECONDS, CameraSource
from animato.live.follow import NEUTRAL_SECONDS, FaceFollower
from animato.media.camera import camera_device, camera_error, camera_frames
from animato.settings.live import LiveSettings
from animato.types import TimedFrame

IMAGE = np.zeros((48, 64, 3), np.uint8)


@pytest.fixture(autouse=True)
def linux(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("animato.media.camera.sys.platform", "linux")


@pytest.mark.parametrize(
    ("source", "device"),
    [
        ("0", ("v4l2", "/dev/video0")),
        ("/dev/video2", ("v4l2", "/dev/video2")),
        ("lavfi:testsrc2", ("lavfi", "testsrc2")),
        ("rtsp://camera.local/1", (None, "rtsp://camera.local/1")),
    ],
)
def test_a_camera_is_named_in_four_ways(source: str, device: tuple[str | None, str]) -> None:
    assert camera_device(source) == device


def test_an_empty_name_is_refused() -> None:
    with pytest.raises(UsageError, match="`camera` is empty"):
        camera_device("")


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOENT, "is not there"),
        (errno.ENODEV, "was unplugged"),
        (errno.EACCES, "may not be used by this user"),
        (errno.EBUSY, "is in use by another program"),
        (errno.ETIMEDOUT, "sends no frames"),
        (errno.EIO, "stopped"),
        (9999, "cannot be opened"),
    ],
)
def test_what_is_wrong_is_said(number: int, words: str) -> None:
    problem = camera_error("0", OSError(number, "x"))
    assert problem.what == f"the camera 0 {words}" and problem.hint and problem.more == "docs/live.md"


def test_a_camera_that_is_not_there_is_a_sentence() -> None:
    with pytest.raises(InputError, match="the camera 57 is not there"):
        next(camera_frames("57", 640, 480, 30.0))


def test_any_source_of_ffmpeg_is_a_camera() -> None:
    frames = camera_frames("lavfi:testsrc2=size=64x48:rate=30", 64, 48, 30.0)
    assert [next(frames).image.shape for _ in range(3)] == [(48, 64, 3)] * 3
    frames.close()  # type: ignore[attr-defined]


def test_a_file_plays_at_its_own_rate(made: Material) -> None:
    clock = FakeClock()
    clock.seconds = 50.0
    times = [frame.time for frame in camera_frames(str(made.driver), 1, 1, 1.0, now=clock, wait=clock.wait)]
    np.testing.assert_allclose(times, 50.0 + np.arange(15) / 25, atol=1e-3)


def wait_for(condition: Callable[[], bool]) -> None:
    waiting = threading.Event()
    for _ in range(2000):
        if condition():
            return
        waiting.wait(0.005)
    raise AssertionError("it never happened")


def test_a_camera_that_fails_is_reopened_and_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camera_source, "RETRY_SECONDS", (0.0,))
    opened: list[int] = []
    plug = threading.Event()

    def frames() -> Iterator[TimedFrame]:
        opened.append(len(opened))
        if len(opened) < 4:
            raise camera_error("0", OSError(errno.EBUSY, "busy"))
        yield TimedFrame(IMAGE, 1.0)
        plug.wait()
        raise camera_error("0", av.error.FFmpegError(errno.ENODEV, "gone"))

    source = CameraSource(frames, lambda image, time: moved(time))
    try:
        taken = source.take(10.0)
        assert taken is not None and taken.captured == 1.0 and len(opened) == 4
        wait_for(lambda: source.status is None)
        plug.set()
        wait_for(lambda: source.status is not None)
        assert source.status == "the camera 0 was unplugged: plug it in again" or len(opened) > 4
        assert not source.finished
    finally:
        source.close()


def test_the_waits_grow() -> None:
    assert list(RETRY_SECONDS) == sorted(RETRY_SECONDS) and RETRY_SECONDS[-1] <= 10


def test_a_silent_camera_is_reported() -> None:
    clock, end = FakeClock(), threading.Event()

    def frames() -> Iterator[TimedFrame]:
        end.wait()
        return
        yield

    source = CameraSource(frames, lambda image, time: moved(time), now=clock, once=True)
    assert source.status is None
    clock.seconds = 5.0
    assert source.status == "the camera sends no frames"
    end.set()
    source.close()


def test_only_the_newest_frame_is_tracked_and_a_file_ends() -> None:
    followed: list[float] = []
    begun, go = threading.Event(), threading.Event()

    def follow(image: object, time: float) -> object:
        followed.append(time)
        begun.set()
        go.wait()
        return moved(time)

    def frames() -> Iterator[TimedFrame]:
        yield TimedFrame(IMAGE, 0.0)
        begun.wait()
        yield from (TimedFrame(IMAGE, float(number)) for number in range(1, 10))
        go.set()

    judged: list[object] = []
    source = CameraSource(frames, follow, judge=judged.append, once=True)  # type: ignore[arg-type]
    wait_for(lambda: len(followed) == 2)
    assert followed == [0.0, 9.0]
    assert source.dropped >= 8 and len(judged) == 2
    while source.take(5.0) is not None:
        pass
    assert source.finished
    source.close()


@pytest.mark.parametrize("problem", [InputError("damaged"), ValueError("a bug")])
def test_what_does_not_mend_itself_is_raised_in_the_loop(problem: Exception) -> None:
    def frames() -> Iterator[TimedFrame]:
        raise problem
        yield

    source = CameraSource(frames, lambda image, time: moved(time), once=True)
    with pytest.raises((AnimatoError, ValueError), match=r"damaged|a bug"):
        source.take(5.0)
    source.close()


def test_a_face_is_followed_after_the_neutral_frame_is_chosen() -> None:
    follower = FaceFollower(replace(LiveSettings(), smooth=0.0).animate_settings(), finder())
    follower.warm_up()
    frames, rate = speaking_frames(), 12.5
    results = [follower.motion(frame, index / rate) for index, frame in enumerate(frames)]
    first = next(index for index, result in enumerate(results) if result is not None)
    assert NEUTRAL_SECONDS * rate <= first <= NEUTRAL_SECONDS * rate + 3
    assert all(result is not None and result.motion.tracked for result in results[first:])
    blank = follower.motion(np.full_like(frames[0], 90), 2.0)
    assert blank is not None and not blank.motion.tracked
    neutral = results[first].neutral  # type: ignore[union-attr]
    follower.calibrate()
    again = [follower.motion(frame, 3 + index / rate) for index, frame in enumerate(frames)]
    assert again[0] is not None and again[0].neutral is neutral
    assert again[-1] is not None and again[-1].neutral is not neutral
