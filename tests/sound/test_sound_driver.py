"""A sound as driver: in sync, alive, the same each time, and refused with a sentence where it cannot be used."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from voice import RATE, voice, write_samples, write_voice

from animato.drivers.driver_process import SubprocessDriver
from animato.drivers.opening import open_driver
from animato.drivers.sound import SoundDriver
from animato.drivers.video import VideoDriver
from animato.errors import InputError, UsageError
from animato.geometry.apertures import mouth_width
from animato.media.sound_file import SoundFile, is_sound
from animato.motion.controls import basis, neutral_measures
from animato.motion.motion_frame import MotionFrame
from animato.motion.smooth import pose_vector
from animato.runtime.engine import Engine
from animato.runtime.stage_clock import StageClock
from animato.settings.animate import AnimateSettings
from animato.settings.media import ReaderSettings
from animato.tracking.face_finder import FaceFinder

SETTINGS = AnimateSettings(threads=1)
REST = float(neutral_measures().apertures[2])


def frames_of(path: Path, settings: AnimateSettings = SETTINGS) -> list[MotionFrame]:
    return list(SoundDriver(path, settings).frames(StageClock()))


def mouths(frames: list[MotionFrame]) -> np.ndarray:
    return np.array([frame.apertures[2] for frame in frames])


def write_encoded(path: Path, samples: np.ndarray, codec: str, rate: int = 48_000) -> Path:
    """Write mono samples at `RATE` with an encoder of FFmpeg."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples[None], format="flt", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, 0, Fraction(1, RATE)
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.fixture
def spoken(tmp_path: Path) -> Path:
    """Two vowels, at 1.0 to 1.4 s and 2.4 to 2.8 s of 4 s."""
    return write_voice(tmp_path / "spoken.wav", 4.0, [(1.0, 1.4), (2.4, 2.8)])


def test_the_mouth_opens_with_vowels_and_closes_in_silence(spoken: Path) -> None:
    frames = frames_of(spoken)
    assert len(frames) == 100 and [frame.time for frame in frames[:2]] == [0.0, 0.04]
    opening = mouths(frames)
    assert opening[25:36].max() > 0.1 and opening[60:71].max() > 0.1
    for silent in (opening[:20], opening[45:54], opening[80:]):
        assert np.abs(silent - REST).max() < 1e-6


def test_an_offset_of_the_sound_is_an_offset_of_the_lips(tmp_path: Path, spoken: Path) -> None:
    later = write_voice(tmp_path / "later.wav", 4.4, [(1.36, 1.76), (2.76, 3.16)])
    first, second = mouths(frames_of(spoken)), mouths(frames_of(later))
    scores = {lag: np.corrcoef(first[:90], second[lag : lag + 90])[0, 1] for lag in range(20)}
    assert max(scores, key=lambda lag: scores[lag]) == 9  # 0.36 s at 25 frames a second


def test_start_and_end_cut_the_sound(spoken: Path) -> None:
    driver = SoundDriver(spoken, AnimateSettings(start=0.8, end=2.0, threads=1))
    frames = list(driver.frames(StageClock()))
    assert driver.duration == pytest.approx(1.2) and len(frames) == 30
    assert np.corrcoef(mouths(frames), mouths(frames_of(spoken))[20:50])[0, 1] > 0.98


def test_the_head_lives_and_every_run_is_the_same(spoken: Path) -> None:
    frames, again = frames_of(spoken), frames_of(spoken)
    for one, other in zip(frames, again, strict=True):
        np.testing.assert_array_equal(one.expression, other.expression)
        np.testing.assert_array_equal(one.rotation, other.rotation)
    eyes = np.array([frame.apertures[0] for frame in frames])
    assert eyes[0] > 0.9 * eyes.max() and eyes.min() < 0.1 * eyes.max()  # a blink, but not at once
    poses = np.array([pose_vector(frame) for frame in frames])
    assert 0.01 < np.ptp(poses[:, :3], axis=0).max() < 1.0  # centimetres at the face


def test_more_frames_a_second_are_made_where_they_are_wanted(spoken: Path) -> None:
    fast = SoundDriver(spoken, AnimateSettings(fps=50, threads=1))
    assert fast.fps == 50 and len(list(fast.frames(StageClock()))) == 200
    assert SoundDriver(spoken, AnimateSettings(fps=10, threads=1)).fps == 25


@pytest.mark.parametrize(
    ("name", "codec"),
    [("s.mp3", "libmp3lame"), ("s.m4a", "aac"), ("s.mp4", "aac"), ("s.ogg", "libopus"), ("s.webm", "libopus"),
     ("s.flac", "flac")],
)  # fmt: skip
def test_a_sound_of_any_kind_drives(tmp_path: Path, spoken: Path, name: str, codec: str) -> None:
    encoded = write_encoded(tmp_path / name, voice(4.0, [(1.0, 1.4), (2.4, 2.8)]), codec)
    assert is_sound(encoded)
    driver = open_driver(encoded, SETTINGS, FaceFinder(Engine(1)))
    assert isinstance(driver, SoundDriver) and driver.has_audio
    opening, expected = mouths(list(driver.frames(StageClock()))), mouths(frames_of(spoken))
    scores = {lag: np.corrcoef(opening[5 + lag : 90 + lag], expected[5:90])[0, 1] for lag in range(-3, 4)}
    assert max(scores, key=lambda lag: scores[lag]) == 0 and scores[0] > 0.9


def test_a_video_with_sound_is_a_video(tmp_path: Path) -> None:
    assert not is_sound(tmp_path / "absent.mp4")
    (tmp_path / "text.mp4").write_text("no container")
    assert not is_sound(tmp_path / "text.mp4")


def test_a_silent_file_gives_a_closed_mouth_and_a_note(tmp_path: Path) -> None:
    driver = SoundDriver(write_samples(tmp_path / "silent.wav", np.zeros(2 * RATE, np.float32)), SETTINGS)
    frames = list(driver.frames(StageClock()))
    assert np.abs(mouths(frames) - REST).max() < 1e-6
    assert driver.report.warnings == ["no speech was found in the driver's sound; the mouth stays closed"]


def test_what_cannot_be_used_is_refused_with_a_sentence(tmp_path: Path, spoken: Path) -> None:
    (tmp_path / "broken.wav").write_bytes(b"RIFF\0\0\0\0WAVEfmt ")
    with pytest.raises(InputError, match="damaged or cut short"):
        SoundDriver(tmp_path / "broken.wav", SETTINGS)
    with pytest.raises(InputError, match="has no sound after 9 s"):
        SoundDriver(spoken, AnimateSettings(start=9, threads=1))
    with pytest.raises(UsageError, match="`neutral` applies to videos only"):
        SoundDriver(spoken, AnimateSettings(neutral=1, threads=1))
    with pytest.raises(InputError, match="is too long: 2 s"):
        list(SoundFile(spoken, 0.0, None, RATE, ReaderSettings(max_seconds=1.5)).blocks())
    short = write_samples(tmp_path / "short.wav", np.zeros(0, np.float32))
    with pytest.raises(InputError, match="holds no sound that can be decoded"):
        SoundDriver(short, SETTINGS)


def test_memory_does_not_grow_with_the_length_of_a_sound(tmp_path: Path) -> None:
    def peak(seconds: float) -> int:
        path = write_voice(tmp_path / f"{seconds:g}.wav", seconds, [(at, at + 0.3) for at in np.arange(0.5, seconds)])
        driver = SoundDriver(path, SETTINGS)
        tracemalloc.start()
        for _ in driver.frames(StageClock()):
            pass
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    peak(2.0)
    assert peak(60.0) < 1.1 * peak(30.0) + 200_000


def test_the_sealed_process_gives_the_same_motion(spoken: Path) -> None:
    local = frames_of(spoken)
    with SubprocessDriver(spoken, AnimateSettings()).opened() as remote:
        assert (remote.fps, remote.has_audio, remote.duration) == (25, True, 4.0)
        found = list(remote.frames(StageClock()))
    assert len(found) == len(local)
    for one, other in zip(found, local, strict=True):
        np.testing.assert_array_equal(one.expression, other.expression)
        np.testing.assert_array_equal(one.apertures, other.apertures)


@pytest.fixture(scope="module")
def tracked(shared_data: Path) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Lip gaps of a real clip: tracked, and from its sound alone; centimetres."""
    clip = shared_data / "talking" / "g02_06.mp4"
    settings = AnimateSettings(end=2.2, threads=1, stabilize_landmarks=False, stabilize=False)
    driver = VideoDriver(clip, settings, FaceFinder(Engine(1)), channels=())
    truth = mouths(list(driver.frames(StageClock()))) * driver.neutral.mouth_width
    found = frames_of(clip, settings)
    yield truth, np.array([frame.apertures[2] * mouth_width(basis().neutral) for frame in found])


@pytest.mark.data
def test_lips_are_in_sync_with_a_real_voice(tracked: tuple[np.ndarray, np.ndarray]) -> None:
    truth, found = tracked
    scores = {lag: np.corrcoef(truth[5:50], found[5 + lag : 50 + lag])[0, 1] for lag in range(-5, 6)}
    best = max(scores, key=lambda lag: scores[lag])
    assert abs(best) <= 1 and scores[best] > 0.5  # 40 ms
