"""Validate motion files: format, array shapes and plausible values.

The rules are those of docs/formats.md. Files are untrusted, so every violation raises an error with a message.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from animato.errors import FileFormatError
from animato.geometry.landmarks import POINTS
from animato.motion.channel import Channel
from animato.settings.media import MotionFileSettings

FORMAT = "animato-motion"
VERSION = 3

SHAPES: dict[str, tuple[tuple[int, ...], str]] = {
    "time": ((), "f"),
    "rotation": ((3, 3), "f"),
    "shift": ((2,), "f"),
    "zoom": ((), "f"),
    "apertures": ((3,), "f"),
    "blendshapes": ((52,), "u"),
    "seen": ((), "b"),
    "expression": ((POINTS, 3), "i"),
}
"""Shape per frame and NumPy kind of each array."""


def array_name_of(channel: Channel) -> str:
    """Return the name of a channel's array in the archive."""
    return channel.array_name or channel.name


def check_header(path: Path, header: Any, limits: MotionFileSettings) -> None:
    """Check format, version and number of frames of a header.

    Raises:
        FileFormatError: another format, a newer version, or no frames.
    """
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise FileFormatError(f"{path} is not a motion file", where="header.json names another format")
    if not isinstance(header.get("version"), int) or header["version"] > VERSION:
        raise FileFormatError(
            f"{path} was written by a newer animato",
            where=f"version {header.get('version')}; this one reads up to {VERSION}",
            hint="pip install --upgrade animato",
        )
    if not isinstance(header.get("frames"), int) or not 1 <= header["frames"] <= limits.max_motion_frames:
        raise FileFormatError(f"{path} holds no frames, or too many", where=f"frames: {header.get('frames')}")


def check_arrays(
    path: Path,
    count: int,
    arrays: dict[str, NDArray[Any]],
    channels: Sequence[Channel],
    limits: MotionFileSettings,
) -> None:
    """Check shapes, kinds and ranges; implausible values could overflow or produce an endless video.

    Args:
        path: of the file, for messages.
        count: number of frames in the header.
        arrays: name to array, for every name in `SHAPES` and those of `channels`.
        channels: those that the file has.
        limits: on the duration.

    Raises:
        FileFormatError: a rule is broken; the message names it.
    """
    stored = {array_name_of(channel): (channel.shape, channel.array_kind) for channel in channels}
    for name, (shape, kind) in (SHAPES | stored).items():
        array = arrays[name]
        if array.shape != (count, *shape) or array.dtype.kind != kind:
            raise FileFormatError(f"{path} is damaged", where=f"{name} is {array.dtype} {array.shape}")
        if name in SHAPES and kind == "f" and not np.isfinite(array).all():
            raise FileFormatError(f"{path} is damaged", where=f"{name} holds values that are not numbers")
    times = arrays["time"]
    longest = limits.max_motion_seconds
    rules = {
        "times must grow from 0": times[0] >= 0 and (np.diff(times) > 0).all(),
        f"times must stay below {longest:.0f} s": times[-1] < longest,
        "zoom must lie between 0.01 and 100": ((arrays["zoom"] >= 0.01) & (arrays["zoom"] <= 100)).all(),
        "shift must stay under 1000 cm": (np.abs(arrays["shift"]) < 1000).all(),
        "apertures must stay under 10": (np.abs(arrays["apertures"]) < 10).all(),
        "rotations must be rotations": is_rotation(arrays["rotation"].astype(np.float64)),
    }
    for rule, satisfied in rules.items():
        if not satisfied:
            raise FileFormatError(f"{path} is damaged", where=rule)


def is_rotation(matrices: NDArray[np.float64]) -> bool:
    """Return whether finite matrices (... x 3 x 3) are rotations, to the precision of float32 and some rounding."""
    if (np.abs(matrices) > 1.01).any():
        return False
    square = matrices @ np.swapaxes(matrices, -1, -2)
    return bool(np.abs(square - np.eye(3)).max() < 0.01 and (np.linalg.det(matrices) > 0).all())
