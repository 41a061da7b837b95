"""Exact closing: the target's lids or lips touch whenever the driver's do, for any pair of face shapes.

Each pair of opposite points is brought together by its own remaining gap; the skin around follows, less and less with
distance, so that lids and lips slide instead of thickening.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from animato.geometry.apertures import LID_PAIRS_LEFT, LID_PAIRS_RIGHT
from animato.geometry.landmarks import LIP_PAIRS, LIPS_INNER, LIPS_OUTER, MESH_POINTS, canonical_face


@dataclass(frozen=True)
class _Seam:
    """One opening: its pairs, how they share the way, and how the skin around follows."""

    pairs: NDArray[np.int32]
    upper_share: float
    upper_follow: NDArray[np.float64]
    lower_follow: NDArray[np.float64]


UPPER_LID_SHARE = 0.82
UPPER_LIP_SHARE = 0.3


def gaps_of(local: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Return the gap vectors (P x 3, upper to lower) of the left eye, the right eye and the mouth.

    Args:
        local: 478 x 3, landmarks in the head's own frame, canonical centimetres.
    """
    return [local[seam.pairs[:, 1]] - local[seam.pairs[:, 0]] for seam in _seams()]


def set_gaps(local: NDArray[np.float64], wanted: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return landmarks whose openings have exactly the wanted gaps.

    Args:
        local: 478 x 3, landmarks in the head's own frame, canonical centimetres.
        wanted: gap vectors as `gaps_of` returns them; zeros close exactly.
    """
    result = local
    for seam, gap, want in zip(_seams(), gaps_of(local), wanted, strict=True):
        excess = gap - want
        if np.abs(excess).max() > 1e-9:
            result = result.copy()
            result[:MESH_POINTS] += seam.upper_follow @ (excess * seam.upper_share)
            result[:MESH_POINTS] -= seam.lower_follow @ (excess * (1 - seam.upper_share))
    return result


def close_gaps(local: NDArray[np.float64], keep: tuple[float, float, float]) -> NDArray[np.float64]:
    """Return landmarks of whose gaps a share is kept: 0 closes exactly, 1 changes nothing.

    Args:
        local: 478 x 3, landmarks in the head's own frame, canonical centimetres.
        keep: shares of the left eye, the right eye and the mouth.
    """
    return set_gaps(local, [gap * share for gap, share in zip(gaps_of(local), keep, strict=True)])


@functools.cache
def _seams() -> tuple[_Seam, _Seam, _Seam]:
    lips = tuple(zip(LIPS_INNER[1:10], LIPS_INNER[:10:-1], strict=True))
    if set(lips) != set(LIP_PAIRS):
        raise AssertionError("the lip ring and the lip pairs disagree")
    outer_upper = {inner: LIPS_OUTER[place] for place, inner in enumerate(LIPS_INNER) if 1 <= place <= 9}
    outer_lower = {inner: LIPS_OUTER[place] for place, inner in enumerate(LIPS_INNER) if place >= 11}
    return (
        _seam(LID_PAIRS_LEFT, UPPER_LID_SHARE, 0.55, 0.4, {}, {}),
        _seam(LID_PAIRS_RIGHT, UPPER_LID_SHARE, 0.55, 0.4, {}, {}),
        _seam(lips, UPPER_LIP_SHARE, 0.9, 1.6, outer_upper, outer_lower),
    )


def _seam(
    pairs: tuple[tuple[int, int], ...],
    upper_share: float,
    upper_reach: float,
    lower_reach: float,
    upper_partners: dict[int, int],
    lower_partners: dict[int, int],
) -> _Seam:
    upper = _follow([a for a, _ in pairs], [b for _, b in pairs], upper_reach, upper_partners, above=True)
    lower = _follow([b for _, b in pairs], [a for a, _ in pairs], lower_reach, lower_partners, above=False)
    return _Seam(np.array(pairs, np.int32), upper_share, upper, lower)


def _follow(
    movers: list[int], others: list[int], reach: float, partners: dict[int, int], *, above: bool
) -> NDArray[np.float64]:
    """Return 468 x P weights: how each vertex follows the movement of each mover.

    Args:
        movers: the points that move.
        others: the opposite points, which do not.
        reach: canonical centimetres over which the skin's following fades (Gaussian).
        partners: mover to the point of the outer lip that goes with it.
        above: whether the moving skin lies above the seam.
    """
    vertices = canonical_face().vertices
    line = (vertices[movers] + vertices[others]) / 2
    delta = vertices[:, None] - vertices[movers][None]
    distance = np.linalg.norm(delta, axis=2)
    nearest = distance.argmin(axis=1)
    share = np.exp(-((distance / 0.45) ** 2))
    share /= np.maximum(share.sum(axis=1, keepdims=True), 1e-12)
    far = share.sum(axis=1) < 0.5
    share[far] = np.eye(len(movers))[nearest[far]]
    weights = np.asarray(share * np.exp(-((distance.min(axis=1) / reach) ** 2))[:, None])
    height = vertices[:, 1] - line[nearest, 1]
    weights[height > 1e-9 if above else height < -1e-9] = 0.0
    weights[others] = 0.0
    for row, mover in enumerate(movers):
        weights[mover] = np.eye(len(movers))[row]
        if mover in partners:
            weights[partners[mover]] = 0.9 * np.eye(len(movers))[row]
    return weights
