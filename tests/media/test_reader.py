"""Videos are read upright, in time, one frame at a time."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from gallery_faces import GALLERY
from media_material import QUARTERS, draw_corner, draw_counter, number_of, set_matrix, write_clip

from animato.errors import UsageError, VideoError
from animato.media.reader import open_video, resample
from animato.settings.media import ReaderSettings

RED, BLUE = (220, 30, 30), (30, 30, 220)


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt"),
    [
        ("a.mp4", "libx264", "yuv420p"),
        ("a.mov", "libx264", "yuv444p"),
        ("a.mp4", "libx265", "yuv420p10le"),
        ("a.mkv", "libsvtav1", "yuv420p"),
        ("a.webm", "libvpx-vp9", "yuv420p"),
        ("a.webm", "libvpx", "yuv420p"),
        ("a.avi", "mpeg4", "yuv420p"),
        ("a.avi", "libx264", "yuv420p"),
        ("a.avi", "mjpeg", "yuvj420p"),
        ("a.gif", "gif", "rgb8"),
    ],
)
def test_every_listed_format_gives_its_frames_in_order_and_time(
    counted_clip: Callable[..., Path], name: str, codec: str, pix_fmt: str
) -> None:
    quiet = {"libx265": {"x265-params": "log-level=none"}, "libsvtav1": {"preset": "12"}}.get(codec, {})
    path = counted_clip(12, name, codec=codec, pix_fmt=pix_fmt, options=quiet)
    with open_video(path) as video:
        frames = list(video)
    assert len(frames) == 12
    assert all(f.image.shape == (48, 64, 3) and f.image.dtype == np.uint8 for f in frames)
    assert np.allclose([f.time for f in frames], np.arange(12) / 25, atol=0.0015)
    levels = [float(np.median(f.image)) for f in frames]
    tolerance = 25 if codec == "gif" else 3
    assert np.abs(np.array(levels) - [20 + 3 * i for i in range(12)]).max() <= tolerance
    assert video.end == pytest.approx(12 / 25, abs=0.002)
    assert video.warnings == ()
    assert (video.info.width, video.info.height, video.info.has_audio) == (64, 48, False)
    assert video.info.fps == 25


def test_no_test_before_this_one_left_a_real_time_process() -> None:
    if not hasattr(os, "sched_getscheduler"):
        pytest.skip("this system has no sched_getscheduler")
    assert os.sched_getscheduler(0) not in (os.SCHED_FIFO, os.SCHED_RR)


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_a_turned_video_comes_out_upright(tmp_path: Path, degrees: int) -> None:
    scene = draw_corner(48, 64)
    stored = np.ascontiguousarray(np.rot90(scene, degrees // 90))  # counter-clockwise, as a turned camera stores it
    path = write_clip(tmp_path / "turned.mp4", [stored] * 3)
    set_matrix(path, QUARTERS[degrees])
    with open_video(path) as video:
        assert (video.info.width, video.info.height) == (48, 64)
        image = next(iter(video)).image
    assert image.shape == (64, 48, 3)
    assert np.abs(image[10, 10].astype(int) - RED).max() < 25
    assert np.abs(image[10, 38].astype(int) - BLUE).max() < 25
    assert image.flags.c_contiguous


@pytest.mark.parametrize(
    ("matrix", "undo"),
    [
        ((-1, 0, 0, 1), lambda a: a[:, ::-1]),
        ((1, 0, 0, -1), lambda a: a[::-1]),
        ((0, 1, 1, 0), lambda a: a.swapaxes(0, 1)),
    ],
)
def test_a_mirrored_video_is_mirrored_back(tmp_path: Path, matrix: tuple[int, int, int, int], undo: Callable) -> None:  # type: ignore[type-arg]
    scene = draw_corner(64, 48)
    path = write_clip(tmp_path / "mirrored.mp4", [np.ascontiguousarray(undo(scene))] * 2)
    set_matrix(path, matrix)
    with open_video(path) as video:
        image = next(iter(video)).image
    assert image.shape == scene.shape
    assert np.abs(image.astype(int) - scene).mean() < 6


def test_large_frames_are_made_smaller_and_small_ones_left(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "large.mp4", [draw_corner(320, 200)] * 2)
    set_matrix(path, QUARTERS[90])
    with open_video(path, max_side=80) as video:
        image = next(iter(video)).image
        assert (video.info.width, video.info.height) == (50, 80)
    assert image.shape == (80, 50, 3)
    assert np.abs(image[10, 40].astype(int) - RED).max() < 25
    with open_video(path, max_side=1000) as video:
        assert next(iter(video)).image.shape == (320, 200, 3)


def test_wide_pixels_are_made_square(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "wide.mp4", [draw_corner(64, 48)] * 2, options={"aspect": "8:3", "sar": "2:1"})
    with open_video(path) as video:
        shape = next(iter(video)).image.shape
    assert shape == (48, 128, 3)


def test_variable_rate_keeps_its_true_times(tmp_path: Path) -> None:
    times = [0.0, 0.033, 0.1, 0.133, 0.4, 0.433, 0.5]
    path = write_clip(tmp_path / "vfr.mp4", [draw_counter(i) for i in range(7)], times=times)
    with open_video(path) as video:
        frames = list(video)
    assert np.allclose([f.time for f in frames], times, atol=0.0015)
    assert [number_of(f.image) for f in frames] == list(range(7))


def test_a_long_variable_clip_becomes_constant_without_drift(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    times = np.round(np.concatenate([[0], np.cumsum(random.uniform(0.015, 0.06, 700))]), 3).tolist()
    path = write_clip(tmp_path / "vfr.mp4", (draw_counter(i) for i in range(701)), times=times)
    with open_video(path) as video:
        out = list(resample(video, Fraction(25), end=lambda: video.end))
        length = video.end
    assert abs(len(out) / 25 - length) <= 0.04
    for index, frame in enumerate(out):
        newest = max(i for i, t in enumerate(times) if t <= index / 25 + 0.0105)
        assert number_of(frame.image) in {newest % 70, (newest - 1) % 70}
        assert abs(times[newest] - index / 25) <= 0.061


def test_trimming_starts_with_the_frame_shown_then_and_counts_from_there(counted_clip: Callable[..., Path]) -> None:
    path = counted_clip(50)
    with open_video(path, start=0.5, end=1.0) as video:
        frames = list(video)
        assert video.info.duration == pytest.approx(0.5)
        assert video.info.frames in (12, 13)
    assert [number_of(f.image) for f in frames] == list(range(12, 25))
    assert np.allclose([f.time for f in frames], [0.0, *(np.arange(13, 25) / 25 - 0.5)], atol=1e-6)
    assert video.end == pytest.approx(0.5)


@pytest.mark.parametrize("name", ["long.mp4", "long.mkv"])
def test_a_late_start_jumps_and_still_hits_the_frame(counted_clip: Callable[..., Path], name: str) -> None:
    path = counted_clip(400, name, options={"g": "50"})
    with open_video(path, start=9.0) as video:
        frames = list(video)
    assert number_of(frames[0].image) == 225 % 70
    assert frames[0].time == 0.0
    assert frames[1].time == pytest.approx(0.04, abs=0.0015)
    assert len(frames) == 175


def test_reading_may_begin_early_at_a_key_frame(counted_clip: Callable[..., Path]) -> None:
    path = counted_clip(120, options={"g": "50", "sc_threshold": "0"})
    for early, first in ((0.0, 60), (0.3, 60), (0.5, 50), (4.0, 50)):
        with open_video(path, start=2.4, early=early) as video:
            frames = list(video)
        assert number_of(frames[0].image) == first and frames[0].time == 0.0 and len(frames) == 120 - first
        assert frames[1].time == pytest.approx(0.04, abs=0.0015)


def test_a_start_after_the_end_is_refused(counted_clip: Callable[..., Path]) -> None:
    path = counted_clip(10)
    with pytest.raises(VideoError, match="nothing is left"):
        open_video(path, start=2.0)
    for start, end in ((-1.0, None), (2.0, 1.0), (1.0, 1.0), (float("nan"), None)):
        with pytest.raises(UsageError):
            open_video(path, start=start, end=end)


def test_transparent_video_is_laid_on_grey(tmp_path: Path) -> None:
    path = tmp_path / "clear.gif"
    output = av.open(str(path), "w")
    stream = output.add_stream("gif", rate=10)
    stream.width, stream.height, stream.pix_fmt = 32, 32, "pal8"
    palette = np.zeros((256, 4), np.uint8)
    palette[0] = (0, 0, 0, 0)
    palette[1] = (255, 200, 10, 10)
    indices = np.zeros((32, 32), np.uint8)
    indices[:16] = 1
    output.mux(stream.encode(av.VideoFrame.from_ndarray((indices, palette), "pal8")))  # type: ignore[arg-type]
    output.mux(stream.encode(None))
    output.close()
    with open_video(path) as video:
        image = next(iter(video)).image
    assert np.all(image[:16] == (200, 10, 10))
    assert np.all(image[16:] == 192)


def test_a_video_is_read_once(counted_clip: Callable[..., Path]) -> None:
    with open_video(counted_clip(3)) as video:
        list(video)
        with pytest.raises(RuntimeError, match="open it again"):
            iter(video)


def test_frames_stay_valid_and_belong_to_the_caller(counted_clip: Callable[..., Path]) -> None:
    with open_video(counted_clip(8)) as video:
        frames = [f.image for f in video]
    for image in frames:
        image[0, 0] = 255
    assert [number_of(image) for image in frames] == list(range(8))


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_threads_do_not_change_the_frames(counted_clip: Callable[..., Path], threads: int) -> None:
    path = counted_clip(20)
    with open_video(path, settings=ReaderSettings(decode_threads=threads)) as video:
        assert [number_of(f.image) for f in video] == list(range(20))


def test_real_clips_read_as_their_list_says(shared_data: Path) -> None:
    listed = csv.DictReader((shared_data / "manifest.csv").read_text(encoding="utf-8").splitlines())
    rows = [row for row in listed if row["kind"] == "video"]
    for row in rows[:3]:
        with open_video(shared_data / row["path"]) as video:
            assert (video.info.width, video.info.height) == (int(row["width"]), int(row["height"]))
            assert sum(1 for _ in video) == int(row["frames"])
            assert float(video.info.fps) == pytest.approx(float(row["fps"]))
            assert video.warnings == ()


def test_the_packaged_clip_reads_to_its_end_in_even_steps() -> None:
    with open_video(GALLERY / "moving.gif") as video:
        frames = list(video)
        size = (video.info.height, video.info.width, 3)
        assert video.warnings == ()
    assert len(frames) > 20 and {frame.image.shape for frame in frames} == {size}
    steps = np.diff([frame.time for frame in frames])
    assert steps.min() > 0 and np.ptp(steps) < 0.02
