"""Dental arches for photos that show no teeth: the bundled bank, and completion of a measured arch.

`assets/arches.png` is made by `scripts/make_arches.py`.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from animato.errors import MissingPartError
from animato.head.arch_texture import COLUMNS, RESOLUTION, ROWS, MeasuredArch, columns, rows
from animato.types import Plane

ASSET = Path(__file__).resolve().parents[1] / "assets" / "arches.png"
WIDTHS = "mouth widths"
"""Name of the PNG text with the widths of the mouths that the arches belong to, canonical centimetres."""
STORED_MAXIMUM = 1.3
"""Relative colour that is stored as 255."""
EDGE_SOFTNESS = 0.05
"""Width of the transition at the teeth's edge, canonical centimetres."""
GUM = np.array([0.8, 0.54, 0.54], np.float32)
"""Colour of gums relative to teeth: the median above the crowns of the bank's arches that show gums."""
CROWN_X, CROWN_HEIGHT = (0.0, 0.42, 0.85, 1.15, 1.5, 1.9, 2.6), (1.0, 1.05, 0.95, 0.88, 0.98, 0.9, 0.75)
"""Height of the crowns by distance from the midline, canonical centimetres (central incisor 10.5 mm, lateral 9 mm,
canine 10 mm, premolars 8.5 mm: Magne, Gallucci and Belser 2003)."""
LIP_SHADOW = 0.12
"""Height below the upper lip in which it shades the teeth, cm; colours are not continued from there."""
GUM_SOFTNESS = 0.12
"""Width of the transition from teeth to gums, canonical centimetres."""


@dataclass(frozen=True)
class DentalArch:
    """Upper teeth and gums.

    Attributes:
        colour: ROWS x COLUMNS x 3 float32, relative to the teeth's colour.
        alpha: ROWS x COLUMNS float32 in [0, 1], 0 below the teeth.
    """

    colour: NDArray[np.float32]
    alpha: Plane


def complete(arch: MeasuredArch, fallback: DentalArch | None = None) -> DentalArch:
    """Return a measured arch with everything that its photo hides.

    Args:
        arch: as measured.
        fallback: supplies what is hidden to the sides; None for the arch's own mirror, then its outermost teeth.
    """
    visible = _lit(arch.visible)
    weight = visible[..., None]
    seen = visible.max(axis=0) > 0.5
    colour = _filled(arch.colour, visible)
    edge, mirrored = arch.edge.copy(), seen[::-1] & ~seen
    colour[:, mirrored], edge[mirrored] = colour[:, ::-1][:, mirrored], edge[::-1][mirrored]
    known = seen | mirrored
    if fallback is None:
        nearest = np.clip(np.arange(COLUMNS), *np.flatnonzero(known)[[0, -1]])
        colour, edge = colour[:, nearest], edge[nearest]
        alpha = np.clip((edge - rows()[:, None]) / EDGE_SOFTNESS + 0.5, 0, 1).astype(np.float32)
    else:
        share = cv2.GaussianBlur(known.astype(np.float32)[None], (0, 0), 0.1 * RESOLUTION)[0]
        colour = share[:, None] * colour + (1 - share[:, None]) * fallback.colour
        own = np.clip((edge - rows()[:, None]) / EDGE_SOFTNESS + 0.5, 0, 1)
        alpha = np.asarray(share * own + (1 - share) * fallback.alpha, np.float32)
    crown = edge - np.interp(np.abs(columns()), CROWN_X, CROWN_HEIGHT)
    gum = np.clip((crown - rows()[:, None]) / GUM_SOFTNESS + 0.5, 0, 1)[..., None] * (1 - weight)
    return DentalArch(np.asarray(colour + gum * (GUM - colour), np.float32), np.asarray(alpha, np.float32))


def _lit(visible: Plane) -> Plane:
    """Return what is visible without the rows that the upper lip shades."""
    shadow = round(LIP_SHADOW * RESOLUTION)
    lit = np.minimum(visible, np.pad(visible, ((shadow, 0), (0, 0)))[:ROWS])
    return np.asarray(cv2.GaussianBlur(lit, (0, 0), 1.0), np.float32)


def _filled(colour: NDArray[np.float32], visible: Plane) -> NDArray[np.float32]:
    """Return the colours, rows above and below what is visible filled from the nearest visible row."""
    filled = colour.copy()
    for column in np.flatnonzero(visible.max(axis=0) > 0.5):
        shown = np.flatnonzero(visible[:, column] > 0.5)
        filled[:, column] = filled[np.clip(np.arange(ROWS), shown[0], shown[-1]), column]
    smooth = cv2.GaussianBlur(filled, (0, 0), 0.04 * RESOLUTION)
    return np.asarray(visible[..., None] * colour + (1 - visible[..., None]) * smooth, np.float32)


def to_pixels(arches: list[DentalArch]) -> NDArray[np.uint8]:
    """Return arches as one picture, (N ROWS) x COLUMNS x 4 uint8."""
    planes = [
        np.dstack([np.clip(arch.colour / STORED_MAXIMUM, 0, 1), np.clip(arch.alpha, 0, 1)]) * 255 for arch in arches
    ]
    return np.asarray(np.rint(np.concatenate(planes)), np.uint8)


def choose_arch(width: float) -> DentalArch:
    """Return the bundled arch of the mouth most alike in width.

    Args:
        width: of the closed mouth, canonical centimetres.

    Raises:
        MissingPartError: the file is missing or damaged.
    """
    widths, arches = _bank()
    return arches[int(np.abs(np.array(widths) - width).argmin())]


@functools.cache
def _bank() -> tuple[tuple[float, ...], tuple[DentalArch, ...]]:
    """Return the widths of the mouths, and the arches.

    Raises:
        MissingPartError: the file is missing or damaged.
    """
    try:
        with Image.open(ASSET, formats=["PNG"]) as picture:
            pixels = np.asarray(picture.convert("RGBA"), np.float32) / np.float32(255)
            widths = tuple(float(word) for word in picture.info[WIDTHS].split())
        arches = pixels.reshape(len(widths), ROWS, COLUMNS, 4)
    except (OSError, ValueError, KeyError) as error:
        raise MissingPartError(
            "the bundled dental arches are missing or damaged",
            where=ASSET.name,
            hint="pip install --force-reinstall animato",
        ) from error
    return widths, tuple(DentalArch(arch[..., :3] * np.float32(STORED_MAXIMUM), arch[..., 3]) for arch in arches)
