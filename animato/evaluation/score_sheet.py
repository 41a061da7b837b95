"""The contact sheet: source, driver, every system and its error, one line for each picture."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from animato.evaluation.rows import Comparison
from animato.types import Frame

TILE = 192
HEAD = 22
GAIN = 4
"""Errors are shown this many times brighter: full white is a difference of 64 of 255."""

MOST_LINES = 40


def error_map(output: Frame, truth: Frame) -> Frame:
    """Return the absolute difference, four times brightened; black is equal.

    Args:
        output: H x W x 3 uint8 RGB.
        truth: the same shape.
    """
    return np.asarray(cv2.convertScaleAbs(cv2.absdiff(output, truth), alpha=GAIN), np.uint8)


def contact_sheet(comparisons: Sequence[Comparison]) -> Frame:
    """Return the sheet of up to 40 lines, H x W x 3 uint8 RGB.

    Args:
        comparisons: pictures; a system that gave none for a line leaves a grey tile.
    """
    systems = list(dict.fromkeys(name for comparison in comparisons for name in comparison.outputs))
    truth = any(comparison.has_truth for comparison in comparisons)
    titles = ["source", "true frame" if truth else "driver", *systems, *(f"error {name}" for name in systems if truth)]
    lines = [_titles(titles)]
    for comparison in comparisons[:MOST_LINES]:
        empty = np.full_like(comparison.driver, 128)
        tiles = [comparison.source, comparison.driver, *(comparison.outputs.get(name, empty) for name in systems)]
        for name in systems if truth else ():
            known = comparison.has_truth and name in comparison.outputs
            tiles.append(error_map(comparison.outputs[name], comparison.driver) if known else empty)
        small = [cv2.resize(tile, (TILE, TILE), interpolation=cv2.INTER_AREA) for tile in tiles]
        row = np.asarray(np.hstack(small), np.uint8)
        _write(row, f"{comparison.sample} #{comparison.index}", (4, TILE - 6))
        lines.append(row)
    return np.asarray(np.vstack(lines), np.uint8)


def _titles(words: Sequence[str]) -> Frame:
    line = np.full((HEAD, TILE * len(words), 3), 24, np.uint8)
    for place, word in enumerate(words):
        _write(line, word, (place * TILE + 4, HEAD - 7))
    return line


def _write(picture: Frame, text: str, place: tuple[int, int]) -> None:
    plain = text.encode("ascii", "replace").decode()
    (width, height), below = cv2.getTextSize(plain, cv2.FONT_HERSHEY_SIMPLEX, 0.42, 1)
    x, y = place
    cv2.rectangle(picture, (x - 3, y - height - 3), (x + width + 3, y + below), (24, 24, 24), cv2.FILLED)
    cv2.putText(picture, plain, place, cv2.FONT_HERSHEY_SIMPLEX, 0.42, (255, 255, 255), 1, cv2.LINE_AA)
