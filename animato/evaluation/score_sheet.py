"""Contact sheet of an evaluation: source, driver, outputs and error maps, one row per frame."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from animato.evaluation.rows import Comparison
from animato.types import Frame

TILE = 192
HEADER_HEIGHT = 22
GAIN = 4
"""Gain of the error maps: white is a difference of 64 of 255."""

MAX_ROWS = 40


def error_map(output: Frame, truth: Frame) -> Frame:
    """Return the absolute difference multiplied by `GAIN`; black where the images are equal.

    Args:
        output: H x W x 3 uint8 RGB.
        truth: the same shape.
    """
    return np.asarray(cv2.convertScaleAbs(cv2.absdiff(output, truth), alpha=GAIN), np.uint8)


def contact_sheet(comparisons: Sequence[Comparison]) -> Frame:
    """Return the sheet with up to 40 rows, H x W x 3 uint8 RGB.

    Args:
        comparisons: images; a missing output is shown as a grey tile.
    """
    systems = list(dict.fromkeys(name for comparison in comparisons for name in comparison.outputs))
    truth = any(comparison.has_truth for comparison in comparisons)
    headings = [
        "source",
        "true frame" if truth else "driver",
        *systems,
        *(f"error {name}" for name in systems if truth),
    ]
    rows = [_header(headings)]
    for comparison in comparisons[:MAX_ROWS]:
        empty = np.full_like(comparison.driver, 128)
        tiles = [comparison.source, comparison.driver, *(comparison.outputs.get(name, empty) for name in systems)]
        for name in systems if truth else ():
            available = comparison.has_truth and name in comparison.outputs
            tiles.append(error_map(comparison.outputs[name], comparison.driver) if available else empty)
        resized = [cv2.resize(tile, (TILE, TILE), interpolation=cv2.INTER_AREA) for tile in tiles]
        row = np.asarray(np.hstack(resized), np.uint8)
        _write(row, f"{comparison.sample} #{comparison.index}", (4, TILE - 6))
        rows.append(row)
    return np.asarray(np.vstack(rows), np.uint8)


def _header(headings: Sequence[str]) -> Frame:
    row = np.full((HEADER_HEIGHT, TILE * len(headings), 3), 24, np.uint8)
    for position, heading in enumerate(headings):
        _write(row, heading, (position * TILE + 4, HEADER_HEIGHT - 7))
    return row


def _write(picture: Frame, text: str, position: tuple[int, int]) -> None:
    ascii_text = text.encode("ascii", "replace").decode()
    (width, height), baseline = cv2.getTextSize(ascii_text, cv2.FONT_HERSHEY_SIMPLEX, 0.42, 1)
    x, y = position
    cv2.rectangle(picture, (x - 3, y - height - 3), (x + width + 3, y + baseline), (24, 24, 24), cv2.FILLED)
    cv2.putText(picture, ascii_text, position, cv2.FONT_HERSHEY_SIMPLEX, 0.42, (255, 255, 255), 1, cv2.LINE_AA)
