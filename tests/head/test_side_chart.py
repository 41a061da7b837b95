"""The texture of the sides holds the outer face, and the chart says where the photo shows it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.landmarks import MESH_POINTS, OVAL, canonical_face
from animato.head.closed_topology import COLUMNS, FRONT, closed_topology
from animato.head.rim_colours import HeadKinds
from animato.head.side_chart import FACE_ROWS, WIDTH, SideChart, face_columns, texture_places, textured_face
from animato.head.side_texture import side_texture

SIDE, SCALE = 320, 14.0


def _face() -> NDArray[np.float64]:
    """Where a picture shows the canonical face, seen from the front, 468 x 2, pixels."""
    flat = canonical_face().vertices[:MESH_POINTS, :2].astype(np.float64)
    return np.asarray((flat - flat[list(OVAL)].mean(axis=0)) * (1.0, -1.0) * SCALE + SIDE / 2)


def _chart() -> SideChart:
    oval = _face()[list(OVAL)]
    middle = oval.mean(axis=0)
    return SideChart(np.stack([middle + (oval - middle) * (1 + 0.05 * ring) for ring in range(FRONT + 1)]), _face())


def _textured_vertices() -> NDArray[np.int32]:
    return np.unique(closed_topology().triangles[textured_face()])


def test_vertices_of_the_outer_face_lie_between_the_beginning_of_the_texture_and_the_oval() -> None:
    places, used = texture_places(), _textured_vertices()
    assert 80 < len(used) < MESH_POINTS and used.max() < MESH_POINTS
    assert places[used, 1].min() >= 0 and places[used, 1].max() == FACE_ROWS
    assert (places[list(OVAL), 1] == FACE_ROWS).all()
    assert np.abs(face_columns()[list(OVAL)] - np.arange(COLUMNS)).max() < 1e-6
    corners = places[closed_topology().triangles[textured_face()], 0]
    assert np.ptp(corners, axis=1).max() < WIDTH / 4  # none lies across the wrap


def test_the_chart_maps_places_of_the_texture_to_where_the_photo_shows_them() -> None:
    chart, face, places = _chart(), _face(), texture_places()
    x, y = np.meshgrid(np.arange(SIDE, dtype=np.float32), np.arange(SIDE, dtype=np.float32))
    shown = chart.of(np.dstack([x, y]))
    inner = [vertex for vertex in _textured_vertices() if 3 < places[vertex, 1] < FACE_ROWS - 3]
    column, row = np.rint(places[inner]).astype(int).T
    known = chart.known[row, column] > 0
    assert known.mean() > 0.8
    assert np.abs(shown[row, column] - face[inner])[known].max() < 1.5  # pixels of the photo


def _texture(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    head = (np.hypot(x - SIDE / 2, y - SIDE / 2) < 140).astype(np.float32)
    hair = head * (y < 60)
    kinds = HeadKinds(hair, hair, head - hair, np.zeros_like(head))
    return side_texture((picture, picture, head), kinds, head, _chart(), np.zeros(COLUMNS), SCALE).astype(float)


def _skin() -> NDArray[np.uint8]:
    """Skin that darkens to the sides, as under light from the front, with some grain."""
    x = np.abs(np.linspace(-1, 1, SIDE))[None, :, None]
    grain = np.random.default_rng(0).normal(0, 2, (SIDE, SIDE, 1))
    return np.clip(np.array([180, 135, 115]) * (1 - 0.3 * x**2) + grain, 0, 255).astype(np.uint8)


def test_a_strand_at_the_edge_of_a_face_becomes_no_patch_on_the_cheek_but_its_shading_stays() -> None:
    plain = _skin()
    strand = plain.copy()
    oval = _face()[list(OVAL)]
    side = oval[COLUMNS // 4]  # the middle of a cheek's edge
    towards = (SIDE / 2 - side) / np.linalg.norm(SIDE / 2 - side)
    start, end = (tuple(int(value) for value in np.rint(side + towards * 3 + (0, dy))) for dy in (-30, 30))
    cv2.line(strand, start, end, (200, 205, 215), 4)
    before, after = _texture(plain)[:FACE_ROWS], _texture(strand)[:FACE_ROWS]
    apart = np.abs(after - before)[: FACE_ROWS - 4].max(axis=2)
    assert (apart > 20).mean() < 0.002, (apart > 20).mean()
    column = round(texture_places()[OVAL[COLUMNS // 4], 0])
    rows = before[10 : FACE_ROWS - 10, column - 20 : column + 20].mean(axis=(1, 2))
    assert rows[0] - rows[-1] > 8  # darker towards the side


def test_a_cheek_of_the_texture_is_not_smooth_where_the_photo_s_skin_is_lively() -> None:
    lively = np.clip(_skin() + np.random.default_rng(1).normal(0, 8, (SIDE, SIDE, 1)), 0, 255).astype(np.uint8)
    texture = _texture(lively).astype(np.float32)
    fine = np.abs(texture - cv2.GaussianBlur(texture, (0, 0), 4.0)).mean(axis=2)
    cheek = slice(WIDTH // 5, WIDTH // 3)
    assert fine[20 : FACE_ROWS - 10, cheek].mean() > 1.0
    assert fine[20 : FACE_ROWS - 10, cheek].mean() < 6.0
