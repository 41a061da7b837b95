"""Contact sheets: a finished video as one picture, so that a person can judge it at a glance."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from animato.media.image import save_picture
from animato.media.reader import open_video
from animato.types import Frame

GAP = 6
PAPER = 245


def contact_sheet(video: Path, target: Path, *, columns: int = 4, rows: int = 2, height: int = 320) -> Path:
    """Save frames of a finished video, evenly spaced in time, as one picture.

    Args:
        video: a file that left through the door, so the frames carry their mark.
        target: .png or .jpg to write.
        columns: pictures beside each other.
        rows: pictures below each other.
        height: of each picture, pixels.

    Returns:
        The path written.
    """
    with open_video(video) as reader:
        total = reader.info.frames or 1
    wanted = set(np.linspace(0, total - 1, columns * rows).round().astype(int).tolist())
    tiles: list[Frame] = []
    with open_video(video) as reader:
        for number, frame in enumerate(reader):
            if number in wanted:
                width = round(frame.image.shape[1] * height / frame.image.shape[0])
                tiles.append(
                    np.asarray(cv2.resize(frame.image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
                )
    save_picture(target, grid(tiles, columns))
    return target


def grid(tiles: list[Frame], columns: int) -> Frame:
    """Return pictures of one size laid out row by row on light paper.

    Args:
        tiles: each H x W x 3 uint8 RGB.
        columns: pictures beside each other.
    """
    height, width = tiles[0].shape[:2]
    rows = -(-len(tiles) // columns)
    sheet = np.full((rows * (height + GAP) + GAP, columns * (width + GAP) + GAP, 3), PAPER, np.uint8)
    for index, tile in enumerate(tiles):
        top, left = GAP + index // columns * (height + GAP), GAP + index % columns * (width + GAP)
        sheet[top : top + height, left : left + width] = tile
    return sheet
