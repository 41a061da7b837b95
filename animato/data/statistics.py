"""Statistics of a prepared folder from its index: a short table, and a picture of histograms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.data.clips import SPLITS
from animato.data.index import NUMBERS, read_index
from animato.data.manifest import read_manifest_head
from animato.data.measure import QUANTILES
from animato.data.show import BACKGROUND, SPLIT_COLOURS, TEXT_COLOUR
from animato.errors import InputError
from animato.media.disk import output_error
from animato.media.image import save_picture
from animato.types import Frame

PANEL, PLOT, COLUMNS, BINS = (330, 190), (290, 120), 3, 40

Columns = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Panel:
    """One histogram.

    Attributes:
        title: what is counted.
        values: N float64, NaN is left out.
        split: N, number in `SPLITS` of each value.
    """

    title: str
    values: NDArray[np.float64]
    split: NDArray[np.int64]


def show_statistics(path: Path, output: Path, split: str = "all") -> list[str]:
    """Write histograms of the index of a prepared folder as PNG or JPEG, and return the lines of a table.

    Args:
        path: the prepared folder.
        output: the picture.
        split: "train", "val", "test" or "all".

    Raises:
        MissingPartError: pyarrow is not installed.
        FileFormatError: there is no index.
        InputError: there is no clip of that split.
        OutputError: the picture cannot be written.
    """
    columns = read_index(path, ["person", "split", "frames", "near_duplicate_of", *NUMBERS])
    indexed, listed = len(columns["frames"]), int(read_manifest_head(path)["summary"]["clips"])
    if split != "all":
        chosen = columns["split"] == split
        columns = {name: values[chosen] for name, values in columns.items()}
    if not len(columns["frames"]):
        raise InputError(f"{path} has no clip in split {split}", hint="use `split=all`")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise output_error(output, error) from error
    save_picture(output, draw_panels(panels(columns)))
    lines = list(table(columns))
    if indexed != listed:
        lines.append(f"the manifest has {listed} clips and the index {indexed}: run `animato data index {path}` again")
    return [*lines, str(output)]


def table(columns: Columns) -> Iterator[str]:
    """Yield the lines of a table of counts and quantiles.

    Args:
        columns: of the index.
    """
    people = len(set(columns["person"]))
    hours, copies = (
        float(columns["seconds"].sum()) / 3600,
        sum(name is not None for name in columns["near_duplicate_of"]),
    )
    yield f"{len(columns['frames'])} clips of {people} people, {columns['frames'].sum()} frames, {hours:.2f} hours"
    yield f"{copies} clips are near-duplicates of an earlier one"
    yield f"{'':<12}" + "".join(f"{name:>10}" for name in ("lowest", "5 %", "median", "95 %", "highest"))
    for name, values in _measures(columns):
        known = values[np.isfinite(values)]
        if len(known):
            yield f"{name:<12}" + "".join(f"{value:10.4g}" for value in np.percentile(known, [0, 5, 50, 95, 100]))


def _measures(columns: Columns) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Yield a name and its values; of pose the quantiles of all clips, which stand for the frames between them."""
    for name in ("yaw", "pitch"):
        yield name, np.concatenate([columns[f"{name}_{quantile}"] for quantile in QUANTILES])
    for name in ("seconds", "face_px", "mouth_open", "brightness", "side_light", "sharpness"):
        yield name, columns[name]


def panels(columns: Columns) -> list[Panel]:
    """Return the histograms.

    Args:
        columns: of the index.
    """
    split = np.array([SPLITS.index(name) if name in SPLITS else 0 for name in columns["split"]], np.int64)
    titles = {
        "yaw": "yaw, degrees (5 quantiles of each clip)",
        "pitch": "pitch, degrees (5 quantiles of each clip)",
        "seconds": "length, seconds",
        "face_px": "face in the source, pixels",
        "mouth_open": "widest mouth, jawOpen",
        "brightness": "brightness of the face, grey levels",
        "side_light": "side light, log ratio right : left",
        "sharpness": "sharpness, log10 of squared grey levels",
    }
    _, person, counts = np.unique(columns["person"].astype(str), return_inverse=True, return_counts=True)
    first = np.unique(person, return_index=True)[1]
    found = [Panel("clips of a person", counts.astype(float), split[first])]
    for name, values in _measures(columns):
        shown = np.log10(np.maximum(values, 1e-3)) if name == "sharpness" else values
        found.append(Panel(titles[name], shown, np.tile(split, len(values) // len(split))))
    return found


def draw_panels(found: list[Panel]) -> Frame:
    """Draw histograms side by side, with the splits stacked in their colours.

    Returns:
        H x W x 3 uint8 RGB.
    """
    rows = -(-len(found) // COLUMNS)
    sheet = np.full((rows * PANEL[1] + 24, COLUMNS * PANEL[0], 3), BACKGROUND, np.uint8)
    for number, panel in enumerate(found):
        top, left = number // COLUMNS * PANEL[1], number % COLUMNS * PANEL[0]
        _draw(sheet[top : top + PANEL[1], left : left + PANEL[0]], panel)
    for number, name in enumerate(SPLITS):
        cv2.rectangle(
            sheet, (20 + 80 * number, len(sheet) - 18), (28 + 80 * number, len(sheet) - 10), SPLIT_COLOURS[name], -1
        )
        _text(sheet, name, (34 + 80 * number, len(sheet) - 10))
    return sheet


def _draw(area: Frame, panel: Panel) -> None:
    left, top = (PANEL[0] - PLOT[0]) // 2, 40
    known = np.isfinite(panel.values)
    values, split = panel.values[known], panel.split[known]
    _text(area, panel.title, (left, 18))
    cv2.line(area, (left, top + PLOT[1]), (left + PLOT[0], top + PLOT[1]), TEXT_COLOUR, 1)
    if not len(values):
        _text(area, "not measured", (left + 100, top + 60))
        return
    low, high = float(values.min()), float(values.max())
    edges = np.linspace(low, high if high > low else low + 1, BINS + 1)
    counts = np.array([np.histogram(values[split == number], edges)[0] for number in range(len(SPLITS))])
    most = int(counts.sum(axis=0).max())
    # Heights of the bars, stacked: 4 x BINS, from the axis down to the last split.
    ends = np.concatenate([np.zeros((1, BINS)), np.cumsum(counts, axis=0)]) * (PLOT[1] / most)
    y, x = top + PLOT[1] - ends.round().astype(int), left + np.linspace(0, PLOT[0], BINS + 1).round().astype(int)
    for number, name in enumerate(SPLITS):
        for place in np.flatnonzero(y[number + 1] < y[number]).tolist():
            area[y[number + 1, place] : y[number, place], x[place] : x[place + 1] - 1] = SPLIT_COLOURS[name]
    for share in (0.0, 0.5, 1.0):
        text = f"{low + (float(edges[-1]) - low) * share:.4g}"
        (width, _), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.36, 1)
        _text(area, text, (left + round((PLOT[0] - width) * share), top + PLOT[1] + 14))
    _text(area, f"{most}", (left, top - 6))


def _text(area: Frame, text: str, at: tuple[int, int]) -> None:
    cv2.putText(area, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.36, TEXT_COLOUR, 1, cv2.LINE_AA)
