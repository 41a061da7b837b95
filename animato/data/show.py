"""Contact sheet of a prepared folder: frames of each clip with its name and split."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.data.clips import ClipEntry
from animato.data.shards import ShardClips
from animato.errors import InputError
from animato.media.disk import output_error
from animato.media.image import save_picture
from animato.settings.data import ShowSettings
from animato.types import Frame

GAP = 4
CAPTION = 14
BACKGROUND = 245
TEXT_COLOUR = (60, 60, 60)
SPLIT_COLOURS = {"train": (70, 130, 80), "val": (190, 130, 30), "test": (180, 60, 60)}


def contact_sheet(path: Path, settings: ShowSettings | None = None) -> Frame:
    """Render the contact sheet of a prepared folder.

    Returns:
        H x W x 3 uint8 RGB, roughly square; the frames of each clip in a row under its name.

    Raises:
        FileFormatError: the folder or a shard cannot be read.
        InputError: there is no clip of that split.
    """
    settings = settings or ShowSettings()
    store = ShardClips(path, settings.tile, None if settings.split == "all" else settings.split)
    chosen = spread(store.clips, settings.clips)
    if not chosen:
        raise InputError(f"{path} has no clip in split {settings.split}", hint="use `split=all`")
    return _arrange([_clip_row(store, clip, settings) for clip in chosen])


def show_folder(path: Path, output: Path, settings: ShowSettings | None = None) -> tuple[int, int]:
    """Write the contact sheet of a prepared folder as PNG or JPEG, and return its width and height in pixels.

    Raises:
        UsageError: unsupported suffix.
        OutputError: it cannot be written.
    """
    sheet = contact_sheet(path, settings)
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise output_error(output, error) from error
    save_picture(output, sheet)
    return sheet.shape[1], sheet.shape[0]


def spread(clips: Sequence[ClipEntry], max_count: int) -> list[ClipEntry]:
    """Select clips of as many kinds, splits and people as possible, deterministically.

    Args:
        clips: candidates.
        max_count: maximum number of clips.
    """
    ranks: dict[tuple[str, str, str], int] = {}
    ranked = []
    for clip in sorted(clips, key=lambda item: hashlib.sha256(item.clip.encode()).digest()):
        # Rank the first clip of every person, alternating kinds and splits, before the second ones, and so on.
        clip_rank = ranks[clip.kind, clip.split, clip.person] = ranks.get((clip.kind, clip.split, clip.person), -1) + 1
        group_rank = ranks[clip.kind, clip.split, f"\0{clip_rank}"] = (
            ranks.get((clip.kind, clip.split, f"\0{clip_rank}"), -1) + 1
        )
        ranked.append(((clip_rank, group_rank, clip.kind, clip.split), clip))
    ranked.sort(key=lambda item: item[0])
    return sorted((clip for _, clip in ranked[:max_count]), key=lambda clip: (clip.kind, clip.split, clip.clip))


def _clip_row(store: ShardClips, clip: ClipEntry, settings: ShowSettings) -> Frame:
    """Render the frames of one clip in a row under its split, name, person and number of frames."""
    tile = settings.tile
    indices = np.unique(np.linspace(0, clip.frames - 1, settings.frames).round().astype(int)).tolist()
    cell = np.full((tile + CAPTION, len(indices) * (tile + 1) - 1, 3), BACKGROUND, np.uint8)
    loaded = store.load(clip.clip, indices)
    for column, (image, points) in enumerate(zip(loaded.images, loaded.points, strict=True)):
        picture = with_points(image, points) if settings.points else image
        cell[CAPTION:, column * (tile + 1) : column * (tile + 1) + tile] = picture
    text = f"{clip.clip}  {clip.person}  {clip.frames}" if len(indices) > 1 else clip.clip
    _caption(cell, clip.split, text)
    return cell


def _arrange(cells: Sequence[Frame]) -> Frame:
    """Arrange cells of equal height in lines of a roughly square sheet."""
    height = cells[0].shape[0] + GAP
    area = sum(height * (cell.shape[1] + GAP) for cell in cells)
    widest = max(cell.shape[1] for cell in cells) + GAP
    width = max(1, round(area**0.5 / widest)) * widest + GAP
    positions, left, top = [], GAP, GAP
    for cell in cells:
        if left + cell.shape[1] + GAP > width:
            left, top = GAP, top + height
        positions.append((left, top))
        left += cell.shape[1] + GAP
    sheet = np.full((top + height + CAPTION + GAP, width, 3), BACKGROUND, np.uint8)
    for cell, (left, top) in zip(cells, positions, strict=True):
        sheet[top : top + cell.shape[0], left : left + cell.shape[1]] = cell
    for number, split in enumerate(SPLIT_COLOURS):
        _caption(sheet[-CAPTION - GAP :, GAP + 60 * number :], split, split)
    return sheet


def _caption(region: Frame, split: str, text: str) -> None:
    """Draw a square in the split's colour and text at the top of a region of the sheet."""
    cv2.rectangle(region, (0, 2), (8, 10), SPLIT_COLOURS.get(split, TEXT_COLOUR), -1)
    cv2.putText(region, text, (12, 10), cv2.FONT_HERSHEY_SIMPLEX, 0.32, TEXT_COLOUR, 1, cv2.LINE_AA)


def with_points(image: Frame, points: NDArray[np.float32]) -> Frame:
    """Return a copy of an image with a dot on each landmark (irises in another colour).

    Args:
        image: H x W x 3 uint8 RGB.
        points: 478 x 3 float32, pixels.
    """
    drawn = image.copy()
    at = np.rint(points[:, :2]).astype(int)
    inside = (at >= 0).all(axis=1) & (at < (image.shape[1], image.shape[0])).all(axis=1)
    for number in np.flatnonzero(inside):
        drawn[at[number, 1], at[number, 0]] = (255, 60, 200) if number >= 468 else (60, 255, 90)
    return drawn
