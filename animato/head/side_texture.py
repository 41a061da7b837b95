"""Texture of the sides and the back of a head, which a photo from the front shows steeply or not at all.

It is made once for each photo: colours come from the photo where it shows them and from the silhouette behind it, and
detail from patches of the photo's own hair and skin. `head.side_chart` says where what lies.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.channels import channel_sum
from animato.geometry.smoothstep import smoothstep
from animato.head.closed_topology import COLUMNS, FRONT
from animato.head.clothes import is_like
from animato.head.gaps import mean_colour
from animato.head.plate import push_pull
from animato.head.quilting import DETAIL, patches_of, quilted
from animato.head.rim_colours import SKIN_EDGE, SKIN_REACH, HeadKinds, rim_colours
from animato.head.side_chart import (
    BACK_ROWS,
    FACE_ROWS,
    FRONT_ROWS,
    HEIGHT,
    SHOWN_ROWS,
    WIDTH,
    SideChart,
    around,
    column_of,
)
from animato.types import Frame, Plane

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

STRETCHED_ROWS, SEEN_ROWS = FACE_ROWS + FRONT_ROWS * 3 // FRONT, FACE_ROWS + FRONT_ROWS * 97 // 100
"""Rows up to which the photo's own detail is taken, and up to which its colours are."""

SHORT_PATCH, SHORT_SHARE = 28, 0.5
"""Longer side of a patch up to which there is so little of a material that its patches repeat, and the strength of
their detail: a pattern would show."""

LEAST_SHARE = 0.02
"""Share of a material below which its detail is not made."""

HAIR_LEVELS, SKIN_LEVELS = 30.0, 16.0
"""Largest detail of hair, levels of 255: locks, but not the shine of one; and of skin: a beard's, but no strand's."""

OUTER_FACE = 0.6
"""Part of the way from the middle of the face to its oval beyond which skin is like the skin of the sides."""


SHEEN_LIGHT = (0.45, 0.75)
"""Light of skin in shares of the inner face's from which on it may shine grey: darker it is a beard, or shaded."""

STREAK_PIXELS, OVAL_POWER = (3.5, 0.6), 8
"""Blur of the face's own colours along and across the rows, pixels; and how late they give way to the colours of the
sides, as a power of the row."""

INNER_SHARE, INNER_PIXELS = 0.6, 40.0
"""Part of the face rows, from inside, that the outer ones are compared with, and over how much of a row, pixels."""


def side_texture(
    photo: tuple[Frame, Frame, Plane],
    kinds: HeadKinds,
    head: Plane,
    chart: SideChart,
    nape: NDArray[np.float64],
    pixels_per_cm: float,
) -> Frame:
    """Return the texture of sides and back, HEIGHT x WIDTH x 3 uint8; columns run from the chin around.

    Args:
        photo: H x W x 3 uint8, colours of the person, the same without what is seen around and through the head, and
            H x W float32 in [0, 1], where these are the head's own.
        kinds: of the head.
        head: H x W float32, opacity of face, hair and ears.
        chart: where the photo shows the places of the texture.
        nape: 36 in [0, 1], share of each column that lies below the hair of the nape, if none hangs over it.
        pixels_per_cm: scale of the photo.
    """
    picture, colours = (part.astype(np.float32) for part in photo[:2])
    rim, middle = chart.rings[-1], chart.rings[0].mean(axis=0)
    inwards = (middle - rim) / np.linalg.norm(middle - rim, axis=1, keepdims=True)
    haired = kinds.hair.sum() > LEAST_HAIR * head.sum()
    neck = kinds.neck if (kinds.neck > 0.9).any() else head - kinds.hair
    if haired:
        behind, hangs = rim_colours(picture, kinds.dense, rim, inwards)
        bare = (nape * (1 - hangs))[:, None]
    else:
        scalp = np.minimum(kinds.hair + kinds.face, 1)
        behind, _ = rim_colours(picture, scalp, rim, inwards, SKIN_REACH, SKIN_EDGE, skin=True)
        bare = nape[:, None]
    skin = behind + bare * (rim_colours(picture, neck, rim, inwards)[0] - behind)
    row = np.arange(SHOWN_ROWS)[:, None]
    own, here = chart.of(colours), chart.of(head) * chart.known
    is_hair = np.asarray(np.clip(chart.of(kinds.hair) / np.maximum(here, 0.05), 0, 1), np.float32)
    seen = np.where(row < SEEN_ROWS, chart.of(photo[2]) * chart.known, 0).astype(np.float32)
    # On the face, colours are continued over what is not its own. Hair before it is.
    like = _like_inner_face(own[:FACE_ROWS], chart.known[:FACE_ROWS]) | (is_hair[:FACE_ROWS] > 0.5)
    own = own + (1 - is_hair[..., None]) * (_without_sheen(own, chart.known) - own)
    face = seen[:FACE_ROWS] = chart.known[:FACE_ROWS] * like
    cut = _Cut(picture, own, (middle, -inwards), pixels_per_cm)
    outer = kinds.face * _outer_face(chart.rings[0], head.shape)
    if not haired:
        detail = cut.skin_detail(outer, np.ones((HEIGHT, WIDTH), bool))
        return _with_face(_base(own, seen, skin, SKIN_SMOOTH_PIXELS) + detail, detail, own, face)
    share = _base(is_hair[..., None], here * (row < SEEN_ROWS), 1 - bare, SKIN_SMOOTH_PIXELS)
    own_hair = seen * (is_hair > 0.9)
    hair_detail = _limited(
        cut.detail(kinds.dense, share[..., 0] > LEAST_SHARE, own_hair > 0.9, HAIR_PATCHES), HAIR_LEVELS
    )
    skin_detail = cut.skin_detail(outer, share[..., 0] < 1 - LEAST_SHARE)
    of_hair = _base(own, own_hair * (row < STRETCHED_ROWS) * _likely(own, behind), behind, SMOOTH_PIXELS)
    of_skin = _base(own, seen * (is_hair < 0.5), skin, SKIN_SMOOTH_PIXELS)
    detail = skin_detail + share * (hair_detail - skin_detail)
    return _with_face(of_skin + share * (of_hair - of_skin) + detail, detail, own, face)


def _with_face(
    texture: NDArray[np.float32], detail: NDArray[np.float32], own: NDArray[np.float32], sure: Plane
) -> Frame:
    """Return a texture, HEIGHT x WIDTH x 3 uint8, with the photo's own colours in the face rows.

    They are nearer to the truth than what hair and skin are like elsewhere. A turn stretches their pixels across the
    rows into streaks, so they are smoothed along the rows.

    Args:
        texture: HEIGHT x WIDTH x 3 float32, as made of hair and skin; changed.
        detail: HEIGHT x WIDTH x 3 float32, what of it is detail.
        own: SHOWN_ROWS x WIDTH x 3 float32, the photo's colours.
        sure: FACE_ROWS x WIDTH float32 in [0, 1], where they count.
    """
    filled = push_pull(own[1:FACE_ROWS:2, 1::2], sure[1::2, 1::2])
    smooth = cv2.GaussianBlur(filled, (0, 0), STREAK_PIXELS[0] / 2, sigmaY=STREAK_PIXELS[1] / 2)
    face = cv2.resize(smooth, (WIDTH, FACE_ROWS)) + detail[:FACE_ROWS]
    near = 1 - np.linspace(0, 1, FACE_ROWS, dtype=np.float32)[:, None] ** OVAL_POWER
    share = (near * sure.any())[..., None]
    texture[:FACE_ROWS] += share * (face - texture[:FACE_ROWS])
    return _rounded(texture)


def _base(own: NDArray[np.float32], sure: Plane, behind: NDArray[np.floating], blur: float) -> NDArray[np.float32]:
    """Return values without detail, HEIGHT x WIDTH x C float32.

    Args:
        own: SHOWN_ROWS x WIDTH x C float32, the photo's.
        sure: SHOWN_ROWS x WIDTH float32 in [0, 1], where they count.
        behind: 36 x C, those of the silhouette, by column: the back goes on with them.
        blur: of what is known, pixels.
    """
    # Left and right meet at the middle of the back.
    middle = np.linspace(0, 1, BACK_ROWS // 2, dtype=np.float32)[:, None, None] ** 2
    both = (behind + behind[-np.arange(COLUMNS) % COLUMNS]) / 2
    back = around(behind, WIDTH // 2) * (1 - middle) + around(both, WIDTH // 2) * middle
    # What is smooth needs no more than half the pixels.
    own, sure = own[1::2, 1::2], sure[1::2, 1::2].astype(np.float32)
    values = np.concatenate([own, back])
    filled = push_pull(values, np.concatenate([sure, np.ones(back.shape[:2], np.float32)]))
    smooth = cv2.GaussianBlur(filled, (0, 0), blur / 2)
    return np.asarray(cv2.resize(smooth, (WIDTH, HEIGHT)).reshape(HEIGHT, WIDTH, -1), np.float32)


def _like_inner_face(own: NDArray[np.float32], seen: Plane) -> NDArray[np.bool_]:
    """Return which pixels of the face rows are like those farther in, FACE_ROWS x WIDTH bool.

    At its oval a face is seen so steeply that a strand of hair or the wall beside it would become a patch on the cheek.

    Args:
        own: FACE_ROWS x WIDTH x 3 float32, colours of the photo.
        seen: FACE_ROWS x WIDTH float32 in [0, 1], where they are known.
    """
    reference, total = _inner_face(own, seen)
    return np.asarray(is_like(own, reference) | (total < 1))


def _without_sheen(own: NDArray[np.float32], known: Plane) -> NDArray[np.float32]:
    """Return the photo's colours in the rows that it shows, of skin that shines grey in the hue of the face farther in.

    Seen steeply, skin reflects what is around it (Fresnel); turned to the camera, it does not.

    Args:
        own: SHOWN_ROWS x WIDTH x 3 float32, colours of the photo.
        known: SHOWN_ROWS x WIDTH float32 in [0, 1], where they are known.
    """
    reference = _inner_face(own[:FACE_ROWS], known[:FACE_ROWS])[0]
    light = channel_sum(own) / np.maximum(channel_sum(reference), 1.0)
    red, usual = (colours[..., 0] / np.maximum(channel_sum(colours), 1.0) for colours in (own, reference))
    outwards = np.clip(np.arange(SHOWN_ROWS, dtype=np.float32)[:, None] / FACE_ROWS, 0, 1)
    share = outwards * smoothstep(light, *SHEEN_LIGHT) * (red < usual)
    return np.asarray(own + share[..., None] * (reference * light[..., None] - own), np.float32)


def _inner_face(own: NDArray[np.float32], seen: Plane) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the mean colour of the inner face rows along the texture, 1 x WIDTH x 3, and its weight, 1 x WIDTH.

    Args:
        own: FACE_ROWS x WIDTH x 3 float32, colours of the photo.
        seen: FACE_ROWS x WIDTH float32 in [0, 1], where they are known.
    """
    inner = seen * (np.arange(FACE_ROWS)[:, None] < FACE_ROWS * INNER_SHARE)
    total = cv2.GaussianBlur(inner.sum(axis=0, keepdims=True), (0, 0), INNER_PIXELS)
    mean = cv2.GaussianBlur((own * inner[..., None]).sum(axis=0, keepdims=True), (0, 0), INNER_PIXELS)
    return np.asarray(mean / np.maximum(total, 1e-3)[..., None], np.float32), np.asarray(total, np.float32)


def _likely(own: NDArray[np.float32], behind: NDArray[np.floating]) -> Plane:
    """Return how well colours of the front rows agree with those of the hair behind them, SHOWN_ROWS x WIDTH in [0, 1].

    A shine, or a wall between strands, would be stretched into a patch.
    """
    apart = np.sqrt(channel_sum((own - around(behind, WIDTH)) ** 2)) / USUAL_LEVELS
    return np.asarray(1 / (1 + apart**4), np.float32)


def _limited(detail: NDArray[np.float32], levels: float) -> NDArray[np.float32]:
    return np.asarray(levels * np.tanh(detail / levels), np.float32)


@dataclass(frozen=True)
class _Cut:
    """What patches of one photo are cut from.

    Attributes:
        picture: H x W x 3 float32.
        own: SHOWN_ROWS x WIDTH x 3 float32, its colours in the front rows.
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
            known: SHOWN_ROWS x WIDTH bool, where the photo shows it in the front rows.
            shapes: of patches, see `quilting.patches_of`.
        """
        result = np.zeros((HEIGHT, WIDTH, 3), np.float32)
        patches = patches_of(self.picture, mask, self.rays, self.pixels_per_cm / PIXELS_PER_CM, shapes)
        if patches is None:
            return result
        filled = np.zeros((HEIGHT, WIDTH), bool)
        filled[:STRETCHED_ROWS] = known[:STRETCHED_ROWS]
        shown = filled.copy()
        mean = mean_colour(self.own, np.ones(self.own.shape[:2], np.float32), min(patches.shape) / DETAIL)
        result[:SHOWN_ROWS] = (self.own - mean) * filled[:SHOWN_ROWS, :, None]
        quilted(result, filled, wanted, patches, column_of())
        if max(patches.shape) <= SHORT_PATCH:
            result[~shown] *= SHORT_SHARE
        return result

    def skin_detail(self, mask: Plane, wanted: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Return the detail of skin, HEIGHT x WIDTH x 3 float32: none of it is what the photo shows in these rows.

        Behind the silhouette there is none: pores would make a scalp's outline as rough as hair.
        """
        known = np.zeros((SHOWN_ROWS, WIDTH), bool)
        wanted = wanted & (np.arange(HEIGHT)[:, None] < SHOWN_ROWS)
        return _limited(self.detail(mask, wanted, known, SKIN_PATCHES), SKIN_LEVELS)


def _outer_face(oval: NDArray[np.float64], shape: tuple[int, ...]) -> Plane:
    """Return the outer part of the face, H x W float32: what is not far from its oval (36 x 2, pixels)."""
    plane = np.zeros(shape[:2], np.float32)
    middle = oval.mean(axis=0)
    for size, value in ((1.0, 1.0), (OUTER_FACE, 0.0)):
        cv2.fillPoly(plane, [np.rint(middle + size * (oval - middle)).astype(np.int32)], (value,))
    return plane


def _rounded(texture: NDArray[np.float32]) -> Frame:
    return np.clip(np.rint(texture), 0, 255).astype(np.uint8)
