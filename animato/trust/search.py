"""Estimate scale, rotation, mirroring and aspect change of a watermarked image from its power spectrum.

The power spectrum is invariant to cropping and translation, so the pilots can be searched without knowing the origin of
the tile: each hypothesis predicts the frequencies of the 64 pilots, and their summed power is compared with chance.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.trust.tile import PILOT_GAIN, PILOTS, TILE, lattice
from animato.types import Plane

SIDE = 1024
"""Side of the Fourier transform, a power of two above `residual.WORK_SIDE`."""

WHITEN_WINDOW = 17
MAX_WHITENED = 8.0
"""Upper limit of the whitened power of one frequency, so that a few lines (a fence, a halftone) cannot dominate."""

MIN_SCALE, MAX_SCALE, SCALE_STEP = 0.33, 2.6, 0.0025
TURN_STEP = 0.15
"""Degrees."""
SHORTLIST = 40
"""Separate pilot peaks that are also evaluated on the data frequencies."""

NEAR_SCALE, NEAR_TURN = 4, 4
"""Radius of non-maximum suppression around a peak, in grid steps."""


@dataclass(frozen=True)
class MarkPlacement:
    """Linear map from the tile to the image: R(turn) . diag(mirror scale stretch, scale / stretch).

    Attributes:
        scale: image pixels per tile pixel.
        turn: radians, positive from x to y.
        mirror: 1, or -1 when flipped horizontally.
        stretch: square root of the aspect ratio change; 1 for none.
    """

    scale: float
    turn: float = 0.0
    mirror: int = 1
    stretch: float = 1.0

    def matrix(self) -> NDArray[np.float64]:
        """Return the 2 x 2 map `picture_from_tile` of offsets (x, y)."""
        cosine, sine = np.cos(self.turn), np.sin(self.turn)
        spread = np.diag([self.mirror * self.scale * self.stretch, self.scale / self.stretch])
        return np.asarray(np.array([[cosine, -sine], [sine, cosine]]) @ spread, dtype=np.float64)


@dataclass(frozen=True)
class Sweep:
    """Turns and stretches that are searched, each with every scale and with and without mirroring.

    Attributes:
        turns: degrees.
        stretches: square roots of aspect ratio changes.
    """

    turns: tuple[float, ...] = (0.0,)
    stretches: tuple[float, ...] = (1.0,)

    def placements(self, mirror: int) -> list[MarkPlacement]:
        """Return the placements at scale 1, neighbours beside each other."""
        return [
            MarkPlacement(1.0, float(np.deg2rad(turn)), mirror, stretch)
            for turn in self.turns
            for stretch in self.stretches
        ]


def _steps(low: float, high: float, step: float) -> tuple[float, ...]:
    return tuple(float(value) for value in np.arange(low, high + step / 2, step))


UPRIGHT = Sweep(turns=_steps(-6.0, 6.0, TURN_STEP))
PLAIN = Sweep()
"""Pictures that are only scaled, cropped or mirrored: so few placements that weaker peaks stand out."""

TURNED = Sweep(turns=_steps(-14.1, -6.15, TURN_STEP) + _steps(6.15, 14.1, TURN_STEP))
STRETCHED = Sweep(stretches=_steps(0.936, 1.064, 0.004))
"""Aspect changes up to 13 % of upright pictures."""


@dataclass(frozen=True)
class Peak:
    """A candidate placement of the pilots.

    Attributes:
        placement: the hypothesis.
        z: power of the pilots above chance, in standard deviations.
    """

    placement: MarkPlacement
    z: float


def whitened_power(residual: Plane) -> Plane:
    """Compute the power spectrum divided by its local mean: 1024 x 1024 float32 in [0, MAX_WHITENED], mean 1.

    Args:
        residual: h x w float32, both sides at most 1024.
    """
    height, width = residual.shape
    field = np.zeros((SIDE, SIDE), dtype=np.float32)
    field[:height, :width] = residual - residual.mean()
    transform = cv2.dft(field, flags=cv2.DFT_COMPLEX_OUTPUT)
    power = transform[..., 0] ** 2 + transform[..., 1] ** 2
    edge = WHITEN_WINDOW // 2
    local_mean = cv2.blur(np.pad(power, edge, mode="wrap"), (WHITEN_WINDOW, WHITEN_WINDOW))[edge:-edge, edge:-edge]
    floor = max(float(power.mean()) * 1e-6, 1e-12)
    return np.asarray(np.minimum(power / np.maximum(local_mean, floor), MAX_WHITENED), dtype=np.float32)


@lru_cache(maxsize=4)
def _grid(sweep: Sweep) -> tuple[NDArray[np.float32], list[MarkPlacement], NDArray[np.float32]]:
    """Return scales (S,), placements (P) and pilot positions, both at scale 1, 2 x 64 x P (x, y) in spectrum cells.

    The second half of the placements is mirrored.
    """
    scales = np.exp(np.arange(np.log(MIN_SCALE), np.log(MAX_SCALE), SCALE_STEP))
    placements = [*sweep.placements(1), *sweep.placements(-1)]
    positions = [lattice().pilots @ np.linalg.inv(placement.matrix()) * (SIDE / TILE) for placement in placements]
    stacked = np.ascontiguousarray(np.array(positions, dtype=np.float32).transpose(2, 1, 0))
    return scales.astype(np.float32), placements, stacked


def pilot_scores(power: Plane, sweep: Sweep = UPRIGHT) -> NDArray[np.float32]:
    """Compute z of every hypothesis: (scales, 2 x turns x stretches) float32.

    Whitened power of noise is exponential with mean and deviation 1; 64 of them have mean 64 and deviation 8.
    """
    scales, _, positions = _grid(sweep)
    flat = np.ascontiguousarray(power).ravel()
    scores = np.empty((len(scales), positions.shape[2]), dtype=np.float32)
    for index, scale in enumerate(scales):
        columns, rows = np.rint(positions / scale).astype(np.intp) & (SIDE - 1)
        scores[index] = flat.take((rows * SIDE) | columns).sum(axis=0)
    return (scores - PILOTS) / np.float32(np.sqrt(PILOTS))


def find_peaks(power: Plane, count: int, sweep: Sweep = UPRIGHT) -> list[Peak]:
    """Return the best hypotheses, most likely first, each refined.

    The shortlist is selected by the pilots and ranked by pilots and data together, which have a third more power.

    Args:
        power: from `whitened_power`.
        count: number of separate peaks to return.
        sweep: what to search.
    """
    shortlist = _separate_peaks(pilot_scores(power, sweep), sweep)
    near = [neighbours(peak.placement, SCALE_STEP / 2, np.deg2rad(TURN_STEP / 2), 0.0, 0, 1) for peak in shortlist]
    strengths = _strengths(power, np.concatenate(near)).reshape(len(near), -1).max(axis=1)
    chosen = [shortlist[index] for index in np.argsort(-strengths, kind="stable")[:count]]
    return [Peak(refine(power, peak.placement), peak.z) for peak in chosen]


def _separate_peaks(scores: NDArray[np.float32], sweep: Sweep) -> list[Peak]:
    """Return the `SHORTLIST` largest scores after non-maximum suppression; `scores` is modified."""
    scales, placements, _ = _grid(sweep)
    half = len(placements) // 2
    peaks: list[Peak] = []
    for _ in range(SHORTLIST):
        row, column = (int(v) for v in np.unravel_index(int(scores.argmax()), scores.shape))
        placement = replace(placements[column], scale=float(scales[row]))
        peaks.append(Peak(placement, float(scores[row, column])))
        start = column // half * half
        near = slice(max(start, column - NEAR_TURN), min(start + half, column + NEAR_TURN + 1))
        scores[max(0, row - NEAR_SCALE) : row + NEAR_SCALE + 1, near] = -np.inf
    return peaks


def refine(power: Plane, rough: MarkPlacement) -> MarkPlacement:
    """Refine a placement by maximising the power of pilots and data.

    The data frequencies have known amplitude and unknown sign, which does not affect the power. The first pass includes
    aspect changes up to 3 %, the second halves every step.

    Args:
        power: from `whitened_power`.
        rough: initial placement.
    """
    wide = neighbours(rough, SCALE_STEP / 2, np.deg2rad(TURN_STEP / 2), 0.00125, 12)
    best = _placement(wide[int(np.argmax(_strengths(power, wide)))])
    close = neighbours(best, SCALE_STEP / 4, np.deg2rad(TURN_STEP / 4), 0.000625, 2)
    return _placement(close[int(np.argmax(_strengths(power, close)))])


def neighbours(
    centre: MarkPlacement, scale_step: float, turn_step: float, stretch_step: float, stretch_reach: int, reach: int = 2
) -> NDArray[np.float64]:
    """Return the grid of placements around one: `reach` steps each way in scale (relative) and turn (radians).

    Returns:
        N x 4: scale, turn in radians, mirror, stretch.
    """
    steps = np.arange(-reach, reach + 1)
    grid = np.meshgrid(np.arange(-stretch_reach, stretch_reach + 1), steps, steps, indexing="ij")
    stretch, scale, turn = (axis.ravel() for axis in grid)
    columns = (
        centre.scale * (1 + scale * scale_step),
        centre.turn + turn * turn_step,
        np.full(len(turn), float(centre.mirror)),
        centre.stretch * (1 + stretch * stretch_step),
    )
    return np.stack(columns, axis=1)


def _placement(row: NDArray[np.float64]) -> MarkPlacement:
    scale, turn, mirror, stretch = row.tolist()
    return MarkPlacement(scale, turn, int(mirror), stretch)


def _strengths(power: Plane, placements: NDArray[np.float64]) -> NDArray[np.float32]:
    """Compute the weighted power of each placement (N x 4) over all 364 frequencies, with bilinear sampling."""
    scale, turns, mirror, stretch = placements.T
    across, down = mirror * scale * stretch, scale / stretch
    cosines, sines = np.cos(turns), np.sin(turns)
    rows = np.array([[cosines / across, sines / across], [-sines / down, cosines / down]])
    inverses = np.ascontiguousarray(rows.transpose(2, 0, 1), dtype=np.float32)  # of `MarkPlacement.matrix`
    cells = np.matmul(_frequencies(), inverses)
    read = cv2.remap(power, cells[..., 0], cells[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    return np.asarray(read @ _WEIGHTS, dtype=np.float32)


_WEIGHTS = np.concatenate([np.full(PILOTS, PILOT_GAIN**2), np.ones(len(lattice().data))]).astype(np.float32)


@lru_cache(maxsize=1)
def _frequencies() -> NDArray[np.float32]:
    """Return all 364 frequencies at scale 1, pilots first, in spectrum cells: 364 x 2 float32."""
    positions = lattice()
    return np.concatenate([positions.pilots, positions.data]).astype(np.float32) * np.float32(SIDE / TILE)
