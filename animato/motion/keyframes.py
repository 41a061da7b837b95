"""Key frames: controls at some times, eased in between, as a motion clip.

    {"format": "animato-keyframes", "version": 1, "name": "Hello", "fps": 25, "keyframes": [
      {"time": 0}, {"time": 0.8, "controls": {"smile": 0.7}, "ease": "hold"}, {"time": 2}]}

The ease of a key frame shapes the way from it to the next.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from animato.errors import FileFormatError, UsageError
from animato.geometry.smoothstep import smoothstep
from animato.motion.controls import motion_of, neutral_measures
from animato.motion.expression_file import file_controls, one_line, read_json
from animato.motion.motion_file import MotionClip
from animato.settings.controls import BY_NAME, NEUTRALISE, as_number, check_controls
from animato.settings.media import MotionFileSettings

FORMAT = "animato-keyframes"
VERSION = 1
MAX_FPS = 120.0

EASES: Mapping[str, Callable[[float], float]] = {
    "smooth": lambda share: smoothstep(share, 0.0, 1.0),
    "linear": lambda share: share,
    "in": lambda share: share * share,
    "out": lambda share: 1.0 - (1.0 - share) ** 2,
    "hold": lambda share: 0.0,  # noqa: ARG005
}
"""Share of the way done after a share of the time, both 0 to 1. hold: jumps at the next key frame."""


@dataclass(frozen=True)
class Keyframe:
    """Controls at one time.

    Attributes:
        time: seconds.
        controls: name to value; absent controls rest.
        ease: of the way to the next key frame, a key of `EASES`.
    """

    time: float
    controls: Mapping[str, float] = field(default_factory=dict)
    ease: str = "smooth"


def load_keyframes(path: Path) -> MotionClip:
    """Read key frames and return the motion that they describe.

    Raises:
        InputError: the file cannot be read, or does not follow the format.
    """
    data = read_json(path, FORMAT, VERSION, "a file of key frames")
    rows = data.get("keyframes")
    if not isinstance(rows, list):
        raise FileFormatError(f"{path} has no list of key frames", where='"keyframes"')
    keyframes = [_keyframe(row, path, f"key frame {number}") for number, row in enumerate(rows, 1)]
    try:
        return motion_from_keyframes(keyframes, data.get("fps", 25), one_line(data.get("name", path.stem)))
    except UsageError as problem:
        raise FileFormatError(f"{path}: {problem.what}", where=problem.where, hint=problem.hint) from problem


def _keyframe(row: Any, path: Path, where: str) -> Keyframe:
    if not isinstance(row, dict):
        raise FileFormatError(f"{path}: a key frame must be an object", where=where)
    controls = file_controls(row.get("controls", {}), path, where)
    return Keyframe(row.get("time"), controls, row.get("ease", "smooth"))  # type: ignore[arg-type]  # checked below


def motion_from_keyframes(keyframes: Sequence[Keyframe], fps: float = 25, name: str = "") -> MotionClip:
    """Return the motion clip of key frames.

    Args:
        keyframes: in order of time; before the first one its controls hold.
        fps: frames per second.
        name: title of the clip.

    Raises:
        UsageError: no key frames, times that do not grow, an unknown ease, a value that is not allowed, or a clip that
            is too long.
    """
    _check(keyframes, fps)
    rate = Fraction(fps).limit_denominator(1001)
    count = math.floor(keyframes[-1].time * rate + 1e-6) + 1
    times = [float(index / rate) for index in range(count)]
    frames = tuple(motion_of(_controls_at(keyframes, time), time) for time in times)
    return MotionClip(name, "", "", rate, neutral_measures(), frames, float(count / rate))


def _controls_at(keyframes: Sequence[Keyframe], time: float) -> dict[str, float]:
    later = bisect.bisect_right(keyframes, time + 1e-9, key=lambda keyframe: keyframe.time)
    if later in (0, len(keyframes)):
        return dict(keyframes[max(later - 1, 0)].controls)
    before, after = keyframes[later - 1], keyframes[later]
    share = EASES[before.ease]((time - before.time) / (after.time - before.time))
    values = {}
    for name in before.controls.keys() | after.controls.keys():
        first, second = (key.controls.get(name, BY_NAME[name].default) for key in (before, after))
        values[name] = first + share * (second - first)
    return values


def _check(keyframes: Sequence[Keyframe], fps: Any) -> None:
    limits = MotionFileSettings()
    if not _is_number(fps) or not 1 <= fps <= MAX_FPS:
        raise UsageError(f"fps must lie between 1 and {MAX_FPS:g}", where=f"fps {fps!r}"[:80])
    if not keyframes:
        raise UsageError("there are no key frames", hint='{"time": 0, "controls": {"smile": 0.5}}')
    previous = -1.0
    for number, key in enumerate(keyframes, 1):
        where = f"key frame {number}"
        if not _is_number(key.time) or key.time < 0 or key.time <= previous:
            raise UsageError("the times of key frames must be seconds that grow from 0", where=where)
        if not isinstance(key.ease, str) or key.ease not in EASES:
            raise UsageError(f"no such ease: {str(key.ease)[:40]}", where=where, hint=", ".join(EASES))
        if NEUTRALISE in check_controls(key.controls, where):
            raise UsageError(
                "neutralise is no movement, and the same in every frame",
                where=where,
                hint="`neutralise` where the motion is rendered",
            )
        previous = float(key.time)
    longest = min(limits.max_motion_seconds, limits.max_motion_frames / fps)
    if previous >= longest:
        raise UsageError(f"key frames end before {longest:g} s", where=f"the last one is at {previous:g} s")


def _is_number(value: Any) -> bool:
    number = as_number(value)
    return number is not None and math.isfinite(number)
