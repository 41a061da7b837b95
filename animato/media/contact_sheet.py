"""Contact sheets: evenly spaced frames of a video in one image."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from animato.media.image import save_picture
from animato.media.reader import open_video
from animato.types import Frame

GAP = 6
BACKGROUND = 245


def contact_sheet(video: Path, target: Path, *, columns: int = 4, rows: int = 2, height: int = 320) -> Path:
    """Save frames of a finished video, evenly spaced in time, as one image.

    Args:
        video: a published, watermarked output.
        target: .png or .jpg to write.
        columns: tiles per row.
        rows: number of rows.
        height: of each tile, pixels.

    Returns:
        The path written.
    """
    with open_video(video) as reader:
        total = reader.info.frames or 1
    selected = set(np.linspace(0, total - 1, columns * rows).round().astype(int).tolist())
    tiles: list[Frame] = []
    with open_video(video) as reader:
        for index, frame in enumerate(reader):
            if index in selected:
                width = round(frame.image.shape[1] * height / frame.image.shape[0])
                tiles.append(
                    np.asarray(cv2.resize(frame.image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
                )
    save_picture(target, grid(tiles, columns))
    return target


def grid(tiles: list[Frame], columns: int) -> Frame:
    """Tile images of one size row by row on a light background.

    Args:
        tiles: each H x W x 3 uint8 RGB.
        columns: tiles per row.
    """
    height, width = tiles[0].shape[:2]
    rows = -(-len(tiles) // columns)
    sheet = np.full((rows * (height + GAP) + GAP, columns * (width + GAP) + GAP, 3), BACKGROUND, np.uint8)
    for index, tile in enumerate(tiles):
        top, left = GAP + index // columns * (height + GAP), GAP + index % columns * (width + GAP)
        sheet[top : top + height, left : left + width] = tile
    return sheet
