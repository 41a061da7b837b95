"""A photo taken apart: the plate behind, the body over it, and the closed head in front, each with colours and opacity.

At the photo's own pose the layers over each other give the photo again; what rounding and estimated colours leave is
kept as a residual and added back there.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.carried import CarriedPlaces
from animato.geometry.landmarks import MESH_POINTS, OVAL
from animato.geometry.mesh import Extent, build_shell, whole_extent
from animato.geometry.pose import HeadPose, local_from_points
from animato.geometry.raster import draw_triangles
from animato.geometry.smoothstep import smoothstep
from animato.head.body_places import below_jaw, body_places, hair_follow
from animato.head.closed_head import ClosedHead
from animato.head.closed_topology import COLUMNS, FRONT, RINGS, SILHOUETTE, closed_topology
from animato.head.clothes import is_like, skin_colour
from animato.head.ears import ears, like_ear, own_colours
from animato.head.foreground import OPAQUE, foreground_of
from animato.head.head_colours import beside_face, head_colours, seen_through
from animato.head.levels import CHIN_LEVELS, far_side, head_height
from animato.head.neck import continued_body
from animato.head.opacity import Opacity
from animato.head.parts import Shares
from animato.head.rim_colours import HeadKinds
from animato.head.side_chart import SideChart, face_columns
from animato.head.side_texture import side_texture
from animato.types import Frame, Plane, Points

NECK_LEVELS = (6.0, 8.0)
"""Centimetres below the middle of the face from which, and at which fully, what the parts call a face is the neck."""

SLIVER_CM = 0.6
"""Width of the widest sliver of the body that is none, centimetres."""

SKIRT_SOFT_CM = 0.6
"""Softness of the head's lower end, where its skirt of skin passes into the body's, centimetres."""

SEEN_SOFT_CM = 0.1
"""Softness of the edge of what is seen of the head, centimetres."""

NAPE_CM = (5.0, 7.5)
"""How far below the head's origin, centimetres, the hair of a nape ends."""

BARE_NAPE_CM = (3.0, 4.5)
"""The same beside a neck where the photo shows no hair."""

CLOTHES = (0.3, 0.7)
"""Share of clothes, below the face, from which, and at which fully, a pixel is no part of the head."""


@dataclass(frozen=True, eq=False)
class PersonLayers:
    """What one photo is made of.

    Attributes:
        plate: S x S x 3 uint8, the background, filled in behind the person.
        loose: S x S float32 in [0, 1], how much of the photo is the person, or hair that no matte holds.
        body, body_alpha: S x S x 3 uint8 and S x S float32, neck, clothes and hanging hair, continued behind the jaw.
        head, head_alpha: the same of face, hair and ears.
        head_seen: S x S float32 in [0, 1], where the head's colours are the photo's own.
        ear: S x S float32 in [0, 1], where the head's colours are an ear's.
        side: texture of the sides and the back of the head, see `head.side_texture`.
        shell: the closed head's geometry.
        body_places: GRID^2 places of the body, carried by the rings around the face.
        hair_places: GRID^2 x 3 float64, the same in the head's own frame, centimetres: hair hangs there.
        hair_follow: GRID^2 float64 in [0, 1], how much the body's hair at each moves with the head.
    """

    plate: Frame
    loose: Plane
    body: Frame
    body_alpha: Plane
    head: Frame
    head_alpha: Plane
    head_seen: Plane
    ear: Plane
    side: Frame
    shell: ClosedHead
    body_places: CarriedPlaces
    hair_places: NDArray[np.float64]
    hair_follow: NDArray[np.float64]


def person_layers(
    image: Frame,
    points: Points,
    pose: HeadPose,
    opacity: Opacity,
    shares: Shares,
    shell: ClosedHead,
    extent: Extent | None = None,
) -> PersonLayers:
    """Take a photo apart.

    Args:
        image: S x S x 3 uint8 RGB.
        points: 478 x 3, landmarks, pixels.
        pose: fitted to them.
        opacity: what of it is the person.
        shares: of the person's parts.
        shell: fitted to the head.
        extent: part of the square inside the photo; None for all of it.
    """
    size, scale = image.shape[0], pose.scale
    plate, loose, alpha = opacity
    clothes = shares.body - shares.skin
    collar = smoothstep(clothes, *CLOTHES) * np.minimum(3 * head_height(pose, size), 1)
    head_alpha = alpha * _head_region(points, pose, shell, size) * (1 - collar)
    body_alpha = _body_opacity(alpha, head_alpha, pose, shares)
    foreground = foreground_of(image, alpha, plate, scale)
    body, body_alpha = continued_body(image, alpha, head_alpha, body_alpha, pose, (foreground, plate), shares)
    through = seen_through(image, plate, alpha, alpha * shares.hair * beside_face(shell, pose, size))
    dense = np.asarray(alpha * (1 - through), np.float32)
    tone = skin_colour(image, alpha * shares.face)
    like_skin = is_like(image, tone)
    skin = np.asarray(alpha * shares.skin * like_skin, np.float32)
    kinds = HeadKinds(alpha * shares.hair, dense * shares.hair, alpha * shares.face, skin)
    ear = ears(points, pose, alpha * (shares.face + shares.ear) * like_ear(image, tone))
    colours, own = head_colours(foreground, dense, clothes, own_colours(dense > OPAQUE, ear, scale), scale)
    seen = np.asarray(own & _like_head(like_skin, shares, pose) & _inside(extent, size), np.float32)
    chart = SideChart(_front_rings(points, shell), _shown_face(points, shell))
    side = side_texture((foreground, colours, seen), kinds, head_alpha, chart, _nape(shell), scale)
    places = body_places(size)
    depth = np.full(len(places), shell.points.reshape(RINGS, COLUMNS, 3)[SILHOUETTE, :, 2].mean())
    hanging = local_from_points(np.column_stack([places, depth]).astype(np.float32), pose)
    return PersonLayers(
        plate,
        loose,
        body,
        body_alpha,
        colours,
        head_alpha.astype(np.float32),
        np.asarray(cv2.GaussianBlur(seen, (0, 0), SEEN_SOFT_CM * scale), np.float32),
        ear,
        side,
        shell,
        CarriedPlaces(below_jaw(places, pose), points, build_shell(points, pose, size, extent)),
        np.asarray(hanging, np.float64),
        hair_follow(head_alpha, body_alpha * shares.hair, scale),
    )


def _body_opacity(alpha: Plane, head_alpha: Plane, pose: HeadPose, shares: Shares) -> Plane:
    """Return the opacity of what of the person is no head, but goes on below it, S x S float32."""
    size = len(alpha)
    body = np.where(head_alpha < 0.999, (alpha - head_alpha) / np.maximum(1 - head_alpha, 1e-3), 0).clip(0, 1)
    # Hair above the chin that the shell leaves out would stand still: it is no body. Nor is the edge of a face.
    lower = head_height(pose, size, levels=NECK_LEVELS) * shares.face * (1 - far_side(pose, size))
    body *= np.maximum(shares.body, head_height(pose, size) * (1 - shares.face) + lower)
    above = 1 - head_height(pose, size, levels=CHIN_LEVELS)
    return np.asarray(body - _slivers(body, pose.scale) * (1 - shares.hair) * above, np.float32)


def _like_head(like_skin: NDArray[np.bool_], shares: Shares, pose: HeadPose) -> NDArray[np.bool_]:
    """Return what has a colour that a head can have, S x S bool.

    Args:
        like_skin: S x S bool, pixels of the colour of skin.
        shares: of the person's parts.
        pose: of the head.
    """
    # Beside the jaw, what is neither hair nor like skin is no head.
    head_like = like_skin | (shares.hair > 0.5) | (head_height(pose, len(like_skin)) == 0)
    # What such a piece darkens or tints beside it would be continued where the photo shows nothing.
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (round(SLIVER_CM * pose.scale) | 1,) * 2)
    other = cv2.morphologyEx((~head_like).astype(np.uint8), cv2.MORPH_OPEN, kernel)
    return np.asarray(head_like & (cv2.dilate(other, kernel) == 0))


def _inside(extent: Extent | None, size: int) -> NDArray[np.bool_]:
    """Return which pixels are not at the photo's edge, S x S bool: what lies beyond is not its continuation."""
    left, top, right, bottom = whole_extent(size) if extent is None else extent
    line = np.arange(size)
    rows, columns = ((line > low + 1) & (line < high - 1) for low, high in ((top, bottom), (left, right)))
    return rows[:, None] & columns


def _front_rings(points: Points, shell: ClosedHead) -> NDArray[np.float64]:
    """Return where the photo shows the face's oval and the front rings, 6 x 36 x 2, pixels."""
    oval = points[list(OVAL), :2].astype(np.float64)
    # A turned photo shows its far side badly: there it is the mirrored near side.
    oval = np.where(shell.mirrored[:, None], oval[-np.arange(COLUMNS) % COLUMNS], oval)
    return np.concatenate([oval[None], shell.source.reshape(RINGS, COLUMNS, 2)[:FRONT]])


def _shown_face(points: Points, shell: ClosedHead) -> NDArray[np.float64]:
    """Return where the photo shows the face's mesh, 468 x 2, pixels; its far side where the mirrored near side is."""
    face = points[:MESH_POINTS, :2].astype(np.float64)
    mirrored = np.take(shell.mirrored, np.rint(face_columns()).astype(int) % COLUMNS)
    return np.where(mirrored[:, None], face[closed_topology().partner[:MESH_POINTS]], face)


def _nape(shell: ClosedHead) -> NDArray[np.float64]:
    """Return how much of each column's silhouette lies below the hair of the nape, 36 in [0, 1]."""
    down = shell.local.reshape(RINGS, COLUMNS, 3)[SILHOUETTE, :, 1]
    nape = smoothstep(down, *NAPE_CM)
    return np.asarray(nape + shell.hairless * (smoothstep(down, *BARE_NAPE_CM) - nape))


def _slivers(body: Plane, scale: float) -> Plane:
    """Return the opacity of what is too narrow for a part of a body, S x S float32: an edge that the head lacks."""
    narrow = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (round(SLIVER_CM * scale) | 1,) * 2)
    return np.asarray(body - cv2.morphologyEx(body.astype(np.float32), cv2.MORPH_OPEN, narrow), np.float32)


def _head_region(points: Points, pose: HeadPose, shell: ClosedHead, size: int) -> Plane:
    """Return where the head's layer is, S x S float32: all of the shell, but soft where its skirt ends on the neck."""
    topology = closed_topology()
    vertices = np.concatenate([points[:MESH_POINTS].astype(np.float64), shell.points])
    covered = (draw_triangles(vertices, topology.triangles, size, topology.outward, 0.3) >= 0).astype(np.uint8)
    blur = SKIRT_SOFT_CM * pose.scale / 2
    soft = np.clip(2 * cv2.GaussianBlur(covered.astype(np.float32), (0, 0), blur) - 1, 0, 1)
    below = head_height(pose, size)
    return np.asarray(soft * below + covered * (1 - below), np.float32)


FRINGE = np.s_[COLUMNS * FRONT : COLUMNS * (FRONT + 1)]
"""The fringe's rows among the ring vertices."""
