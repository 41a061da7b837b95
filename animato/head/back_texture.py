"""Texture of the back of a head, which no photo from the front shows: hair like the hair that is seen."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.landmarks import MESH_POINTS
from animato.head.closed_topology import BACK, COLUMNS, FRONT, RINGS
from animato.types import Frame, Plane

WIDTH, HEIGHT = 432, 192
"""Size of the texture in pixels: once around the head, and from the silhouette to the back of the skull."""

PATCHES = (40, 28, 20)
"""Side of the patches of hair that are laid over each other, pixels: the largest for which there is enough hair."""

STEEP = 3
"""Front ring from which the texture begins: the photo shows it so steeply that a turn stretches its pixels."""

FEWEST = 200
"""Places at which a patch must fit into the hair."""

EDGE_PIXELS = 13
"""Width of the edge of hair whose colours are hardly used."""

LEAST_HAIR = 0.03
"""Hair of a head in shares of its area, below which its back is skin."""

CROWN = 0.4
"""Area of hair in units of the face's, below which it covers the crown alone. If it is also lighter than the face, it
is a bare skull that catches the light (of 142 portraits the four shaven ones, and no blond one)."""

HAIR_REACH, SKIN_REACH = (0.02, 0.16), (0.01, 0.06)
"""How far inside the silhouette, in units of the head's size, the colours of hair and of skin are taken. Skin is
opaque and darkens towards the edge, where its back goes on."""

SKIN_EDGE = 5
"""Width of the edge of skin whose colours are hardly used, pixels."""


class HeadKinds(NamedTuple):
    """Opacity of what a head consists of, each H x W float32 in [0, 1].

    Attributes:
        hair: hair.
        face: skin of face and scalp.
        neck: skin of the neck.
    """

    hair: Plane
    face: Plane
    neck: Plane


def back_texture(
    foreground: Frame,
    kinds: HeadKinds,
    head: Plane,
    rim: NDArray[np.float64],
    inwards: NDArray[np.float64],
    nape: NDArray[np.float64],
) -> Frame:
    """Return the texture of the back of a head, HEIGHT x WIDTH x 3 uint8; columns run from the chin around.

    Its base is the colour along the silhouette, of hair where the head has any; over it lies the detail of patches of
    that hair, blended so that their contrast stays (Heitz, Neyret 2018, section 3, without the histogram's transform).

    Args:
        foreground: H x W x 3 uint8, colours of the person.
        kinds: of the head.
        head: H x W float32, opacity of face, hair and ears.
        rim: 36 x 2, the silhouette, pixels.
        inwards: 36 x 2, unit vectors from there to the face.
        nape: 36 in [0, 1], share of each column that lies below the hair of the nape, if none hangs over it.
    """
    picture = foreground.astype(np.float32)
    hair = kinds.hair
    haired = hair.sum() > LEAST_HAIR * head.sum() and not _is_bare_skull(picture, kinds)
    if haired:
        base, hangs = _rim_colours(picture, hair, rim, inwards)
    else:
        scalp = np.minimum(hair + kinds.face, 1)
        base, hangs = _rim_colours(picture, scalp, rim, inwards, SKIN_REACH, SKIN_EDGE)
    neck = kinds.neck if (kinds.neck > 0.9).any() else head - hair
    bare = (nape * (1 - hangs))[:, None] if haired else np.zeros((COLUMNS, 1))
    base = (base + bare * (_rim_colours(picture, neck, rim, inwards)[0] - base)).astype(np.float32)
    # Left and right meet at the middle of the back.
    middle = np.linspace(0, 1, HEIGHT, dtype=np.float32)[:, None, None] ** 2
    both = (base + base[-np.arange(COLUMNS) % COLUMNS]) / 2
    texture = _around(base) * (1 - middle) + _around(both.astype(np.float32)) * middle
    if haired:
        texture = texture + _detail(picture, hair) * (1 - _around(bare.astype(np.float32)))
    return np.clip(np.rint(texture), 0, 255).astype(np.uint8)


def texture_places() -> NDArray[np.float64]:
    """Return where the vertices lie in the back's texture, V x 2, pixels; it begins before the silhouette."""
    columns = _texture_columns()
    places = np.zeros((MESH_POINTS + RINGS * COLUMNS, 2))
    # Front rings from STEEP on, then (after the fringe) the silhouette again and the back.
    rows = {ring: (ring - STEEP) * 0.06 for ring in range(STEEP, FRONT + 1)}
    start = rows[FRONT]
    rows |= {FRONT + 2 + ring: start + (1 - start) * ring / BACK for ring in range(BACK + 1)}
    for ring, row in rows.items():
        first = MESH_POINTS + (ring - 1) * COLUMNS
        places[first : first + COLUMNS] = np.column_stack([columns, np.full(COLUMNS, row * (HEIGHT - 1))])
    return places


def _around(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return values of the columns (36 x C) along the texture, 1 x WIDTH x C."""
    order = (np.arange(COLUMNS + 1) + COLUMNS // 2) % COLUMNS
    line = cv2.resize(values[order][None], (WIDTH, 1), interpolation=cv2.INTER_LINEAR)
    return np.asarray(line.reshape(1, WIDTH, -1), np.float32)


def _texture_columns() -> NDArray[np.float64]:
    """Return where each of the 36 columns lies across the texture, pixels; the wrap lies below the chin."""
    place = (np.arange(COLUMNS) - COLUMNS // 2) % COLUMNS
    return np.asarray((place + 0.5) / (COLUMNS + 1) * WIDTH - 0.5)


def _is_bare_skull(picture: NDArray[np.float32], kinds: HeadKinds) -> bool:
    """Return whether what was taken for hair is a shaven crown."""
    hair, face = kinds.hair > 0.9, kinds.face > 0.9
    if not hair.any() or not face.any() or hair.sum() > CROWN * face.sum():
        return False
    brightness = picture @ np.array([0.299, 0.587, 0.114], np.float32)
    return bool(np.median(brightness[hair]) > np.median(brightness[face]))


def _rim_colours(
    picture: NDArray[np.float32],
    mask: Plane,
    rim: NDArray[np.float64],
    inwards: NDArray[np.float64],
    reach: tuple[float, float] = HAIR_REACH,
    edge: int = EDGE_PIXELS,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the colour of a head along its silhouette, 36 x 3 float32: the mean of what the mask holds there.

    The second result is how much of the silhouette the mask holds at each column, 36 float32 in [0, 1].
    """
    height, width = mask.shape
    steps = np.linspace(*reach, 16) * np.ptp(rim, axis=0).max()
    xy = rim[:, None] + inwards[:, None] * steps[None, :, None]
    column, row = np.clip(np.rint(xy), 0, (width - 1, height - 1)).astype(int).transpose(2, 0, 1)
    # The edge of hair shows what is behind it, so what lies deeper counts where there is any.
    deep = cv2.erode((mask > 0.9).astype(np.uint8), np.ones((edge, edge), np.uint8))
    weight = (mask[row, column] > 0.9) * (0.02 + deep[row, column].astype(np.float32))
    total = weight.sum(1)
    everywhere = picture[(deep if deep.any() else mask) > 0.9]
    overall = np.median(everywhere, axis=0) if len(everywhere) else np.full(3, 60.0)
    mean = (picture[row, column] * weight[..., None]).sum(1) / np.maximum(total, 1e-3)[:, None]
    # Columns without any take their neighbours' colours, and all are smoothed around the head.
    apart = np.abs(np.arange(COLUMNS)[:, None] - np.arange(COLUMNS)[None])
    near = np.exp(-0.5 * (np.minimum(apart, COLUMNS - apart) / 2.0) ** 2) * total[None]
    doubt = 0.5
    colour = (near @ mean + doubt * overall) / (near.sum(1, keepdims=True) + doubt)
    return np.asarray(colour, np.float32), np.asarray((mask[row, column] > 0.9).mean(axis=1), np.float32)


def _detail(picture: NDArray[np.float32], hair: Plane) -> NDArray[np.float32]:
    """Return hair without its mean colour, HEIGHT x WIDTH x 3 float32, from patches of the photo's."""
    result = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    for side in PATCHES:
        kernel = np.ones((side, side), np.uint8)
        whole = cv2.erode((hair > 0.9).astype(np.uint8), kernel, borderType=cv2.BORDER_CONSTANT, borderValue=(0,))
        rows, columns = np.nonzero(whole)
        if len(rows) >= FEWEST:
            break
    else:
        return result
    random = np.random.default_rng(0)
    window = np.hanning(side + 2)[1:-1]
    weight = (window[:, None] * window[None]).astype(np.float32)
    power = np.full((HEIGHT, WIDTH, 1), 1e-6, np.float32)
    half = side // 2
    for top in range(-half, HEIGHT, half):
        for left in range(-half, WIDTH, half):
            number = int(random.integers(len(rows)))
            row, column = rows[number] - half, columns[number] - half
            patch = picture[row : row + side, column : column + side]
            y0, y1, x0, x1 = max(top, 0), min(top + side, HEIGHT), max(left, 0), min(left + side, WIDTH)
            inside = np.s_[y0 - top : y1 - top, x0 - left : x1 - left]
            own = weight[inside][..., None]
            result[y0:y1, x0:x1] += own * (patch - cv2.GaussianBlur(patch, (0, 0), side / 4))[inside]
            power[y0:y1, x0:x1] += own**2
    return np.asarray(result / np.sqrt(power), np.float32)
