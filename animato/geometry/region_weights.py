"""Soft weights that assign each landmark to mouth, eyes or brows."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from animato.geometry.landmarks import (
    BROW_LEFT,
    BROW_RIGHT,
    EYE_LEFT,
    EYE_RIGHT,
    LIPS_INNER,
    LIPS_OUTER,
    MESH_POINTS,
    POINTS,
    canonical_face,
)

PARTS = ("mouth", "eyes", "brows")
SOFTNESS = 0.9
"""Width of the transition between parts, canonical centimetres."""


@functools.cache
def part_weights() -> NDArray[np.float64]:
    """Return 3 x 478 float64 weights of mouth (with jaw and cheeks), eyes (with irises), brows; columns sum to 1."""
    vertices = canonical_face().vertices
    seeds = ((*LIPS_OUTER, *LIPS_INNER, 152, 172, 397), (*EYE_LEFT, *EYE_RIGHT), (*BROW_LEFT, *BROW_RIGHT, 10))
    distance = np.stack(
        [np.linalg.norm(vertices[:, None] - vertices[list(part)][None], axis=2).min(axis=1) for part in seeds]
    )
    weights = np.exp(-((distance - distance.min(axis=0)) / SOFTNESS))
    weights /= weights.sum(axis=0)
    # Lids and lips get one-hot weights, so that a strength of zero removes all of their motion.
    for row, part in enumerate(seeds):
        weights[:, list(part)] = 0.0
        weights[row, list(part)] = 1.0
    irises = np.tile(np.array([[0.0], [1.0], [0.0]]), (1, POINTS - MESH_POINTS))
    return np.concatenate([weights, irises], axis=1)
