"""Measure the watermark: what handling it survives, how much it changes, and how often it is seen where it is not."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from animato.errors import InputError, MissingPartError
from animato.evaluation.handling import HANDLINGS, encoder_exists
from animato.media.image import load_picture
from animato.media.probe import media_type as probe
from animato.media.reader import open_video
from animato.trust.detect import detect_mark
from animato.trust.false_alarms import AlarmCount, count_false_alarms, periodic_pictures
from animato.trust.payload import MarkKind, MarkPayload
from animato.trust.watermark import Marker
from animato.types import Frame

PACKAGED = ("astronaut", "coffee", "chelsea", "rocket")
"""Pictures of scikit-image that are measured where none are given."""

PERIODIC_SHARE = 4
"""One of so many looks without a mark is at a repetitive texture."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Survival:
    """How often the id was read back after one handling.

    Attributes:
        handling: its name.
        read: outputs whose id was read back.
        tried: outputs.
        wrong: outputs from which another id was read.
        bits: mean share of the coded bits that agreed where the id was read; None if it never was.
    """

    handling: str
    read: int
    tried: int
    wrong: int
    bits: float | None


@dataclass(frozen=True)
class MarkMeasurement:
    """Measurements of the watermark.

    Attributes:
        survivals: one for each handling.
        psnr: of each output's marked frames, dB, mean over its frames.
        psnr_least: the least of any frame, dB.
        milliseconds: time to mark a frame; one in ten frames takes less, so that other programs hardly count.
        alarms: looks at pictures without a mark.
    """

    survivals: list[Survival]
    psnr: list[float]
    psnr_least: float
    milliseconds: float
    alarms: AlarmCount


def load_clips(paths: Sequence[Path], size: int, frames: int) -> dict[str, list[Frame]]:
    """Return clips without a mark, by name.

    Args:
        paths: pictures, which drift a little as a film, and videos; none for the pictures in scikit-image.
        size: short side, pixels.
        frames: frames of each.

    Returns:
        lists of `frames` H x W x 3 uint8 RGB.

    Raises:
        MissingPartError: no paths, and scikit-image is missing.
        InputError: a file cannot be read, or is shorter than that.
    """
    if not paths:
        try:
            from skimage import data
        except ModuleNotFoundError as problem:
            raise MissingPartError("scikit-image is missing", hint="pip install scikit-image, or FILE...") from problem
        return {name: _drifting(np.asarray(getattr(data, name)(), np.uint8), size, frames) for name in PACKAGED}
    clips: dict[str, list[Frame]] = {}
    for path in paths:
        if probe(path).startswith("image/") and probe(path) != "image/gif":
            clips[path.stem] = _drifting(load_picture(path).image, size, frames)
            continue
        with open_video(path) as video:
            clip = [_resized(timed.image, size) for timed in islice(video, frames)]
        if len(clip) < frames:
            raise InputError(f"{path} has {len(clip)} frames; {frames} are needed", hint="a longer clip")
        clips[path.stem] = clip
    return clips


def measure_mark(clips: dict[str, list[Frame]], looks: int, say: Say) -> MarkMeasurement:
    """Mark clips, handle them in every way of `HANDLINGS`, and read the ids back.

    Args:
        clips: from `load_clips`.
        looks: pictures without a mark to look at.
        say: takes a line on progress.
    """
    names = [name for name in HANDLINGS if "HEVC" not in name or encoder_exists("libx265")]
    read = dict.fromkeys(names, 0)
    wrong = dict.fromkeys(names, 0)
    bits: dict[str, list[float]] = {name: [] for name in names}
    psnr: list[list[float]] = []
    times: list[float] = []
    for number, (title, frames) in enumerate(clips.items(), 1):
        payload = MarkPayload(1, MarkKind.TEST, 0x5EED0000 + number)
        marker = Marker(payload, seed=number)
        marked: list[Frame] = []
        for frame in frames:
            start = time.perf_counter()
            marked.append(marker.embed(frame))
            times.append(1000 * (time.perf_counter() - start))
        psnr.append([_psnr(*pair) for pair in zip(frames, marked, strict=True)])
        for name in names:
            reading = detect_mark(HANDLINGS[name](marked))
            read[name] += reading.found_id == payload
            wrong[name] += reading.found_id not in (payload, None)
            bits[name] += [reading.bit_confidence] if reading.bit_confidence is not None else []
        say(f"{number} of {len(clips)}: {title}, {sum(psnr[-1]) / len(psnr[-1]):.1f} dB")
    survivals = [
        Survival(name, read[name], len(clips), wrong[name], float(np.mean(bits[name])) if bits[name] else None)
        for name in names
    ]
    say(f"{looks} looks without a mark")
    alarms = count_false_alarms([picture] for picture in islice(unmarked_pictures(clips), looks))
    means = [float(np.mean(values)) for values in psnr]
    return MarkMeasurement(survivals, means, min(map(min, psnr)), float(np.percentile(times, 10)), alarms)


def unmarked_pictures(clips: dict[str, list[Frame]]) -> Iterator[Frame]:
    """Yield endless pictures without a mark: crops of the clips at other sizes, some as JPEG, and textures.

    Args:
        clips: frames H x W x 3 uint8 RGB, by name.
    """
    rng = np.random.default_rng(11)
    frames = [frame for clip in clips.values() for frame in clip[:: max(1, len(clip) // 3)]]
    textures = [picture for _, picture in periodic_pictures()]
    number = 0
    while True:
        source = textures if number % PERIODIC_SHARE == 0 else frames
        picture = source[int(rng.integers(len(source)))]
        height, width = picture.shape[:2]
        rows, columns = (int(side * rng.uniform(0.5, 1.0)) for side in (height, width))
        top, left = int(rng.integers(height - rows + 1)), int(rng.integers(width - columns + 1))
        part = np.ascontiguousarray(picture[top : top + rows, left : left + columns])
        factor = float(rng.uniform(0.6, 1.3))
        part = np.asarray(cv2.resize(part, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.uint8)
        if rng.random() < 0.5:
            _, data = cv2.imencode(".jpg", part, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(40, 95))])
            part = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
        yield part
        number += 1


def page(result: MarkMeasurement, clips: int, size: int, frames: int) -> str:
    """Return the measurements as the text of docs/mark.md."""
    alarms = result.alarms
    rows = "".join(
        f"| {row.handling} | {row.read} of {row.tried} | {'-' if row.bits is None else f'{row.bits:.2f}'} |\n"
        for row in result.survivals
    )
    return f"""# What the watermark survives

This page is written by `animato bench mark FILE... --page docs/mark.md`; here: {clips} outputs, short side {size} px,
{frames} frames each, x264 and x265 at the preset veryfast. Without FILE the pictures of scikit-image are used.

| | |
|---|---|
| PSNR of marked frames | {np.mean(result.psnr):.1f} dB on average, no frame below {result.psnr_least:.1f} dB |
| time to mark a frame, one thread | {result.milliseconds:.2f} ms |
| wrong ids read | {sum(row.wrong for row in result.survivals)} |
| looks at pictures without a mark | {alarms.clips}: {alarms.ids} ids, {alarms.present} marks without an id |
| largest z and phase agreement among them | {alarms.highest_z:.1f}, {alarms.highest_phase:.1f} |

One look in {PERIODIC_SHARE} is at a repetitive texture (stripes, bricks, halftone, moire, fabric, wallpaper), the
others at crops of the clips before they are marked, at 0.6 to 1.3 of their size, half of them as JPEG.

| handling | id read back | coded bits correct |
|---|---|---|
{rows}"""


def _drifting(picture: Frame, size: int, frames: int) -> list[Frame]:
    """Return a film in which a picture drifts by a few pixels."""
    large = _resized(picture, size + 16)
    height, width = (side - 16 for side in large.shape[:2])
    clip = []
    for number in range(frames):
        shift = np.array([[1, 0, -8 - 6 * np.sin(number / 8)], [0, 1, -8 - 6 * np.sin(number / 11)]])
        clip.append(np.asarray(cv2.warpAffine(large, shift, (width, height)), np.uint8))
    return clip


def _resized(picture: Frame, size: int) -> Frame:
    """Return a picture with this short side and even sides."""
    factor = size / min(picture.shape[:2])
    sides = (round(picture.shape[1] * factor) // 2 * 2, round(picture.shape[0] * factor) // 2 * 2)
    method = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, sides, interpolation=method), np.uint8)


def _psnr(one: Frame, other: Frame) -> float:
    error = float(np.mean((one.astype(np.float32) - other) ** 2))
    return float(10 * np.log10(255**2 / max(error, 1e-9)))
