"""Material of the end-to-end tests, made once per run: a photo, drivers, and what reads the outputs back."""

from __future__ import annotations

import wave
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from sample_photo import sample_photo

from animato.drivers.opening import open_driver
from animato.head.head import Head
from animato.media.audio import AudioSource
from animato.media.image import save_picture
from animato.media.reader import open_video
from animato.media.writer import open_writer
from animato.motion.bundled import find_driver
from animato.pipeline.actor import Scene
from animato.pipeline.casting import shared_finder
from animato.pipeline.factory import single_actor_scene
from animato.pipeline.flow import frames_of
from animato.pipeline.framing import Framing, frame_head
from animato.renderers.warp.renderer import GeometryRenderer
from animato.runtime.engine import Engine
from animato.runtime.stage_clock import StageClock
from animato.settings.animate import AnimateSettings
from animato.tracking.face_finder import FaceFinder
from animato.types import Frame

RATE = 44_100
FPS = 25
BEEP = 0.28
"""Seconds at which the driver's beep begins."""
FRAMES = 15
"""Frames of the driver: 0.6 s."""


@dataclass(frozen=True)
class Material:
    """Files that many tests read and none writes.

    Attributes:
        photo: 512 x 512 PNG with one face.
        person: the person in it.
        driver: 15 frames of a speaking face with one beep, mp4.
        gap: 16 frames at 5 a second; no face from 0.6 s to 2.4 s.
        faceless: a video in which no face is.
        speech: 2 s of sound with a beep at 0.1 s, wav.
    """

    photo: Path
    person: Head
    driver: Path
    gap: Path
    faceless: Path
    speech: Path


@lru_cache(maxsize=1)
def finder() -> FaceFinder:
    """The face networks, compiled once for all tests: compiling takes longer than most of them."""
    return shared_finder(shared_engine(2))


@lru_cache(maxsize=4)
def shared_engine(threads: int) -> Engine:
    """An engine whose networks are compiled once for all tests."""
    return Engine(threads)


@lru_cache(maxsize=1)
def speaking_frames() -> tuple[Frame, ...]:
    """The portrait saying something: 15 unmarked frames of 512 x 512."""
    settings = AnimateSettings(frame="crop", start=0.4, end=0.4 + FRAMES / FPS)
    return tuple(unmarked(Head.from_photos([sample_photo()], finder=finder()), "talk", settings))


@lru_cache(maxsize=1)
def material(folder: Path) -> Material:
    """Make the files below a folder."""
    folder = folder / "main-job"
    folder.mkdir()
    photo, speech, beeping = folder / "portrait.png", folder / "speech.wav", folder / "beeping.wav"
    save_picture(photo, sample_photo())
    write_sound(speech, 2.0, 0.1)
    write_sound(beeping, FRAMES / FPS, BEEP)
    frames = speaking_frames()
    blank = np.full_like(frames[0], 90)
    return Material(
        photo=photo,
        person=Head.from_photos([photo], finder=finder()),
        driver=write_video(folder / "speaker.mp4", frames, FPS, beeping),
        gap=write_video(folder / "gap.mp4", [*frames[:3], *[blank] * 9, *frames[3:7]], 5),
        faceless=write_video(folder / "wall.mp4", [blank] * 3, FPS),
        speech=speech,
    )


def prepared(person: Head, driver: str | Path, settings: AnimateSettings) -> tuple[Scene, Framing]:
    """Everything a rendering needs, connected as the library connects it."""
    framing = frame_head(person.photo, settings)
    moving = open_driver(find_driver(str(driver)), settings, finder())
    return single_actor_scene(framing, moving, GeometryRenderer(framing.view), settings), framing


def unmarked(person: Head, driver: str | Path, settings: AnimateSettings) -> list[Frame]:
    """The frames of a rendering before they are marked."""
    return list(frames_of(prepared(person, driver, settings)[0], StageClock()))


def write_sound(path: Path, seconds: float, beep: float) -> Path:
    """Write silence with a 1 kHz beep of 0.1 s as a wav file."""
    time = np.arange(round(seconds * RATE)) / RATE
    heard = (time >= beep) & (time < beep + 0.1)
    samples = (np.sin(2 * np.pi * 1000 * time) * heard * 26_000).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    return path


def write_video(path: Path, frames: Iterable[Frame], fps: int, sound: Path | None = None) -> Path:
    """Write frames (all of one size) and a sound file as a video."""
    pictures = list(frames)
    height, width = pictures[0].shape[:2]
    audio = AudioSource(sound) if sound else None
    with open_writer(path, width=width, height=height, fps=Fraction(fps), audio=audio) as writer:
        for picture in pictures:
            writer.write(picture)
    return path


def read_frames(path: Path) -> list[Frame]:
    """Decode every frame of a video."""
    with open_video(path) as video:
        return [frame.image for frame in video]


def stream_facts(path: Path) -> dict[str, Any]:
    """What a container says of its streams, counted by decoding."""
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        facts: dict[str, Any] = {
            "codec": video.codec_context.codec.canonical_name,
            "pixels": video.codec_context.pix_fmt,
            "rate": float(video.average_rate),
            "size": (video.codec_context.width, video.codec_context.height),
            "sound": [stream.codec_context.codec.canonical_name for stream in container.streams.audio],
        }
        facts["frames"] = sum(1 for _ in container.decode(video))
    return facts


def first_sound(path: Path) -> float:
    """Seconds at which a file is first loud."""
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            loud = np.abs(frame.to_ndarray().astype(np.float64)).reshape(-1, frame.samples).max(axis=0)
            loud = loud / (32_768 if frame.format.name.startswith("s16") else 1)
            if (loud > 0.2).any():
                return float(frame.time) + int(np.argmax(loud > 0.2)) / frame.sample_rate
    raise AssertionError("no sound")


def boxes(path: Path) -> list[str]:
    """Names of the boxes at the top of an mp4, in order."""
    data, place, names = path.read_bytes(), 0, []
    while place + 8 <= len(data):
        size, name = int.from_bytes(data[place : place + 4], "big"), data[place + 4 : place + 8]
        names.append(name.decode("latin-1"))
        place += size if size >= 8 else len(data)
    return names


def contents(folder: Path) -> Sequence[str]:
    """Names of everything in a folder, hidden files too."""
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Material:
    """Photo, drivers and sound, made once."""
    return material(tmp_path_factory.getbasetemp())


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the key and the notes on outputs away from the user's own, and compile the face networks once."""
    home = tmp_path_factory.getbasetemp() / "home"
    home.mkdir(exist_ok=True)
    monkeypatch.setenv("ANIMATO_HOME", str(home))
    monkeypatch.setattr("animato.animator.Engine", lambda threads, _device, _backend: shared_engine(threads))
    monkeypatch.setattr("animato.head.head.FaceFinder", finder)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """An empty folder for outputs."""
    folder = tmp_path / "out"
    folder.mkdir()
    return folder
