"""Uneven clips follow their most frequent rate, and an avi header that cannot be true is not followed blindly."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from media_material import draw_counter, number_of, tone, write_clip

from animato.media.reader import open_video
from animato.pipeline.actor import output_rate
from animato.pipeline.output_plan import rate_warnings
from animato.settings.animate import AnimateSettings

DARK = np.cumsum([0.0, *[1 / 30] * 40, *[1 / 12] * 20]).tolist()
"""A phone's 30 frames a second that fall to 12 in a dark room."""

DROPPED = [number / 30 for number in range(80) if number % 5 != 3]
"""Every fifth frame of 30 a second is missing."""

SCREEN = [number / 60 for number in range(160) if number < 60 or number % 10 == 0]
"""A recording of a screen: 60 a second while something moves."""


def clip(folder: Path, times: Sequence[float], suffix: str = "mp4") -> Path:
    frames = [draw_counter(number) for number in range(len(times))]
    codec = "libvpx" if suffix == "webm" else "libx264"
    return write_clip(folder / f"a.{suffix}", frames, times=times, fps=30, codec=codec)


@pytest.mark.parametrize("suffix", ["mp4", "webm"])
@pytest.mark.parametrize(
    ("times", "rate"), [(DARK, 30), (DROPPED, 30), (SCREEN, 60)], ids=["dark", "dropped", "screen"]
)
def test_an_uneven_clip_follows_its_most_frequent_rate(
    tmp_path: Path, times: list[float], rate: int, suffix: str
) -> None:
    with open_video(clip(tmp_path, times, suffix)) as video:
        read = list(video)
        assert video.info.fps == rate
        assert len(read) == len(times)
        assert [frame.time for frame in read] == pytest.approx(times, abs=0.002)
        (said,) = video.warnings
    assert "the frame rate varies" in said
    assert f"the most frequent, {rate}, is followed" in said
    assert "`fps`" in said


@pytest.mark.parametrize("suffix", ["mp4", "webm"])
@pytest.mark.parametrize("rate", [Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(60)])
def test_an_even_clip_keeps_its_rate_and_nothing_is_said(tmp_path: Path, rate: Fraction, suffix: str) -> None:
    times = [float(number / rate) for number in range(40)]
    with open_video(clip(tmp_path, times, suffix)) as video:
        list(video)
        stated = 30 if suffix == "webm" else float(rate)  # webm states what `write_clip` was told
        assert float(video.info.fps) == pytest.approx(
            stated if abs(stated / rate - 1) < 0.03 else float(rate), rel=0.02
        )
        assert video.warnings == ()


def avi(folder: Path, rate: int, sound: bool, seconds: float = 2.4) -> Path:
    """60 frames at 25 a second whose header states another rate."""
    heard = tone(seconds, 44_100, [1.0]) if sound else None
    frames = [draw_counter(number) for number in range(60)]
    path = write_clip(folder / "a.avi", frames, codec="mpeg4", sound=heard, sound_codec="mp3")
    data = bytearray(path.read_bytes())
    struct.pack_into("<II", data, data.index(b"vids") + 20, 1, rate)  # dwScale, dwRate of AVISTREAMHEADER
    struct.pack_into("<I", data, data.index(b"avih") + 8, 1_000_000 // rate)  # dwMicroSecPerFrame
    path.write_bytes(bytes(data))
    return path


@pytest.mark.parametrize("rate", [1, 240, 600, 1000, 100_000])
def test_an_avi_header_that_cannot_be_true_gives_way_to_the_length_of_the_sound(tmp_path: Path, rate: int) -> None:
    with open_video(avi(tmp_path, rate, sound=True)) as video:
        read = list(video)
        assert video.info.fps == 25
        assert [number_of(frame.image) for frame in read] == list(range(60))
        assert read[-1].time == pytest.approx(59 / 25)
        (said,) = video.warnings
    assert f"the avi header states {rate} frames a second; by the length of its sound, 25 were assumed" in said


def test_an_avi_header_that_cannot_be_true_without_sound_means_25(tmp_path: Path) -> None:
    with open_video(avi(tmp_path, 1000, sound=False)) as video:
        assert len(list(video)) == 60
        assert video.info.duration == pytest.approx(2.4)
        assert video.end == pytest.approx(2.4)
        (said,) = video.warnings
    assert "states 1000 frames a second, which is implausible; 25 were assumed" in said


@pytest.mark.parametrize(("start", "end"), [(1.0, None), (0.0, 1.0), (0.5, 1.5)])
def test_stretches_of_such_a_file_are_counted_too(tmp_path: Path, start: float, end: float | None) -> None:
    with open_video(avi(tmp_path, 1000, sound=True), start=start, end=end) as video:
        read = [number_of(frame.image) for frame in video]
    assert read == list(range(round(25 * start), round(25 * (end or 2.4))))


def test_an_avi_file_whose_sound_and_pictures_differ_in_length_is_noted(tmp_path: Path) -> None:
    with open_video(avi(tmp_path, 50, sound=True)) as video:
        list(video)
        assert video.info.fps == 50, "pictures may end before the sound does: the header is followed"
        assert "may be wrong; save it as mp4 with the right one" in video.warnings[0]


def test_an_ordinary_avi_file_needs_no_note(tmp_path: Path) -> None:
    for sound in (True, False):
        with open_video(avi(tmp_path, 25, sound)) as video:
            assert len(list(video)) == 60
            assert (video.info.fps, video.warnings) == (25, ())


def test_a_driver_faster_than_its_video_is_noted_with_the_option_that_keeps_all() -> None:
    driver = SimpleNamespace(fps=Fraction(120))
    fps = output_rate(driver.fps, None)
    (said,) = rate_warnings(driver, fps, AnimateSettings())  # type: ignore[arg-type]
    assert said == "the driver has 120 frames per second, the video 60; `fps=120` keeps all of them"
    assert rate_warnings(driver, fps, AnimateSettings(fps=60)) == []  # type: ignore[arg-type]
    assert rate_warnings(SimpleNamespace(fps=Fraction(30)), Fraction(30), AnimateSettings()) == []  # type: ignore[arg-type]
