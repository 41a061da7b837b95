"""Measure the watermark: what handling it survives, how much it changes, and how often it is seen where it is not."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from textwrap import fill
from typing import Any

import cv2
import numpy as np

from animato.errors import InputError, MissingPartError
from animato.evaluation.handling import HANDLINGS, encoder_exists
from animato.evaluation.mark_log import MarkLog
from animato.media.image import load_picture
from animato.media.probe import media_type as probe
from animato.media.reader import open_video
from animato.trust.detect import detect_mark
from animato.trust.false_alarms import AlarmCount, AlarmLook, count_alarms, look_at, periodic_pictures
from animato.trust.payload import MarkKind, MarkPayload
from animato.trust.watermark import Marker
from animato.types import Frame
from animato.version import __version__

PACKAGED = ("astronaut", "coffee", "chelsea", "rocket")
"""Pictures of scikit-image that are measured where none are given."""

PERIODIC_SHARE = 4
"""One of so many looks without a mark is at a repetitive texture."""


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
        milliseconds: time to mark a frame, median over the outputs; of each output the time that one in ten frames
            stays below, so that other programs hardly count.
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


def measure_mark(
    clips: dict[str, list[Frame]], looks: int, say: Callable[[str], None], log: Path | None = None
) -> MarkMeasurement:
    """Mark clips, handle them in every way of `HANDLINGS`, and read the ids back.

    Args:
        clips: from `load_clips`.
        looks: pictures without a mark to look at.
        say: takes a line on progress.
        log: file of results so far, which are not measured again; None for none.

    Raises:
        InputError: the log cannot be used.
    """
    names = [name for name in HANDLINGS if "HEVC" not in name or encoder_exists("libx265")]
    shapes = {title: [len(frames), *frames[0].shape] for title, frames in clips.items()}
    kept = MarkLog(log, {"version": __version__, "clips": shapes, "handlings": names})
    for number, (title, frames) in enumerate(clips.items(), 1):
        _measure_clip(title, frames, number, names, kept)
        say(f"{number} of {len(clips)}: {title}, {kept[title]['psnr']:.1f} dB")
    seen: list[AlarmLook] = []
    for number, picture in enumerate(islice(unmarked_pictures(clips), looks), 1):
        if f"look {number}" not in kept:
            kept.add(f"look {number}", asdict(look_at([picture])))
        seen.append(AlarmLook(**kept[f"look {number}"]))
        if number % 100 == 0 or number == looks:
            say(f"{number} of {looks} looks without a mark")
    marked = [kept[title] for title in clips]
    return MarkMeasurement(
        [_survival(name, [kept[f"{title}: {name}"] for title in clips]) for name in names],
        [clip["psnr"] for clip in marked],
        min(clip["least"] for clip in marked),
        float(np.median([clip["milliseconds"] for clip in marked])),
        count_alarms(seen),
    )


def _measure_clip(title: str, frames: list[Frame], number: int, names: list[str], kept: MarkLog) -> None:
    """Mark a clip and keep what was measured on it under its title, and under "title: handling" for each handling."""
    payload = MarkPayload(1, MarkKind.TEST, 0x5EED0000 + number)
    marker = Marker(payload, seed=number)
    marked: list[Frame] = []
    times: list[float] = []
    for frame in frames:
        start = time.perf_counter()
        marked.append(marker.embed(frame))
        times.append(1000 * (time.perf_counter() - start))
    if title not in kept:
        psnr = [_psnr(*pair) for pair in zip(frames, marked, strict=True)]
        fast = float(np.percentile(times, 10))
        kept.add(title, {"psnr": float(np.mean(psnr)), "least": min(psnr), "milliseconds": fast})
    for name in names:
        if f"{title}: {name}" not in kept:
            reading = detect_mark(HANDLINGS[name](marked))
            wrong = reading.found_id not in (payload, None)
            result = {"read": reading.found_id == payload, "wrong": wrong, "bits": reading.bit_confidence}
            kept.add(f"{title}: {name}", result)


def _survival(name: str, results: list[dict[str, Any]]) -> Survival:
    bits = [result["bits"] for result in results if result["bits"] is not None]
    read, wrong = (sum(result[what] for result in results) for what in ("read", "wrong"))
    return Survival(name, read, len(results), wrong, float(np.mean(bits)) if bits else None)


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


def page(result: MarkMeasurement, clips: Sequence[str], size: int, frames: int) -> str:
    """Return the measurements as the text of docs/mark.md."""
    alarms = result.alarms
    unnamed = alarms.present - alarms.ids
    rows = "".join(
        f"| {row.handling} | {row.read} of {row.tried} | {'-' if row.bits is None else f'{row.bits:.2f}'} |\n"
        for row in result.survivals
    )
    return f"""# What the watermark survives

This page is written by `animato bench mark FILE... --page docs/mark.md`; here: {len(clips)} outputs, short side
{size} px, {frames} frames each, x264 and x265 at the preset veryfast. Pictures drift by up to 6 px, as films. Without
FILE the pictures of scikit-image are used.

{fill(f"Outputs: {', '.join(clips)}.", 120)}

| | |
|---|---|
| PSNR of marked frames | {np.mean(result.psnr):.1f} dB on average, no frame below {result.psnr_least:.1f} dB |
| time to mark a frame, one thread | {result.milliseconds:.2f} ms |
| wrong ids read | {sum(row.wrong for row in result.survivals)} |
| looks at pictures without a mark | {alarms.clips:,}: {alarms.ids} ids, {unnamed} marks without an id |
| largest z and phase agreement among them | {alarms.highest_z:.1f}, {alarms.highest_phase:.1f} |

One look in {PERIODIC_SHARE} is at a repetitive texture (stripes, bricks, halftone, moire, fabric, wallpaper), the
others at crops of the clips before they are marked, at 0.6 to 1.3 of their size, half of them as JPEG. Each is searched
in four ways: upright, on its side, at another aspect, and turned.

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
