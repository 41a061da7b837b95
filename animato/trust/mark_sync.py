"""Reading the mark once its placement is known: fold the picture into one tile, find where it begins, take the bits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.trust.convolution import CODED_BITS, encode, viterbi
from animato.trust.payload import MarkPayload, unpack
from animato.trust.search import Placement
from animato.trust.tile import PILOT_GAIN, PILOTS, TILE, lattice
from animato.types import Plane

FINE = 2
"""Positions are searched in steps of 1 / FINE tile pixels."""

NEIGHBOURHOOD = 2.5
"""Width, in cycles per tile, over which the strength of the noise around a frequency is estimated."""

CERTAINTY = 0.75
"""Power of the noise's power a dimension is divided by: 1 for noise known exactly, less for noise only estimated."""

LOUDEST = 3.0
"""One dimension counts at most this many times the root mean square of all."""


HINT = 4.5
"""Agreement of the phases above which a closer look is worth its time."""

UPRIGHT_TURN, UPRIGHT_STRETCH = 0.004, 0.003
"""A turn (radians) and a stretch below these may well be none."""

LIST, LIST_PHASE = 64, 5.5
"""Messages tried against the checksum when the likeliest one fails, and the agreement of the phases that allows it."""

SCALE_WALK, TURN_WALK = 0.001, 0.001
"""First step of the walk: half a pixel over half a picture."""


@dataclass(frozen=True)
class Lock:
    """One attempt to read.

    Attributes:
        phase: how well the pilots' phases agree on one position; about 1 deviation per unit, 3 to 4 by chance, at most
            about 11.
        payload: what the bits say, or None when the checksum is wrong.
        agreement: share of the 210 coded bits that agree with the payload, 0..1; None without a payload.
    """

    phase: float
    payload: MarkPayload | None
    agreement: float | None


def fold(residual: Plane, placement: Placement) -> NDArray[np.float64]:
    """Return the residual mapped back to tile coordinates and summed over all repeats: 128 x 128 float64."""
    height, width = residual.shape
    picture_from_tile = placement.matrix()
    corners = np.array([[0, 0], [width, 0], [0, height], [width, height]]) @ np.linalg.inv(picture_from_tile).T
    low = np.floor(corners.min(axis=0))
    columns, rows = (int(np.ceil(v / TILE)) * TILE for v in corners.max(axis=0) - low)
    picture_from_canvas = np.hstack([picture_from_tile, (picture_from_tile @ low)[:, None]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    canvas = cv2.warpAffine(residual, picture_from_canvas, (columns, rows), flags=flags)
    return np.asarray(
        canvas.reshape(rows // TILE, TILE, columns // TILE, TILE).sum(axis=(0, 2), dtype=np.float64), dtype=np.float64
    )


def read_near(residual: Plane, placement: Placement) -> tuple[Lock, Placement]:
    """Return what the mark says at a placement found from strength alone, and the placement finally used.

    Strength finds a placement to about a pixel over the picture. When the bits cannot be read but the phases hint at a
    mark, the same picture without turn and stretch is tried (the usual case), then a walk along the agreement of the
    phases, which is sharper.
    """
    lock = read_at(residual, placement)
    if lock.payload is not None or lock.phase < HINT:
        return lock, placement
    lock, placement = _walk(residual, lock, placement)
    if lock.payload is None and lock.phase >= LIST_PHASE:
        lock = read_at(residual, placement, LIST)
    return lock, placement


def _walk(residual: Plane, lock: Lock, placement: Placement) -> tuple[Lock, Placement]:
    """Return the best reading along a short walk from a placement, the first one that can be read."""
    upright = replace(placement, turn=0.0, stretch=1.0)
    choices = [upright] if abs(placement.turn) < UPRIGHT_TURN and abs(placement.stretch - 1) < UPRIGHT_STRETCH else []
    for step in (1.0, 0.5):
        choices += [replace(placement, scale=placement.scale * (1 + sign * step * SCALE_WALK)) for sign in (-1, 1)]
        choices += [replace(placement, turn=placement.turn + sign * step * TURN_WALK) for sign in (-1, 1)]
        choices += [replace(placement, stretch=placement.stretch * (1 + sign * step * SCALE_WALK)) for sign in (-1, 1)]
        for choice in choices:
            tried = read_at(residual, choice)
            if tried.payload is not None:
                return tried, choice
            if tried.phase > lock.phase:
                lock, placement = tried, choice
        choices = []
    return lock, placement


def read_at(residual: Plane, placement: Placement, paths: int = 1) -> Lock:
    """Return what the mark says if it lies at this placement.

    Args:
        residual: h x w float32.
        placement: how the marked frame became this picture.
        paths: how many of the most likely messages are tried against the checksum.
    """
    places = lattice()
    folded = np.fft.fft2(fold(residual, placement))
    pilots = folded[places.pilots[:, 1], places.pilots[:, 0] % TILE] * np.conj(places.pilot_signs)
    data = folded[places.data[:, 1], places.data[:, 0] % TILE]
    noise = np.maximum(
        _neighbour_weights() @ np.concatenate([np.abs(pilots / PILOT_GAIN) ** 2, np.abs(data) ** 2]), 1e-12
    )
    phase, shift = _position(pilots, noise[:PILOTS])
    payload, agreement = _read_bits(data * np.exp(2j * np.pi * (places.data @ shift) / TILE), noise[PILOTS:], paths)
    return Lock(phase, payload, agreement)


def _position(pilots: NDArray[np.complex128], noise: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
    """Return the best agreement of the pilots' phases and the tile's position (x, y) that gives it.

    Phase correlation (Kuglin and Hines 1975) on the pilots only: strengths are evened out and cut, so that no single
    frequency decides.
    """
    places = lattice()
    size = np.abs(pilots)
    even = np.minimum(size / np.sqrt(noise) / PILOT_GAIN, 2.0) * pilots / np.maximum(size, 1e-12)
    even /= max(float(np.sqrt(np.mean(np.abs(even) ** 2))), 1e-12)
    side = TILE * FINE
    sheet = np.zeros((side, side), dtype=np.complex128)
    sheet[places.pilots[:, 1], places.pilots[:, 0] % side] = even
    surface = np.fft.ifft2(sheet).real * side * side / np.sqrt(PILOTS / 2)
    row, column = np.unravel_index(int(surface.argmax()), surface.shape)
    return float(surface[row, column]), np.array([column, row], dtype=np.float64) / FINE


def _read_bits(
    data: NDArray[np.complex128], noise: NDArray[np.float64], paths: int
) -> tuple[MarkPayload | None, float | None]:
    """Return the payload of the aligned data frequencies and the share of coded bits that agree with it."""
    places = lattice()
    dimensions = np.empty(2 * len(data))
    weighted = data / noise**CERTAINTY
    dimensions[0::2], dimensions[1::2] = weighted.real, weighted.imag
    limit = LOUDEST * float(np.sqrt(np.mean(dimensions**2)))
    dimensions = np.clip(dimensions, -limit, limit) * places.flip_of_dimension
    soft = np.bincount(places.bit_of_dimension, dimensions, CODED_BITS).astype(np.float64)
    for bits in viterbi(soft, paths):
        payload = unpack(bits)
        if payload is not None:
            return payload, float(np.mean((soft < 0) == (encode(bits) == 1)))
    return None, None


@lru_cache(maxsize=1)
def _neighbour_weights() -> NDArray[np.float64]:
    """Return 364 x 364 weights that average the power of the frequencies around each one, itself left out.

    Frequencies of the other half plane count through their mirror image, which has the same power.
    """
    places = lattice()
    points = np.concatenate([places.pilots, places.data]).astype(np.float64)
    weights = np.zeros((len(points), len(points)))
    for image in (points, -points):
        squared = ((points[:, None] - image[None]) ** 2).sum(axis=-1)
        weights += np.exp(-squared / (2 * NEIGHBOURHOOD**2)) * (squared > 0)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), dtype=np.float64)
