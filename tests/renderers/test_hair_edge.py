"""The outline of hair at the back of a head is rough, always in the same way, and that of bare skin is not."""

from __future__ import annotations

import numpy as np

from animato.head.closed_topology import closed_topology
from animato.head.side_chart import HEIGHT, WIDTH
from animato.renderers.warp.hair_edge import HairEdge
from animato.renderers.warp.head_warp import HeadWarp

BACK = np.flatnonzero(closed_topology().back)


def drawn(step: int = 2, side: int = 48) -> HeadWarp:
    """A back triangle that fills a square of cells."""
    topology = closed_topology()
    number = BACK[len(BACK) // 2]
    vertices = np.zeros((topology.triangles.max() + 1, 3))
    vertices[topology.triangles[number], :2] = [(0, 0), (side * step, 0), (0, side * step)]
    cells = np.full((side, side), -1, np.int16)
    cells[8:-8, 8:-8] = number
    image = np.zeros((side * step, side * step, 3), np.uint8)
    flow, affine = np.zeros((2, side, side), np.float32), np.zeros((6, len(topology.triangles) + 1), np.float32)
    return HeadWarp(image, flow, cells, vertices, affine)


def hair() -> np.ndarray:
    random = np.random.default_rng(1)
    return np.repeat(random.integers(20, 90, (HEIGHT, WIDTH, 1)), 3, axis=2).astype(np.uint8)


def test_hair_is_cut_the_same_way_in_every_frame() -> None:
    warp = drawn()
    back = warp.drawn >= 0
    first, again = HairEdge(hair()).cut(warp, back), HairEdge(hair()).cut(warp, back)
    assert first is not None and again is not None
    np.testing.assert_array_equal(first.depth, again.depth)
    assert first.depth.min() >= 0 and first.depth.max() <= 1
    assert first.share.max() > 0.9


def test_bare_skin_has_a_clean_outline() -> None:
    warp = drawn()
    assert HairEdge(np.full((HEIGHT, WIDTH, 3), 150, np.uint8)).cut(warp, warp.drawn >= 0) is None


def test_without_a_back_there_is_nothing_to_cut() -> None:
    warp = drawn()
    assert HairEdge(hair()).cut(warp, np.zeros_like(warp.drawn, bool)) is None
