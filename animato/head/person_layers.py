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
from animato.geometry.mesh import Extent, build_shell
from animato.geometry.pose import HeadPose, local_from_points
from animato.geometry.raster import draw_triangles
from animato.geometry.smoothstep import smoothstep
from animato.head.back_texture import HeadKinds, back_texture
from animato.head.body_places import below_jaw, body_places, hair_follow
from animato.head.closed_head import ClosedHead
from animato.head.closed_topology import COLUMNS, FRONT, RINGS, SILHOUETTE, closed_topology
from animato.head.clothes import is_like, skin_colour
from animato.head.foreground import foreground_of
from animato.head.gaps import gaps_in_hair
from animato.head.head_colours import beside_face, head_colours, seen_through
from animato.head.neck import continued_body
from animato.head.parts import Shares
from animato.head.plate import plate_of
from animato.types import Frame, Plane, Points

SKIRT_SOFT_CM = 0.6
"""Softness of the head's lower end, where its skirt of skin passes into the body's, centimetres."""

BELOW_FROM, BELOW_TO = 3.0, 6.0
"""Centimetres below the middle of the face between which the head's edge becomes soft towards the body."""

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
        body, body_alpha: S x S x 3 uint8 and S x S float32, neck, clothes and hanging hair, continued behind the jaw.
        head, head_alpha: the same of face, hair and ears.
        back: texture of the back of the head, see `head.back_texture`.
        shell: the closed head's geometry.
        body_places: GRID^2 places of the body, carried by the rings around the face.
        hair_places: GRID^2 x 3 float64, the same in the head's own frame, centimetres: hair hangs there.
        hair_follow: GRID^2 float64 in [0, 1], how much the body's hair at each moves with the head.
    """

    plate: Frame
    body: Frame
    body_alpha: Plane
    head: Frame
    head_alpha: Plane
    back: Frame
    shell: ClosedHead
    body_places: CarriedPlaces
    hair_places: NDArray[np.float64]
    hair_follow: NDArray[np.float64]


def person_layers(
    image: Frame,
    points: Points,
    pose: HeadPose,
    alpha: Plane,
    shares: Shares,
    shell: ClosedHead,
    extent: Extent | None = None,
) -> PersonLayers:
    """Take a photo apart.

    Args:
        image: S x S x 3 uint8 RGB.
        points: 478 x 3, landmarks, pixels.
        pose: fitted to them.
        alpha: S x S float32 in [0, 1], opacity of the person.
        shares: of the person's parts.
        shell: fitted to the head.
        extent: part of the square inside the photo; None for all of it.
    """
    size, scale = image.shape[0], pose.scale
    plate = plate_of(image, alpha, shares.hair * alpha, scale)
    # What a gap shows is no part of a person, so of parts only the surest are excluded.
    around_face = (1 - shares.body) * (1 - _face(points, size))
    alpha = alpha * (1 - gaps_in_hair(image, alpha, around_face, plate, scale))
    clothes = shares.body - shares.skin
    collar = smoothstep(clothes, *CLOTHES) * np.minimum(3 * head_height(pose, size), 1)
    head_alpha = alpha * _head_region(points, pose, shell, size) * (1 - collar)
    body_alpha = np.where(head_alpha < 0.999, (alpha - head_alpha) / np.maximum(1 - head_alpha, 1e-3), 0).clip(0, 1)
    # Hair above the chin that the shell leaves out would stand still: it is no body.
    body_alpha *= np.maximum(shares.body, head_height(pose, size))
    foreground = foreground_of(image, alpha, plate, scale)
    body, body_alpha = continued_body(
        image, alpha, head_alpha, body_alpha.astype(np.float32), pose, (foreground, plate), shares
    )
    through = seen_through(image, plate, alpha, alpha * shares.hair)
    dense = np.asarray(alpha * (1 - through * beside_face(shell, pose, size)), np.float32)
    skin = alpha * shares.skin * is_like(image, skin_colour(image, alpha * shares.face))
    kinds = HeadKinds(alpha * shares.hair * (1 - through), alpha * shares.face, np.asarray(skin, np.float32))
    back = _back(foreground, kinds, head_alpha, points, shell)
    places = body_places(size)
    depth = np.full(len(places), shell.points.reshape(RINGS, COLUMNS, 3)[SILHOUETTE, :, 2].mean())
    hanging = local_from_points(np.column_stack([places, depth]).astype(np.float32), pose)
    return PersonLayers(
        plate,
        body,
        body_alpha,
        head_colours(foreground, dense, clothes, scale),
        head_alpha.astype(np.float32),
        back,
        shell,
        CarriedPlaces(below_jaw(places, pose), points, build_shell(points, pose, size, extent)),
        np.asarray(hanging, np.float64),
        hair_follow(head_alpha, body_alpha * shares.hair, scale),
    )


def _back(foreground: Frame, kinds: HeadKinds, head: Plane, points: Points, shell: ClosedHead) -> Frame:
    """Return the texture of the back of a head of some colours (S x S x 3 uint8) and opacity (S x S float32)."""
    middle = points[list(OVAL), :2].astype(np.float64).mean(axis=0)
    rim = shell.points.reshape(RINGS, COLUMNS, 3)[SILHOUETTE, :, :2]
    inwards = (middle - rim) / np.linalg.norm(middle - rim, axis=1, keepdims=True)
    down = shell.local.reshape(RINGS, COLUMNS, 3)[SILHOUETTE, :, 1]
    nape = smoothstep(down, *NAPE_CM)
    nape += shell.hairless * (smoothstep(down, *BARE_NAPE_CM) - nape)
    return back_texture(foreground, kinds, head, rim, inwards, nape)


def _face(points: Points, size: int) -> Plane:
    """Return size x size float32, 1 inside the face's oval."""
    oval = np.zeros((size, size), np.float32)
    cv2.fillConvexPoly(oval, cv2.convexHull(np.rint(points[list(OVAL), :2]).astype(np.int32)), 1.0)
    return oval


def _head_region(points: Points, pose: HeadPose, shell: ClosedHead, size: int) -> Plane:
    """Return where the head's layer is, S x S float32: all of the shell, but soft where its skirt ends on the neck."""
    topology = closed_topology()
    vertices = np.concatenate([points[:MESH_POINTS].astype(np.float64), shell.points])
    covered = (draw_triangles(vertices, topology.triangles, size, topology.outward, 0.3) >= 0).astype(np.uint8)
    blur = SKIRT_SOFT_CM * pose.scale / 2
    soft = np.clip(2 * cv2.GaussianBlur(covered.astype(np.float32), (0, 0), blur) - 1, 0, 1)
    below = head_height(pose, size)
    return np.asarray(soft * below + covered * (1 - below), np.float32)


def head_height(pose: HeadPose, size: int, side: int | None = None) -> Plane:
    """Return how far below the middle of the face places lie, 0 above to 1 below the chin, by the head's own axis.

    Args:
        pose: of the head, pixels of the square.
        size: side of the square, pixels.
        side: of the result, side x side float32; None for the square's.
    """
    side = side or size
    line = ((np.arange(side) + 0.5) * size / side - 0.5).astype(np.float32)
    down = (pose.rotation @ np.array([0.0, 1.0, 0.0]))[:2]
    down /= np.linalg.norm(down)
    x, y = ((line - pose.translation[axis]) * down[axis] / pose.scale for axis in (0, 1))
    height = x[None, :] + y[:, None]
    return np.asarray(np.clip((height - BELOW_FROM) / (BELOW_TO - BELOW_FROM), 0, 1), np.float32)


FRINGE = np.s_[COLUMNS * FRONT : COLUMNS * (FRONT + 1)]
"""The fringe's rows among the ring vertices."""
