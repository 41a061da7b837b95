"""Where the vertices of a closed head lie in the texture of its sides and back, and what the photo shows there.

Columns of the texture run around the head, from the chin around to the chin; rows run outwards: over the outer part of
the face to its oval, from there to the silhouette, and on to the middle of the back.
"""

from __future__ import annotations

import functools

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.landmarks import MESH_POINTS, OVAL, canonical_face
from animato.geometry.mesh import signed_area
from animato.geometry.raster import affine_per_triangle, draw_triangles, flow_from_drawing
from animato.head.closed_topology import BACK, COLUMNS, FRONT, RINGS, closed_topology

WIDTH, FACE_ROWS, FRONT_ROWS, BACK_ROWS = 1184, 76, 100, 188
"""Size of the texture in pixels: once around the head, over the outer face to its oval, from there to the silhouette,
and from there to the back of the skull; 13 to 15 pixels a centimetre of a head of average size."""

SHOWN_ROWS = FACE_ROWS + FRONT_ROWS
"""Rows that a photo shows."""

HEIGHT = SHOWN_ROWS + BACK_ROWS

INNER = 0.62
"""Part of the way from the middle of the face to its oval where the texture begins: a turn of 40 degrees stretches the
photo's pixels three times from about there on."""

_SUBSAMPLED = 2
"""Pixels of the texture for each cell of the map from its face rows to the photo."""


@functools.cache
def texture_places() -> NDArray[np.float64]:
    """Return where the vertices lie in the texture, V x 2, pixels; those inside `INNER` have negative rows."""
    columns = _texture_columns()
    places = np.zeros((MESH_POINTS + RINGS * COLUMNS, 2))
    places[:MESH_POINTS] = _face_places()
    # The oval, the front rings, and after the fringe the silhouette again and the back.
    places[list(OVAL)] = np.column_stack([columns, np.full(COLUMNS, FACE_ROWS)])
    rows = {ring: FACE_ROWS + ring / FRONT * FRONT_ROWS for ring in range(1, FRONT + 1)}
    rows |= {FRONT + 2 + ring: SHOWN_ROWS + (BACK_ROWS - 1) * ring / BACK for ring in range(BACK + 1)}
    for ring, row in rows.items():
        first = MESH_POINTS + (ring - 1) * COLUMNS
        places[first : first + COLUMNS] = np.column_stack([columns, np.full(COLUMNS, row)])
    return places


@functools.cache
def textured_face() -> NDArray[np.bool_]:
    """Return which triangles of the face the texture holds, T bool: none that lies across its wrap below the chin."""
    topology, places = closed_topology(), texture_places()
    corners = places[topology.triangles]
    face = np.arange(len(corners)) < topology.face_triangles
    whole = (corners[..., 1].min(axis=1) >= 0) & (np.ptp(corners[..., 0], axis=1) < WIDTH / 4)
    return np.asarray(face & whole & ~topology.aperture)


class SideChart:
    """Pixels of the photo at each place of the rows that it shows.

    Args:
        rings: 6 x 36 x 2, where the photo shows the face's oval and the front rings, the last the silhouette, pixels.
        face: 468 x 2, where it shows the face's mesh, pixels; None if it is not known.

    Attributes:
        rings: as given.
        known: SHOWN_ROWS x WIDTH float32, 1 where the photo's pixels are known.
    """

    def __init__(self, rings: NDArray[np.float64], face: NDArray[np.float64] | None = None) -> None:
        self.rings = rings
        order = (np.arange(COLUMNS + 1) + COLUMNS // 2) % COLUMNS
        grid = rings[:, order].astype(np.float32)
        row = (np.arange(FRONT_ROWS) * (FRONT / FRONT_ROWS)).astype(np.float32)
        places = cv2.remap(
            grid, *np.meshgrid(_columns_across(), row), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        inner, there = np.zeros((FACE_ROWS, WIDTH, 2), np.float32), np.zeros((FACE_ROWS, WIDTH), np.float32)
        if face is not None:
            inner, there = _face_rows(face)
        whole = np.concatenate([inner, places])
        self._x, self._y = (np.ascontiguousarray(whole[..., axis]) for axis in (0, 1))
        self.known = np.concatenate([there, np.ones((FRONT_ROWS, WIDTH), np.float32)])

    def of(self, plane: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return values of the photo (H x W or H x W x C) in the rows that it shows."""
        return np.asarray(
            cv2.remap(plane, self._x, self._y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32
        )


def around(values: NDArray[np.floating], width: int) -> NDArray[np.float32]:
    """Return values of the columns (36 x C) along the texture, 1 x width x C."""
    order = (np.arange(COLUMNS + 1) + COLUMNS // 2) % COLUMNS
    line = cv2.resize(values[order][None].astype(np.float32), (width, 1), interpolation=cv2.INTER_LINEAR)
    return np.asarray(line.reshape(1, width, -1), np.float32)


def column_of() -> NDArray[np.float32]:
    """Return which column of the closed head each pixel across the texture lies at, WIDTH float32."""
    return np.asarray((_columns_across() + COLUMNS // 2) % COLUMNS, np.float32)


def face_columns() -> NDArray[np.float64]:
    """Return at which column of the closed head each vertex of the face's mesh lies, 468 float64 in [0, 36)."""
    return np.asarray((_across_to_column(texture_places()[:MESH_POINTS, 0]) + COLUMNS // 2) % COLUMNS)


def _columns_across() -> NDArray[np.float32]:
    return np.asarray(_across_to_column(np.arange(WIDTH)), np.float32)


def _across_to_column(x: NDArray[np.number]) -> NDArray[np.float64]:
    """Return the column, counted from the chin around, at places across the texture, pixels."""
    return np.asarray((x + 0.5) / WIDTH * (COLUMNS + 1) - 0.5, np.float64)


def _texture_columns() -> NDArray[np.float64]:
    """Return where each of the 36 columns lies across the texture, pixels; the wrap lies below the chin."""
    place = (np.arange(COLUMNS) - COLUMNS // 2) % COLUMNS
    return np.asarray((place + 0.5) / (COLUMNS + 1) * WIDTH - 0.5)


def _face_places() -> NDArray[np.float64]:
    """Return the places of the face's mesh, 468 x 2: columns by direction from the middle of the face, rows by how far
    on the way to the oval a vertex lies."""
    flat = canonical_face().vertices[:MESH_POINTS, :2].astype(np.float64)
    oval = flat[list(OVAL)]
    away = flat - oval.mean(axis=0)
    order = (np.arange(COLUMNS + 1) + COLUMNS // 2) % COLUMNS
    limit = (oval - oval.mean(axis=0))[order]
    angle = np.unwrap(np.arctan2(limit[:, 1], limit[:, 0]))
    turn = np.sign(angle[-1] - angle[0])
    own = np.arctan2(away[:, 1], away[:, 0])
    own = angle[0] + turn * ((turn * (own - angle[0])) % (2 * np.pi))
    place = np.interp(turn * own, turn * angle, np.arange(COLUMNS + 1))
    radius = np.interp(place, np.arange(COLUMNS + 1), np.linalg.norm(limit, axis=1))
    row = (np.linalg.norm(away, axis=1) / radius - INNER) / (1 - INNER) * FACE_ROWS
    return np.column_stack([(place + 0.5) / (COLUMNS + 1) * WIDTH - 0.5, np.minimum(row, FACE_ROWS)])


def _face_rows(face: NDArray[np.float64]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return where the photo shows the face rows (FACE_ROWS x WIDTH x 2), and where it does (FACE_ROWS x WIDTH)."""
    triangles = closed_topology().triangles[textured_face()]
    places = texture_places()[:MESH_POINTS]
    size, step = WIDTH // _SUBSAMPLED, float(_SUBSAMPLED)
    on_grid = np.column_stack([(places + 0.5) / step - 0.5, np.zeros(MESH_POINTS)])
    outward = float(np.sign(np.median(signed_area(on_grid, triangles))))
    drawn = draw_triangles(on_grid, triangles, size, outward)[: FACE_ROWS // _SUBSAMPLED]
    flow = flow_from_drawing(drawn, affine_per_triangle(places, face, triangles), step)
    there = cv2.resize((drawn >= 0).astype(np.float32), (WIDTH, FACE_ROWS), interpolation=cv2.INTER_NEAREST)
    x, y = (cv2.resize(plane, (WIDTH, FACE_ROWS), interpolation=cv2.INTER_LINEAR) for plane in flow)
    # Between a triangle and none, interpolated places mean nothing.
    known = cv2.erode(there, np.ones((3, 3), np.uint8), borderValue=1.0)
    return np.dstack([x, y]), np.asarray(known, np.float32)
