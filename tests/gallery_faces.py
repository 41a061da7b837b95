"""Real people on contact sheets that every clone has: other faces than the packaged portrait's.

Nobody on these sheets is animated. Whose pictures they are and their licences: docs/gallery/README.md, "Attribution".
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from animato.media.image import load_picture
from animato.media.writer import open_writer
from animato.types import Frame

GALLERY = Path(__file__).resolve().parents[1] / "docs" / "gallery"
FACES = Path(__file__).resolve().parent / "faces"
"""Sheets with a photo in the lower and six frames of a driver in the upper row, both as they were published."""

COLUMNS = 7
PAPER = 245
"""Grey level around the pictures of a sheet."""

PHOTOS = ("portrait-c049f", "portrait-l006", "beard-c110m", "talking-g07", "talking-g08", "talking-g11")
"""Sheets whose photo is a real person who looks at the camera."""

DRIVERS = ("demo-portrait", "portrait-c049f", "portrait-l006", "talking-g07", "talking-g08", "talking-g11")
"""Sheets whose driver is a real person speaking."""


def gallery_photo(sheet: str, zoom: float = 1.0) -> Frame:
    """Return the photo of a sheet, H x W x 3 uint8 RGB, 250 pixels high before it is enlarged by `zoom`."""
    return _enlarged(_tile(sheet, 1, 0), zoom)


def gallery_driver(sheet: str, zoom: float = 1.0) -> list[Frame]:
    """Return the six frames of a sheet's driver, H x W x 3 uint8 RGB, far apart in time."""
    return [_enlarged(_tile(sheet, 0, column), zoom) for column in range(1, COLUMNS)]


def write_gallery_driver(path: Path, sheet: str, repeats: int = 1, fps: int = 25) -> Path:
    """Write the frames of a sheet's driver as a video, each `repeats` times."""
    frames = gallery_driver(sheet)
    height, width = frames[0].shape[:2]
    with open_writer(path, width=width, height=height, fps=Fraction(fps)) as writer:
        for frame in frames:
            for _ in range(repeats):
                writer.write(frame)
    return path


@cache
def _sheet(name: str) -> Frame:
    return load_picture(FACES / f"{name}.webp").image


def _tile(sheet: str, row: int, column: int) -> Frame:
    """Return one picture of a sheet without the paper around it."""
    picture = _sheet(sheet)
    height, width = picture.shape[0] // 2, picture.shape[1] // COLUMNS
    cell = picture[row * height : (row + 1) * height, column * width : (column + 1) * width]
    ink = np.abs(cell.astype(int) - PAPER).max(axis=2) > 12
    rows, columns = np.flatnonzero(ink.mean(axis=1) > 0.2), np.flatnonzero(ink.mean(axis=0) > 0.2)
    even = (slice(rows[0], rows[0] + len(rows) // 2 * 2), slice(columns[0], columns[0] + len(columns) // 2 * 2))
    return np.ascontiguousarray(cell[even])


def _enlarged(picture: Frame, zoom: float) -> Frame:
    if zoom == 1.0:
        return picture.copy()
    return np.asarray(cv2.resize(picture, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_CUBIC), np.uint8)
