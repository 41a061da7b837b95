"""Aperture vectors of lids and lips, set exactly: the target's close whenever the driver's do, for any face shapes.

Each pair of opposite points is moved by its own error; the surrounding skin follows with a weight that decays with
distance, so that lids and lips slide instead of thickening.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from animato.geometry.apertures import LID_PAIRS_LEFT, LID_PAIRS_RIGHT
from animato.geometry.landmarks import LIP_PAIRS, LIPS_INNER, MESH_POINTS, canonical_face


@dataclass(frozen=True)
class _Opening:
    """One opening: its point pairs, the upper side's share of a correction, and 468 x P skinning weights per side."""

    pairs: NDArray[np.int32]
    upper_share: float
    upper_weights: NDArray[np.float64]
    lower_weights: NDArray[np.float64]


UPPER_LID_SHARE = 0.82
UPPER_LIP_SHARE = 0.3


def aperture_vectors(local: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Return the aperture vectors (P x 3, upper to lower point) of the left eye, the right eye and the mouth.

    Args:
        local: 478 x 3, landmarks in the head's own frame, canonical centimetres.
    """
    return [local[opening.pairs[:, 1]] - local[opening.pairs[:, 0]] for opening in _openings()]


def set_aperture_vectors(local: NDArray[np.float64], vectors: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return landmarks whose openings have exactly the given aperture vectors.

    Args:
        local: 478 x 3, landmarks in the head's own frame, canonical centimetres.
        vectors: as `aperture_vectors` returns them; zeros close exactly.
    """
    result = local
    for opening, current, desired in zip(_openings(), aperture_vectors(local), vectors, strict=True):
        excess = current - desired
        if np.abs(excess).max() > 1e-9:
            result = result.copy()
            result[:MESH_POINTS] += opening.upper_weights @ (excess * opening.upper_share)
            result[:MESH_POINTS] -= opening.lower_weights @ (excess * (1 - opening.upper_share))
    return result


def scale_apertures(local: NDArray[np.float64], factors: tuple[float, float, float]) -> NDArray[np.float64]:
    """Return landmarks with scaled apertures: factor 0 closes exactly, 1 changes nothing.

    Args:
        local: 478 x 3, landmarks in the head's own frame, canonical centimetres.
        factors: of the left eye, the right eye and the mouth.
    """
    return set_aperture_vectors(
        local, [vector * factor for vector, factor in zip(aperture_vectors(local), factors, strict=True)]
    )


@functools.cache
def _openings() -> tuple[_Opening, _Opening, _Opening]:
    lips = tuple(zip(LIPS_INNER[1:10], LIPS_INNER[:10:-1], strict=True))
    if set(lips) != set(LIP_PAIRS):
        raise AssertionError("LIPS_INNER and LIP_PAIRS are inconsistent")
    return (
        _opening(LID_PAIRS_LEFT, UPPER_LID_SHARE, 0.5, 0.5),
        _opening(LID_PAIRS_RIGHT, UPPER_LID_SHARE, 0.5, 0.5),
        _opening(lips, UPPER_LIP_SHARE, 0.9, 1.6),
    )


def _opening(
    pairs: tuple[tuple[int, int], ...], upper_share: float, upper_radius: float, lower_radius: float
) -> _Opening:
    upper = _skinning_weights([a for a, _ in pairs], [b for _, b in pairs], upper_radius, above=True)
    lower = _skinning_weights([b for _, b in pairs], [a for a, _ in pairs], lower_radius, above=False)
    return _Opening(np.array(pairs, np.int32), upper_share, upper, lower)


def _skinning_weights(moving: list[int], opposite: list[int], radius: float, *, above: bool) -> NDArray[np.float64]:
    """Return 468 x P weights with which each vertex follows each moving point.

    Args:
        moving: indices of the points that move.
        opposite: indices of the opposite points, which stay fixed.
        radius: of the Gaussian decay, canonical centimetres.
        above: whether the moving skin lies above the opening.
    """
    vertices = canonical_face().vertices
    midline = (vertices[moving] + vertices[opposite]) / 2
    delta = vertices[:, None] - vertices[moving][None]
    distance = np.linalg.norm(delta, axis=2)
    nearest = distance.argmin(axis=1)
    share = np.exp(-((distance / 0.45) ** 2))
    share /= np.maximum(share.sum(axis=1, keepdims=True), 1e-12)
    far = share.sum(axis=1) < 0.5
    share[far] = np.eye(len(moving))[nearest[far]]
    weights = np.asarray(share * np.exp(-((distance.min(axis=1) / radius) ** 2))[:, None])
    height = vertices[:, 1] - midline[nearest, 1]
    weights[height > 1e-9 if above else height < -1e-9] = 0.0
    weights[opposite] = 0.0
    for row, point in enumerate(moving):
        weights[point] = np.eye(len(moving))[row]
    return weights
