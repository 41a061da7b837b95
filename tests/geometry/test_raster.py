"""The rasteriser draws what a slow per-pixel one draws: the nearest surface that faces the camera, at its source."""

from __future__ import annotations

import numpy as np
import pytest
from head_material import Head, slow_raster

from animato.geometry.mesh import signed_area
from animato.geometry.raster import affine_per_triangle, draw_triangles, flow_from_drawing

SIDE = 72


def scattered(seed: int, count: int = 22) -> tuple[np.ndarray, np.ndarray]:
    """Random triangles of both windings, each at a depth of its own, partly outside the picture."""
    rng = np.random.default_rng(seed)
    centres = rng.uniform(-5, SIDE + 5, (count, 1, 2))
    corners = centres + rng.normal(size=(count, 3, 2)) * 16
    depth = np.repeat(rng.permutation(count)[:, None, None], 3, axis=1).astype(float)
    return np.concatenate([corners, depth], axis=2).reshape(-1, 3), np.arange(3 * count, dtype=np.int32).reshape(-1, 3)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("outward", [1.0, -1.0])
def test_drawing_equals_the_slow_rasteriser_away_from_edges(seed: int, outward: float) -> None:
    vertices, triangles = scattered(seed)
    drawn = draw_triangles(vertices, triangles, SIDE, outward)
    slow, edge = slow_raster(vertices, triangles, SIDE, outward)
    clear = edge > 1.0
    assert clear.mean() > 0.2 and len(np.unique(slow[clear])) > 3
    assert np.array_equal(drawn[clear], slow[clear])


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("step", [1.0, 2.0])
def test_flow_equals_barycentric_interpolation(seed: int, step: float) -> None:
    vertices, triangles = scattered(seed)
    rng = np.random.default_rng(seed + 100)
    source = rng.uniform(0, 500, (len(vertices), 2))
    drawn = draw_triangles(vertices, triangles, SIDE, 1.0)
    full = vertices.copy()  # the drawing's pixels, in pixels of the full picture
    full[:, :2] = (vertices[:, :2] + 0.5) * step - 0.5
    flow = flow_from_drawing(drawn, affine_per_triangle(full, source, triangles), step)
    areas = np.abs(signed_area(full, triangles))
    for y, x in zip(*np.nonzero(drawn >= 0), strict=True):
        number = drawn[y, x]
        if areas[number] < 40:
            continue  # a sliver's map is too steep to compare in float32
        corners = full[triangles[number], :2]
        place = (np.array([x, y]) + 0.5) * step - 0.5
        weights = np.linalg.solve(np.vstack([corners.T, np.ones(3)]), [*place, 1.0])
        assert np.abs(flow[:, y, x] - weights @ source[triangles[number]]).max() < 0.05


def test_where_nothing_is_drawn_the_flow_stays() -> None:
    vertices, triangles = scattered(1)
    drawn = np.full((10, 12), -1, np.int16)
    flow = flow_from_drawing(drawn, affine_per_triangle(vertices, vertices, triangles), 3.0)
    x, y = (np.arange(12) + 0.5) * 3 - 0.5, (np.arange(10) + 0.5) * 3 - 0.5
    assert np.allclose(flow, np.stack(np.meshgrid(x, y)))


def quad(left: float, top: float, right: float, bottom: float, z: float) -> np.ndarray:
    return np.array([[left, top, z], [right, top, z], [right, bottom, z], [left, bottom, z]])


QUAD = np.array([[0, 1, 2], [0, 2, 3]], np.int32)


def test_what_lies_behind_is_never_drawn() -> None:
    near, far = quad(10, 10, 50, 50, 1.0), quad(0, 0, 70, 70, 9.0)
    for order in ((near, far), (far, near)):
        vertices = np.concatenate(order)
        drawn = draw_triangles(vertices, np.concatenate([QUAD, QUAD + 4]), SIDE, 1.0)
        nearer = (0, 1) if order[0] is near else (2, 3)
        assert np.isin(drawn[11:50, 11:50], nearer).all()


def test_what_faces_away_is_never_drawn() -> None:
    vertices = np.concatenate([quad(10, 10, 50, 50, 1.0), quad(0, 0, 70, 70, 9.0)])
    drawn = draw_triangles(vertices, np.concatenate([QUAD[:, ::-1], QUAD + 4]), SIDE, 1.0)
    assert np.isin(drawn[1:70, 1:70], (2, 3)).all()


def test_slivers_below_their_own_limit_are_left_out() -> None:
    vertices = np.concatenate([quad(10, 10, 50, 10.5, 1.0), quad(0, 0, 70, 70, 9.0)])
    triangles = np.concatenate([QUAD, QUAD + 4])
    assert np.isin(draw_triangles(vertices, triangles, SIDE, 1.0), (0, 1)).any()
    limits = np.array([50.0, 50.0, 1.0, 1.0])
    assert not np.isin(draw_triangles(vertices, triangles, SIDE, 1.0, limits), (0, 1)).any()


def test_vertices_far_outside_do_no_harm() -> None:
    vertices = np.concatenate([quad(-1e7, -1e7, 1e7, 1e7, 1.0), quad(1e9, 1e9, 2e9, 2e9, 0.0)])
    drawn = draw_triangles(vertices, np.concatenate([QUAD, QUAD + 4]), SIDE, 1.0)
    assert np.isin(drawn, (0, 1)).all()


@pytest.mark.parametrize("yaw", [0, 30, -45])
def test_the_head_is_drawn_as_the_slow_rasteriser_draws_it(calm: Head, yaw: float) -> None:
    from animato.geometry.mesh import head_topology

    topology = head_topology()
    face = topology.triangles[: topology.face_triangles]
    points, _ = calm.posed(yaw)
    vertices = points[:468].astype(float)
    scale = SIDE / np.ptp(vertices[:, 1]) * 0.9
    vertices = (vertices - vertices.mean(axis=0)) * scale + (SIDE / 2, SIDE / 2, 0)
    drawn = draw_triangles(vertices, face, SIDE, topology.outward)
    slow, _ = slow_raster(vertices, face, SIDE, topology.outward)
    both = (drawn >= 0) & (slow >= 0)
    # At an edge the neighbour is as good: compare the depth of what was drawn.
    depth = vertices[face, 2].mean(axis=1)
    apart = np.abs(depth[drawn[both]] - depth[slow[both]]) / np.ptp(vertices[:, 2])
    assert ((drawn >= 0) ^ (slow >= 0)).mean() < 0.03
    assert np.quantile(apart, 0.97) < 0.12
