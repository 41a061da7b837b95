"""Motion files: motion without images of the driver's face and without its shape.

A `.motion` file is a zip archive of `header.json` and plain NumPy arrays (docs/formats.md). Reading executes no code:
sizes are checked before unpacking, object arrays are rejected, and every shape must match the header.
"""

from __future__ import annotations

import io
import json
import math
import os
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from animato.errors import FileFormatError
from animato.media.disk import whole_file
from animato.media.probe import read_head
from animato.media.untrusted import parsing
from animato.motion.channel import Channel, ChannelValues
from animato.motion.motion_file_checks import (
    FORMAT,
    SHAPES,
    VERSION,
    array_name_of,
    check_arrays,
    check_header,
    is_rotation,
)
from animato.motion.motion_frame import MotionFrame, Neutral
from animato.motion.quantize import STEP, delta_decode, delta_encode
from animato.runtime.parser import Parser, Result
from animato.runtime.partial_files import sweep_partials
from animato.settings.media import MotionFileSettings
from animato.version import __version__

MAX_MEMBERS = 64
SUFFIX = ".motion"

_BLOCK = 1 << 20


@dataclass(frozen=True)
class MotionClip:
    """A recorded motion.

    Attributes:
        name: title, one line.
        attribution: author to be credited, or "".
        licence: of the motion, or "".
        fps: frame rate of the recording, frames a second.
        neutral: the driver's neutral measures.
        frames: in order of time.
        duration: seconds.
    """

    name: str
    attribution: str
    licence: str
    fps: Fraction
    neutral: Neutral
    frames: tuple[MotionFrame, ...]
    duration: float


_NOT_READ = "is not a motion file, or it is damaged"
_HINT = "record one with: animato motion record clip.mp4 -o wave.motion"


def save_motion(path: Path, clip: MotionClip) -> None:
    """Write a motion file atomically.

    Raises:
        OutputError: the file cannot be written.
    """
    header = {
        "format": FORMAT,
        "version": VERSION,
        "tool": f"animato {__version__}",
        "name": clip.name,
        "attribution": clip.attribution,
        "licence": clip.licence,
        "fps": [clip.fps.numerator, clip.fps.denominator],
        "frames": len(clip.frames),
        "duration": clip.duration,
        "step": STEP,
        "neutral": {
            "rotation": clip.neutral.rotation.tolist(),
            "apertures": clip.neutral.apertures.tolist(),
            "eye_widths": list(clip.neutral.eye_widths),
            "mouth_width": clip.neutral.mouth_width,
        },
    }
    arrays = {
        "time": np.array([frame.time for frame in clip.frames], np.float64),
        "rotation": np.stack([frame.rotation for frame in clip.frames]).astype(np.float32),
        "shift": np.stack([frame.translation for frame in clip.frames]).astype(np.float32),
        "zoom": np.array([frame.scale for frame in clip.frames], np.float32),
        "apertures": np.stack([frame.apertures for frame in clip.frames]).astype(np.float32),
        "blendshapes": np.rint(np.stack([f.blendshapes for f in clip.frames]) * 255).clip(0, 255).astype(np.uint8),
        "seen": np.array([frame.tracked for frame in clip.frames], bool),
        "expression": delta_encode(np.stack([frame.expression for frame in clip.frames])),
    }
    channels = {name: channel for frame in clip.frames for name, channel in frame.channels.definitions.items()}
    for name, channel in channels.items():
        arrays[array_name_of(channel)] = channel.encode([frame.channels.get(name) for frame in clip.frames])
    sweep_partials(path.parent)
    with whole_file(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        file.writestr("header.json", json.dumps(header, indent=1))
        for name, array in arrays.items():
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, np.ascontiguousarray(array), allow_pickle=False)
            file.writestr(f"{name}.npy", buffer.getvalue())


def load_motion(
    path: Path, channels: Sequence[Channel], limits: MotionFileSettings | None = None, parser: Parser | None = None
) -> MotionClip:
    """Read a motion file.

    Args:
        path: of the file.
        channels: those to read; arrays of others are ignored.
        limits: on size, frames and duration.
        parser: unpacks it in a sealed process; None to unpack it in this process.

    Raises:
        FileFormatError: no such file, not a motion file, of a newer version, damaged, or too large.
        InputError: the process that unpacks it was ended by a limit.
    """
    limits = limits or MotionFileSettings()
    names = [array_name_of(channel) for channel in channels]
    task = {"path": os.fspath(path), "channels": names, "limits": vars(limits)}
    if parser is None:
        values, arrays = unpack_motion_task(task)
    else:
        most = round(limits.max_motion_megabytes * 1e6)
        values, arrays = parser.parse(unpack_motion_task, path.name, task, most)
    with parsing(path, _NOT_READ, hint=_HINT, more="docs/formats.md"):
        header = values["header"]
        check_header(path, header, limits)
        stored = [channel for channel in channels if array_name_of(channel) in arrays]
        migrated = {(name := array_name_of(channel)): channel.migrate(arrays[name]) for channel in stored}
        return _clip(path, header, {**arrays, **migrated}, stored, limits)


def unpack_motion_task(values: dict[str, Any]) -> Result:
    """Task: unpack header and arrays; what they say is checked by `load_motion`."""
    path, limits = Path(values["path"]), MotionFileSettings(**values["limits"])
    read_head(path, FileFormatError)
    with parsing(path, _NOT_READ, hint=_HINT, more="docs/formats.md"), zipfile.ZipFile(path) as file:
        megabytes = sum(info.file_size for info in file.infolist()) / 1e6
        if megabytes > limits.max_motion_megabytes or len(file.infolist()) > MAX_MEMBERS:
            raise FileFormatError(
                f"{path} is too large for a motion file",
                where=f"{megabytes:.0f} MB unpacked; up to {limits.max_motion_megabytes:.0f} MB are read",
                hint="record it in shorter pieces, with `start` and `end`",
            )
        header = json.loads(_content(file, "header.json"))
        check_header(path, header, limits)
        members = set(file.namelist())
        names = [*SHAPES, *(name for name in values["channels"] if f"{name}.npy" in members)]
        return {"header": header}, {name: _array(file, name) for name in names}


def _content(file: zipfile.ZipFile, name: str) -> bytes:
    """Read a member, but not more than the size stated in the directory, however much its data inflates to."""
    size = file.getinfo(name).file_size
    with file.open(name) as stream:
        parts = []
        while size > 0 and (part := stream.read(min(size, _BLOCK))):  # an unbounded read would inflate everything
            parts.append(part)
            size -= len(part)
    if size > 0:
        raise EOFError(f"{name} is cut short")
    return b"".join(parts)


def _array(file: zipfile.ZipFile, name: str) -> NDArray[Any]:
    """Read one numeric array; nothing is allocated for a header that declares more than the file contains."""
    stream = io.BytesIO(_content(file, f"{name}.npy"))
    if np.lib.format.read_magic(stream) != (1, 0):
        raise ValueError(f"{name} is in another array format")
    shape, fortran_order, dtype = np.lib.format.read_array_header_1_0(stream)
    values = stream.read()
    if dtype.hasobject or math.prod(shape) * dtype.itemsize != len(values):
        raise ValueError(f"{name} does not hold {dtype} {shape}")
    return np.frombuffer(values, dtype).reshape(shape, order="F" if fortran_order else "C")


def _clip(
    path: Path,
    header: dict[str, Any],
    arrays: dict[str, NDArray[Any]],
    channels: Sequence[Channel],
    limits: MotionFileSettings,
) -> MotionClip:
    count = header["frames"]
    check_arrays(path, count, arrays, channels, limits)
    try:
        neutral = _neutral(header["neutral"])
        fps = Fraction(*(int(part) for part in header["fps"]))
        duration, step = float(header["duration"]), float(header["step"])
        if not (1 <= fps <= 1000 and 0 < step < 1 and 0 <= duration <= limits.max_motion_seconds):
            raise ValueError("fps, step or duration out of range")
    except (ArithmeticError, KeyError, TypeError, ValueError) as problem:
        raise FileFormatError(f"{path} is damaged", where=f"header.json: {problem}") from problem
    expression = delta_decode(arrays["expression"], step)
    values = {channel.name: channel.decode(arrays[array_name_of(channel)], step) for channel in channels}
    frames = tuple(
        MotionFrame(
            time=float(arrays["time"][index]),
            rotation=_orthogonal(arrays["rotation"][index]),
            translation=arrays["shift"][index].astype(np.float64),
            scale=float(arrays["zoom"][index]),
            expression=expression[index],
            apertures=arrays["apertures"][index].astype(np.float64),
            blendshapes=arrays["blendshapes"][index].astype(np.float32) / 255,
            tracked=bool(arrays["seen"][index]),
            channels=ChannelValues(channels, {name: sequence[index] for name, sequence in values.items()}),
        )
        for index in range(count)
    )
    name, attribution, licence = (_line(header.get(key, "")) for key in ("name", "attribution", "licence"))
    return MotionClip(name, attribution, licence, fps, neutral, frames, duration)


def _line(text: object) -> str:
    """Return a header text as one printable line, safe for terminals."""
    return "".join(letter if letter.isprintable() else " " for letter in str(text)[:500]).strip()


def _neutral(header: dict[str, Any]) -> Neutral:
    rotation = np.array(header["rotation"], np.float64)
    apertures = np.array(header["apertures"], np.float64)
    widths = [float(width) for width in header["eye_widths"]]
    mouth = float(header["mouth_width"])
    if rotation.shape != (3, 3) or apertures.shape != (3,) or len(widths) != 2:
        raise ValueError("neutral measures have the wrong shape")
    if not (np.isfinite(rotation).all() and is_rotation(rotation) and (np.abs(apertures) < 10).all()):
        raise ValueError("neutral measures are not those of a head")
    if not all(0 < width < 100 for width in (*widths, mouth)):
        raise ValueError("neutral widths must lie between 0 and 100 cm")
    return Neutral(_orthogonal(rotation), apertures, (widths[0], widths[1]), mouth)


def _orthogonal(matrix: NDArray[Any]) -> NDArray[np.float64]:
    """Return the nearest rotation: rotations stored as float32 are not exactly orthogonal."""
    u, _, vt = np.linalg.svd(matrix.astype(np.float64))
    return np.asarray(u @ np.diag([1.0, 1.0, np.sign(np.linalg.det(u @ vt))]) @ vt)
