"""Delay and drops read from pixels, through camera, threads, loop and virtual camera."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from live_fakes import FakeClock
from test_virtual_camera import read_raw

from animato.live import bench
from animato.live.bench import bench_loop, write_numbered_clip
from animato.live.camera_source import CameraSource
from animato.live.loop import LiveLoop
from animato.live.performer import Performer
from animato.live.proof import Passthrough, numbered_frame, read_number
from animato.media.camera import camera_frames
from animato.media.camera_output import CameraOutput
from animato.motion.dropouts import mix
from animato.motion.motion_frame import MotionFrame
from animato.runtime.stage_clock import StageClock
from animato.types import Frame, TimedFrame

FPS = Fraction(30)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("numbers") / "numbers.mp4"
    write_numbered_clip(path, 8.0, FPS)
    return path


def test_numbers_are_read_back_after_any_size() -> None:
    for number in (0, 1, 1234, 65535):
        for width, height in ((64, 64), (320, 240), (1280, 720)):
            assert read_number(numbered_frame(number, width, height)) == number
    assert read_number(np.zeros((64, 64, 3), np.uint8)) is None


def test_motion_mixed_with_rest_leads_to_no_earlier_picture() -> None:
    face = Passthrough()
    motions = [face.follow(numbered_frame(number, 64, 64), float(number)).motion for number in range(3)]
    assert read_number(face.begin(motions[2])()) == 2
    assert read_number(face.begin(mix(motions[0], motions[2], 0.5))()) == 2


class Lockstep(Passthrough):
    """A renderer during which the camera goes on by a number of frames, all of which are tracked in turn."""

    def __init__(self, clip: Path, camera_frames_meanwhile: int) -> None:
        super().__init__()
        clock = FakeClock()
        self._clip = camera_frames(str(clip), 0, 0, 0.0, now=clock, wait=clock.wait)
        self._meanwhile = camera_frames_meanwhile
        self._may_yield, self._followed = threading.Semaphore(1), threading.Semaphore(0)
        self.newest, self._moment = -1, threading.Event()

    def frames(self) -> Iterator[TimedFrame]:
        for frame in self._clip:
            self._may_yield.acquire()
            self.newest = read_number(frame.image) or 0
            yield frame

    def begin(self, motion: MotionFrame, clock: StageClock | None = None) -> Callable[[], Frame]:
        picture = super().begin(motion)()
        for _ in range(self._meanwhile):
            wanted = self.newest + 1
            self._may_yield.release()
            while self.newest < wanted and not self.ended:
                self._moment.wait(0.001)
        return lambda: picture

    ended = False


@pytest.mark.parametrize("slowness", [1, 9], ids=["33 ms", "300 ms"])
def test_delay_is_constant_from_pixels_to_the_virtual_camera(clip: Path, tmp_path: Path, slowness: int) -> None:
    renderer = Lockstep(clip, slowness)
    camera = CameraOutput(tmp_path / "camera.yuv", 160, 120, 30)
    shown: list[tuple[int, int]] = []

    class Sink:
        def put(self, frame: Frame, captured: float) -> None:
            number = read_number(frame)
            assert number is not None
            shown.append((number, renderer.newest))
            camera.put(frame, captured)
            camera.write_next()

        def close(self) -> None:
            camera.close()

    source = CameraSource(renderer.frames, renderer.follow, once=True)
    clock = FakeClock()
    loop = LiveLoop(source, Performer(renderer.neutral), renderer, [Sink()], now=clock, wait=clock.wait)

    def advance() -> None:
        clock.seconds += slowness / 30
        if renderer.newest >= 220:
            renderer.ended = True
            stop.set()
            renderer._may_yield.release(1000)

    stop = threading.Event()
    loop.run(stop, advance)
    settled = shown[len(shown) // 3 :]
    late = np.array([newest - number for number, newest in settled])
    # While a frame is rendered the camera goes on by `slowness`; one frame more may be in the tracker's hands.
    assert late.min() >= slowness and late.max() <= slowness + 2
    numbers = [number for number, _ in settled]
    assert numbers == sorted(numbers)
    assert source.dropped >= (slowness - 1) * len(settled)
    written = [read_number(frame) for frame in read_raw(tmp_path / "camera.yuv", 160, 120)]
    assert written[-len(settled) :] == numbers


def test_the_benchmark_reads_its_figures_from_pixels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "SETTLED_SECONDS", 0.3)  # the time in which motion is eased in
    write_numbered_clip(tmp_path / "short.mp4", 1.5, FPS)
    result = bench_loop(tmp_path / "short.mp4", FPS, 0.0)
    assert result.frames >= 10 and result.delay_p50 > 0
