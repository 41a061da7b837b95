"""Texture of the sides and the back of a head, which a photo from the front shows steeply or not at all.

It is made once for each photo: colours come from the photo where it shows them and from the silhouette behind it, and
detail from patches of the photo's own hair and skin.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.channels import channel_sum
from animato.geometry.landmarks import MESH_POINTS, OVAL
from animato.head.closed_topology import BACK, COLUMNS, FRONT, RINGS
from animato.head.gaps import mean_colour
from animato.head.plate import push_pull
from animato.head.quilting import DETAIL, patches_of, quilted
from animato.head.rim_colours import SKIN_EDGE, SKIN_REACH, HeadKinds, is_bare_skull, rim_colours
from animato.types import Frame, Plane

WIDTH, FRONT_ROWS, BACK_ROWS = 1184, 100, 188
"""Size of the texture in pixels: once around the head, from the face's oval to the silhouette, and from there to the
back of the skull; 13 to 15 pixels a centimetre of a head of average size."""

HEIGHT = FRONT_ROWS + BACK_ROWS

PIXELS_PER_CM = 14.0
"""Scale at which patches of the photo are laid on it."""

HAIR_PATCHES = ((56, 56), (40, 64), (28, 64), (20, 64), (28, 28), (20, 20))
SKIN_PATCHES = ((28, 28), (20, 20), (14, 14))
"""Rows and columns of the patches of hair and of skin, pixels: the first for which there is enough. Beside a face hair
hangs down in narrow strips, so patches are longer around the head than outwards."""

LEAST_HAIR = 0.03
"""Hair of a head in shares of its area, below which its back is skin."""

SMOOTH_PIXELS, SKIN_SMOOTH_PIXELS = 8.0, 2.5
"""Blur of the colours of hair and of skin below their detail: a photo's pixels are streaks there."""

USUAL_LEVELS = 40.0
"""Difference from the hair along the silhouette, levels of 255, at which a colour counts half."""

STRETCHED_ROWS, SEEN_ROWS = FRONT_ROWS * 3 // FRONT, FRONT_ROWS * 97 // 100
"""Rows up to which the photo's own detail is taken, and up to which its colours are."""

LEAST_SHARE = 0.02
"""Share of a material below which its detail is not made."""

HAIR_LEVELS, SKIN_LEVELS = 30.0, 16.0
"""Largest detail of hair, levels of 255: locks, but not the shine of one; and of skin: a beard's, but no strand's."""

OUTER_FACE = 0.6
"""Part of the way from the middle of the face to its oval beyond which skin is like the skin of the sides."""


def side_texture(
    photo: tuple[Frame, Frame, Plane],
    kinds: HeadKinds,
    head: Plane,
    rings: NDArray[np.float64],
    nape: NDArray[np.float64],
    pixels_per_cm: float,
) -> Frame:
    """Return the texture of sides and back, HEIGHT x WIDTH x 3 uint8; columns run from the chin around.

    Args:
        photo: H x W x 3 uint8, colours of the person, the same without what is seen around and through the head, and
            H x W float32 in [0, 1], where these are the head's own.
        kinds: of the head.
        head: H x W float32, opacity of face, hair and ears.
        rings: 6 x 36 x 2, where the photo shows the face's oval and the front rings, the last the silhouette, pixels.
        nape: 36 in [0, 1], share of each column that lies below the hair of the nape, if none hangs over it.
        pixels_per_cm: scale of the photo.
    """
    picture, colours = (part.astype(np.float32) for part in photo[:2])
    rim, middle = rings[-1], rings[0].mean(axis=0)
    inwards = (middle - rim) / np.linalg.norm(middle - rim, axis=1, keepdims=True)
    haired = kinds.hair.sum() > LEAST_HAIR * head.sum() and not is_bare_skull(picture, kinds)
    neck = kinds.neck if (kinds.neck > 0.9).any() else head - kinds.hair
    if haired:
        behind, hangs = rim_colours(picture, kinds.dense, rim, inwards)
        bare = (nape * (1 - hangs))[:, None]
    else:
        scalp = np.minimum(kinds.hair + kinds.face, 1)
        behind, _ = rim_colours(picture, scalp, rim, inwards, SKIN_REACH, SKIN_EDGE)
        bare = nape[:, None]
    skin = behind + bare * (rim_colours(picture, neck, rim, inwards)[0] - behind)
    chart, row = _Chart(rings), np.arange(FRONT_ROWS)[:, None]
    own, here = chart.of(colours), chart.of(head)
    seen = np.where(row < SEEN_ROWS, chart.of(photo[2]), 0).astype(np.float32)
    if not haired:
        return _rounded(_base(own, seen, skin, SKIN_SMOOTH_PIXELS))
    is_hair = np.asarray(np.clip(chart.of(kinds.hair) / np.maximum(here, 0.05), 0, 1), np.float32)
    share = _base(is_hair[..., None], here * (row < SEEN_ROWS), 1 - bare, SKIN_SMOOTH_PIXELS)[..., 0]
    own_hair = seen * (is_hair > 0.9)
    cut = _Cut(picture, own, (middle, -inwards), pixels_per_cm)
    of_hair = _base(own, own_hair * (row < STRETCHED_ROWS) * _likely(own, behind), behind, SMOOTH_PIXELS)
    of_hair += _limited(cut.detail(kinds.dense, share > LEAST_SHARE, own_hair > 0.9, HAIR_PATCHES), HAIR_LEVELS)
    of_skin = _base(own, seen * (is_hair < 0.5), skin, SKIN_SMOOTH_PIXELS)
    beside_face = (1 - share > LEAST_SHARE) & (np.arange(HEIGHT)[:, None] < FRONT_ROWS)
    outer = kinds.face * _outer_face(rings[0], head.shape)
    of_skin += _limited(cut.detail(outer, beside_face, np.zeros(here.shape, bool), SKIN_PATCHES), SKIN_LEVELS)
    return _rounded(of_skin + share[..., None] * (of_hair - of_skin))


def texture_places() -> NDArray[np.float64]:
    """Return where the vertices lie in the texture, V x 2, pixels; inside the oval they lie nowhere."""
    columns = _texture_columns()
    places = np.zeros((MESH_POINTS + RINGS * COLUMNS, 2))
    # The oval, the front rings, and after the fringe the silhouette again and the back.
    places[list(OVAL), 0] = columns
    rows = {ring: ring / FRONT * FRONT_ROWS for ring in range(1, FRONT + 1)}
    rows |= {FRONT + 2 + ring: FRONT_ROWS + (BACK_ROWS - 1) * ring / BACK for ring in range(BACK + 1)}
    for ring, row in rows.items():
        first = MESH_POINTS + (ring - 1) * COLUMNS
        places[first : first + COLUMNS] = np.column_stack([columns, np.full(COLUMNS, row)])
    return places


class _Chart:
    """Pixels of the photo at each place of the front rows."""

    def __init__(self, rings: NDArray[np.float64]) -> None:
        order = (np.arange(COLUMNS + 1) + COLUMNS // 2) % COLUMNS
        grid = rings[:, order].astype(np.float32)
        row = (np.arange(FRONT_ROWS) * (FRONT / FRONT_ROWS)).astype(np.float32)
        column = ((np.arange(WIDTH) + 0.5) / WIDTH * (COLUMNS + 1) - 0.5).astype(np.float32)
        places = cv2.remap(grid, *np.meshgrid(column, row), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        self._x, self._y = (np.ascontiguousarray(places[..., axis]) for axis in (0, 1))

    def of(self, plane: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return values of the photo (H x W or H x W x C) in the front rows."""
        return np.asarray(
            cv2.remap(plane, self._x, self._y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32
        )


def _base(own: NDArray[np.float32], sure: Plane, behind: NDArray[np.floating], blur: float) -> NDArray[np.float32]:
    """Return values without detail, HEIGHT x WIDTH x C float32.

    Args:
        own: FRONT_ROWS x WIDTH x C float32, the photo's.
        sure: FRONT_ROWS x WIDTH float32 in [0, 1], where they count.
        behind: 36 x C, those of the silhouette, by column: the back goes on with them.
        blur: of what is known, pixels.
    """
    # Left and right meet at the middle of the back.
    middle = np.linspace(0, 1, BACK_ROWS // 2, dtype=np.float32)[:, None, None] ** 2
    both = (behind + behind[-np.arange(COLUMNS) % COLUMNS]) / 2
    back = _around(behind, WIDTH // 2) * (1 - middle) + _around(both, WIDTH // 2) * middle
    # What is smooth needs no more than half the pixels.
    own, sure = own[1::2, 1::2], sure[1::2, 1::2].astype(np.float32)
    values = np.concatenate([own, back])
    filled = push_pull(values, np.concatenate([sure, np.ones(back.shape[:2], np.float32)]))
    smooth = cv2.GaussianBlur(filled, (0, 0), blur / 2)
    return np.asarray(cv2.resize(smooth, (WIDTH, HEIGHT)).reshape(HEIGHT, WIDTH, -1), np.float32)


def _likely(own: NDArray[np.float32], behind: NDArray[np.floating]) -> Plane:
    """Return how well colours of the front rows agree with those of the hair behind them, FRONT_ROWS x WIDTH in [0, 1].

    A shine, or a wall between strands, would be stretched into a patch.
    """
    apart = np.sqrt(channel_sum((own - _around(behind, WIDTH)) ** 2)) / USUAL_LEVELS
    return np.asarray(1 / (1 + apart**4), np.float32)


def _limited(detail: NDArray[np.float32], levels: float) -> NDArray[np.float32]:
    return np.asarray(levels * np.tanh(detail / levels), np.float32)


@dataclass(frozen=True)
class _Cut:
    """What patches of one photo are cut from.

    Attributes:
        picture: H x W x 3 float32.
        own: FRONT_ROWS x WIDTH x 3 float32, its colours in the front rows.
        rays: the middle of the face, and the directions of the columns from there.
        pixels_per_cm: scale of the photo.
    """

    picture: NDArray[np.float32]
    own: NDArray[np.float32]
    rays: tuple[NDArray[np.float64], NDArray[np.float64]]
    pixels_per_cm: float

    def detail(
        self, mask: Plane, wanted: NDArray[np.bool_], known: NDArray[np.bool_], shapes: tuple[tuple[int, int], ...]
    ) -> NDArray[np.float32]:
        """Return the detail of a material, HEIGHT x WIDTH x 3 float32.

        Args:
            mask: H x W float32 in [0, 1], where the photo shows the material.
            wanted: HEIGHT x WIDTH bool.
            known: FRONT_ROWS x WIDTH bool, where the photo shows it in the front rows.
            shapes: of patches, see `quilting.patches_of`.
        """
        result = np.zeros((HEIGHT, WIDTH, 3), np.float32)
        patches = patches_of(self.picture, mask, self.rays, self.pixels_per_cm / PIXELS_PER_CM, shapes)
        if patches is None:
            return result
        filled = np.zeros((HEIGHT, WIDTH), bool)
        filled[:STRETCHED_ROWS] = known[:STRETCHED_ROWS]
        mean = mean_colour(self.own, np.ones(self.own.shape[:2], np.float32), min(patches.shape) / DETAIL)
        result[:FRONT_ROWS] = (self.own - mean) * filled[:FRONT_ROWS, :, None]
        column = ((np.arange(WIDTH) + 0.5) / WIDTH * (COLUMNS + 1) - 0.5 + COLUMNS // 2) % COLUMNS
        quilted(result, filled, wanted, patches, column.astype(np.float32))
        return result


def _outer_face(oval: NDArray[np.float64], shape: tuple[int, ...]) -> Plane:
    """Return the outer part of the face, H x W float32: what is not far from its oval (36 x 2, pixels)."""
    plane = np.zeros(shape[:2], np.float32)
    middle = oval.mean(axis=0)
    for size, value in ((1.0, 1.0), (OUTER_FACE, 0.0)):
        cv2.fillPoly(plane, [np.rint(middle + size * (oval - middle)).astype(np.int32)], (value,))
    return plane


def _rounded(texture: NDArray[np.float32]) -> Frame:
    return np.clip(np.rint(texture), 0, 255).astype(np.uint8)


def _around(values: NDArray[np.floating], width: int) -> NDArray[np.float32]:
    """Return values of the columns (36 x C) along the texture, 1 x width x C."""
    order = (np.arange(COLUMNS + 1) + COLUMNS // 2) % COLUMNS
    line = cv2.resize(values[order][None].astype(np.float32), (width, 1), interpolation=cv2.INTER_LINEAR)
    return np.asarray(line.reshape(1, width, -1), np.float32)


def _texture_columns() -> NDArray[np.float64]:
    """Return where each of the 36 columns lies across the texture, pixels; the wrap lies below the chin."""
    place = (np.arange(COLUMNS) - COLUMNS // 2) % COLUMNS
    return np.asarray((place + 0.5) / (COLUMNS + 1) * WIDTH - 0.5)
