"""The rings of a closed head: from the face's oval to its silhouette, a fringe beyond it, and the back of the skull."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from animato.geometry.pose import HeadPose
from animato.geometry.smoothstep import smoothstep
from animato.head.closed_topology import BACK, COLUMNS, FRONT
from animato.head.outline import behind_outline, calm_outline, curve_through

WIDEST_SIDE, WIDEST_TOP = 5.5, 4.0
"""Depth of the silhouette behind the canonical origin at the sides and at the top, centimetres. Fitted, like those
below, by `scripts/fit_closed_head.py`."""

BACK_CM, HAIR_CM = 8.2, 8.7
"""Depth of the back behind the silhouette, centimetres: of a bare skull, and how much hair on all columns adds."""

EAR_CM = 3.0
"""Depth of an ear's rim behind the face's oval, centimetres: what the photo shows of it is as steep all along."""

PERSPECTIVE = 0.0075
"""How much smaller things look for each centimetre that they lie farther away than the face: a camera at 133 cm."""

BACK_HEIGHTS = (-0.2, 0.0, 0.2, 0.45, 0.7, 0.9, 1.0)
BACK_SHARES = (0.2, 0.2, 0.2, 0.8, 1.2, 0.85, 0.5)
HAIR_SHARES = (0.1, 0.25, 0.6, 1.0, 0.95, 0.75, 0.4)
"""How far the back reaches behind the silhouette at some heights (0 at the chin, 1 at the crown), in shares of its
depth: the nape, the back of the skull, and the crown; and the same where hair hangs, which fills the nape."""

LEAST_BACK = 0.2
"""Share of the back's depth that is left of it behind the silhouette of a photo that shows the head from the side."""

CALM_RING = 2.0
"""Ring of the back from which on its shape is the smooth one; its first is the photo's silhouette."""

FRINGE_CM = 1.2
"""Width of the fringe beyond the silhouette, centimetres."""

FAR_SIDE = (0.2, 0.42)
"""Sine of a photo's turn from which its far side begins to be the mirrored near side, and at which it is entirely."""

FAR_FROM_MIDDLE_CM = (1.0, 4.0)
"""Distance of a column's first point from the middle over which it belongs to a side, centimetres."""


@dataclass(frozen=True)
class Columns:
    """The 36 columns of one photo: where they start, where they run to, and which are the neck's.

    Attributes:
        oval: 36 x 3, the face oval, pixels.
        middle: its middle, x and y.
        direction: 36 x 2, unit vectors outwards.
        up: 2, unit vector towards the top of the head.
        radius: 36, distance of the silhouette from the oval, pixels.
        below: 36 in [0, 1], 1 for columns straight below the chin.
        hairless: 36 in [0, 1], 1 for columns along which there is no hair.
        ear: 36 in [0, 1], 1 for columns along which there is an ear.
    """

    oval: NDArray[np.float64]
    middle: NDArray[np.float64]
    direction: NDArray[np.float64]
    up: NDArray[np.float64]
    radius: NDArray[np.float64]
    below: NDArray[np.float64]
    hairless: NDArray[np.float64]
    ear: NDArray[np.float64]


def rings_of(columns: Columns, pose: HeadPose) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return vertices (N x 3) and source (N x 2) of all rings, pixels, and their share of the rigid motion (N)."""
    oval, direction = columns.oval, columns.direction
    radius, below, scale = columns.radius, columns.below, pose.scale
    start = oval[:, 2]
    height = np.clip(direction @ columns.up, 0, 1)
    behind = WIDEST_SIDE + (WIDEST_TOP - WIDEST_SIDE) * height
    origin = pose.translation[2] + scale * pose.rotation[2, 1] * -1.0
    widest = np.maximum(origin + scale * pose.rotation[2, 2] * behind, start + scale)
    rings: list[NDArray[np.float64]] = []
    sources: list[NDArray[np.float64]] = []
    follow: list[NDArray[np.float64]] = []
    turned = smoothstep(abs(pose.rotation[2, 0]), *FAR_SIDE)
    for ring in range(1, FRONT + 1):
        turn, ear = ring / FRONT * np.pi / 2, columns.ear
        depth = start + (widest - start) * (1 - np.cos(turn)) * (1 - ear) + ear * EAR_CM * scale * ring / FRONT
        out = radius * (np.sin(turn) * (1 - ear) + ear * ring / FRONT)
        skirt = start + (widest - start) * 0.8 * ring / FRONT
        xy = oval[:, :2] + direction * out[:, None]
        xyz = np.column_stack([xy, depth * (1 - below) + skirt * below])
        xyz += (below * turned)[:, None] * (_throat(columns, pose, out, skirt - start) - xyz)
        xy = xyz[:, :2]
        rings.append(xyz)
        sources.append(xy)
        follow.append(1 - below * (ring / FRONT) ** 1.2)
    rim = rings[-1]
    fringe = rim[:, :2] + direction * ((1 - 0.8 * below) * FRINGE_CM * scale)[:, None]
    rings.append(np.column_stack([fringe, rim[:, 2]]))
    sources.append(fringe)
    follow.append(follow[-1])
    calm = calm_outline(rim, columns.middle)
    for ring in range(BACK + 1):
        share = smoothstep(ring, 0.0, CALM_RING)
        back = _back_ring(columns, rim + share * (calm - rim), pose, ring / BACK * np.pi / 2)
        back[:, :2] = behind_outline(back[:, :2], rim[:, :2], columns.middle, columns.up)
        rings.append(back)
        sources.append(np.full((COLUMNS, 2), np.nan))
        follow.append(follow[FRONT - 1])
    return np.concatenate(rings), np.concatenate(sources), np.concatenate(follow)


def _throat(
    columns: Columns, pose: HeadPose, out: NDArray[np.float64], back: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return places of the skirt of a turned photo, 36 x 3, pixels: out from the jaw and back by the head's own axes.

    By the picture's axes the skirt below the chin would lie beside the neck of the head that turns to the front.

    Args:
        columns: of the photo.
        pose: of the photo.
        out: 36, distance from the oval across the head's axis, pixels.
        back: 36, distance along it, pixels.
    """
    local = ((columns.oval - columns.oval.mean(axis=0)) @ pose.rotation)[:, :2]
    local /= np.linalg.norm(local, axis=1, keepdims=True)
    return columns.oval + np.column_stack([local * out[:, None], back]) @ pose.rotation.T


def _back_ring(columns: Columns, rim: NDArray[np.float64], pose: HeadPose, turn: float) -> NDArray[np.float64]:
    """Return one ring of the back, 36 x 3, pixels; level slices are half ellipses from the silhouette's left to right.

    Args:
        columns: of the photo.
        rim: 36 x 3, the silhouette, pixels.
        pose: of the photo.
        turn: angle along the ellipse, 0 at the silhouette to pi / 2 at the middle of the back.
    """
    up = columns.up
    across = np.array([-up[1], up[0]])
    height, aside = (rim[:, :2] - columns.middle) @ up, (rim[:, :2] - columns.middle) @ across
    partner = -np.arange(COLUMNS) % COLUMNS
    level, centre = (height + height[partner]) / 2, (aside + aside[partner]) / 2
    crown, chin = height[0], (columns.oval[COLUMNS // 2, :2] - columns.middle) @ up
    # Backwards by the head's own axis; in the photo the back is hidden behind the silhouette.
    axis = pose.rotation[:, 2]
    at = (level - chin) / (crown - chin)
    share, hair = (curve_through(np.array(BACK_HEIGHTS), np.array(each), at) for each in (BACK_SHARES, HAIR_SHARES))
    share += (1 - (columns.hairless + columns.hairless[partner]) / 2) * (hair - share)
    # A turned photo's silhouette on the near side lies farther back already; the skull does not end later for it.
    already = np.maximum((rim - pose.translation) @ axis - WIDEST_SIDE * pose.scale, 0)
    deepest = (BACK_CM + HAIR_CM * (1 - columns.hairless.mean())) * pose.scale
    depth = np.maximum(deepest - already / share, LEAST_BACK * deepest) * share
    back = np.outer(depth * np.sin(turn), [axis[:2] @ across, axis[:2] @ up, axis[2]])
    sideways = centre + (aside - centre) * np.cos(turn) + back[:, 0]
    ends = np.sort(np.stack([aside, aside[partner]]), axis=0)
    sideways = np.clip(sideways, *ends)
    upwards = height + (level - height) * (1 - np.cos(turn)) + back[:, 1]
    xy = columns.middle + sideways[:, None] * across + upwards[:, None] * up
    return np.column_stack([xy, rim[:, 2] + (rim[partner, 2] - rim[:, 2]) / 2 * (1 - np.cos(turn)) + back[:, 2]])


def with_perspective(vertices: NDArray[np.float64], pose: HeadPose, sign: float) -> NDArray[np.float64]:
    """Return vertices (N x 3, pixels) as they are in space (sign 1) from how they look, or the reverse (sign -1)."""
    away = (vertices[:, 2:] - pose.translation[2]) / pose.scale
    factor = np.maximum(1 + PERSPECTIVE * away, 0.5) ** sign
    offset = vertices[:, :2] - pose.translation[:2]
    return np.column_stack([pose.translation[:2] + offset * factor, vertices[:, 2]])
