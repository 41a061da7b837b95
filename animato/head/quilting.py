"""Texture quilted from patches of a photo: hair like the hair that is seen, skin like the skin beside it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.head.closed_topology import COLUMNS
from animato.head.gaps import mean_colour
from animato.types import Plane

OVERLAP = 3
"""A patch overlaps its neighbours by its side divided by this."""

TRIED, POOL = 16, 128
"""Patches of which the best for a place is taken, and places at which patches are cut; at most half are kept."""

STEP = 2
"""Pixels between those at which patches are compared."""

NEAR_COLUMNS = 3.0
"""How far around the head patches are taken from, in columns: hair hangs at the side and lies across the crown."""

DETAIL = 1.5
"""Detail is what is smaller than the shorter side of a patch divided by this."""

DULL = 60.0
"""Share of the patches, those of least contrast, that are used, per cent."""

FEWEST, LEAST_PATCHES, WHOLE = 100, 12, 0.995
"""Places at which a patch must fit into the material, patches that are enough, and share of a patch that must be it."""


@dataclass(frozen=True)
class Patches:
    """Patches of one material.

    Attributes:
        detail: N x h x w x 3 float32, colours without their mean around each pixel; rows run outwards from the
            face, columns around it as the columns of the closed head do.
        column: N float32, where around the head each was cut, in columns.
    """

    detail: NDArray[np.float32]
    column: NDArray[np.float32]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of a patch."""
        return self.detail.shape[1], self.detail.shape[2]


def patches_of(
    picture: NDArray[np.float32],
    mask: Plane,
    rays: tuple[NDArray[np.float64], NDArray[np.float64]],
    scale: float,
    shapes: tuple[tuple[int, int], ...],
) -> Patches | None:
    """Return patches of what a mask holds, of the first shape that fits; None where none does.

    Args:
        picture: H x W x 3 float32.
        mask: H x W float32 in [0, 1].
        rays: the middle of the face (2), and 36 x 2 unit vectors from there, pixels.
        scale: pixels of the picture for a pixel of a patch.
        shapes: rows and columns of patches, pixels, those that are wanted most first.
    """
    sure = (mask > 0.9).astype(np.uint8)
    random = np.random.default_rng(0)
    middle, directions = rays
    distance = cv2.distanceTransform(sure, cv2.DIST_L2, 5)
    for shape in shapes:
        rows, columns = np.nonzero(distance > min(shape) / 2 * scale)
        if len(rows) < FEWEST:
            continue
        centre = np.column_stack([columns, rows])[random.choice(len(rows), POOL)].astype(np.float64)
        outwards = centre - middle
        outwards /= np.maximum(np.linalg.norm(outwards, axis=1, keepdims=True), 1e-6)
        column = np.argmax(outwards @ directions.T, axis=1)
        around = np.column_stack([-outwards[:, 1], outwards[:, 0]])
        towards = (np.roll(directions, -1, axis=0) - directions)[column]
        around *= np.sign((around * towards).sum(axis=1, keepdims=True))
        down, across = ((np.arange(length) - (length - 1) / 2) * scale for length in shape)
        xy = centre[:, None, None] + down[:, None, None] * outwards[:, None, None]
        xy = (xy + across[:, None] * around[:, None, None]).astype(np.float32)
        x, y = (np.ascontiguousarray(xy[..., axis].reshape(-1, shape[1])) for axis in (0, 1))
        inside = cv2.remap(sure, x, y, cv2.INTER_NEAREST).reshape(-1, *shape)
        whole = np.flatnonzero(inside.mean(axis=(1, 2)) > WHOLE)[: POOL // 2]
        if len(whole) >= LEAST_PATCHES:
            break
    else:
        return None
    fine = picture - mean_colour(picture, sure.astype(np.float32), min(shape) * scale / DETAIL)
    cut = cv2.remap(fine, x, y, cv2.INTER_LINEAR).reshape(-1, *shape, 3)
    detail, column = cut[whole], column[whole]
    # A shine is where the light falls, and not all over the head.
    contrast = detail.std(axis=(1, 2, 3))
    dull = contrast <= np.percentile(contrast, DULL)
    detail, column = detail[dull], column[dull]
    # What hangs down at one side of the head does so at the other.
    both = np.concatenate([detail, detail[:, :, ::-1]]).astype(np.float32)
    return Patches(both, np.concatenate([column, -column % COLUMNS]).astype(np.float32))


def quilted(
    result: NDArray[np.float32],
    filled: NDArray[np.bool_],
    wanted: NDArray[np.bool_],
    patches: Patches,
    column: NDArray[np.float32],
) -> None:
    """Fill a texture in place with patches that fit beside each other (Efros, Freeman 2001, with soft seams).

    Args:
        result: H x W x 3 float32, what is already known.
        filled: H x W bool, where; filled too.
        wanted: H x W bool, where anything is wanted.
        patches: of the material.
        column: W float32, which column of the head each pixel across lies at.
    """
    sides = patches.shape
    random = np.random.default_rng(1)
    height, width = filled.shape
    used, coarse = np.zeros(len(patches.column)), patches.detail.mean(axis=3)
    window = np.outer(*(_ramp(side) for side in sides))
    for top in range(0, height, sides[0] - sides[0] // OVERLAP):
        start = -int(random.integers(sides[1] // 2))  # as in a wall of bricks, no joint goes on across
        for left in range(start, width, sides[1] - sides[1] // OVERLAP):
            box = np.s_[top : top + sides[0], max(left, 0) : left + sides[1]]
            if not (wanted[box] & ~filled[box]).any():
                continue
            known = filled[box]
            inside = np.s_[: known.shape[0], max(-left, 0) : max(-left, 0) + known.shape[1]]
            away = np.abs(patches.column - column[min(left + sides[1] // 2, width - 1)])
            away = np.minimum(away, COLUMNS - away) / NEAR_COLUMNS + random.random(len(patches.column)) + used
            tried = np.argsort(away)[:TRIED]
            offered = coarse[tried][:, inside[0], inside[1]][:, ::STEP, ::STEP]
            beside = result[box][::STEP, ::STEP].mean(axis=2)
            difference = ((offered - beside) * known[::STEP, ::STEP]).reshape(len(tried), -1)
            best = tried[np.argmin(np.einsum("ij,ij->i", difference, difference))]
            patch = patches.detail[best][inside]
            used[best] += 1
            share = np.where(known, window[inside], 1.0)[..., None].astype(np.float32)
            share *= wanted[box][..., None] | ~known[..., None]
            result[box] += share * (patch - result[box])
            known[...] = True


def _ramp(side: int) -> NDArray[np.float32]:
    """Return weights across a patch, `side` float32 in (0, 1]: they rise over its overlap, and fall again."""
    rise = np.clip(np.arange(1, side + 1) / (side // OVERLAP + 1), 0, 1)
    return np.minimum(rise, rise[::-1]).astype(np.float32)
