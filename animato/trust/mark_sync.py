"""Decode the watermark at a known placement: fold the image into one tile, find its origin, decode the bits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.trust.convolution import CODED_BITS, encode, viterbi
from animato.trust.payload import MarkPayload, unpack
from animato.trust.search import MarkPlacement
from animato.trust.tile import PILOT_GAIN, PILOTS, TILE, lattice
from animato.types import Plane

OVERSAMPLING = 2
"""Positions are searched in steps of 1 / OVERSAMPLING tile pixels."""

NEIGHBOURHOOD = 2.5
"""Standard deviation of the window for the noise estimate around a frequency, cycles per tile."""

NOISE_EXPONENT = 0.5
"""Exponent of the noise power by which a dimension is divided: 1 for known noise, less for estimated noise."""

CLIP_LIMIT = 3.0
"""Limit of one dimension, in multiples of the root mean square of all."""

ID_PHASE = 5.0
"""Phase agreement below which bits are not decoded, because no id would be reported."""

REFINE_PHASE = 4.5
"""Phase agreement above which the placement is refined."""

MAX_UPRIGHT_TURN, MAX_UPRIGHT_STRETCH = 0.004, 0.003
"""Turn (radians) and stretch below which zero is tried too."""

LIST_LENGTH, LIST_PHASE = 64, 5.5
"""Length of the decoder's list when the most likely message fails the checksum, and the phase agreement required."""

SCALE_SEARCH_STEP, TURN_SEARCH_STEP = 0.001, 0.001
"""First step of the local search: half a pixel over half an image."""


@dataclass(frozen=True)
class MarkDecoding:
    """Result of one decoding attempt.

    Attributes:
        phase: agreement of the pilots' phases on one position, in standard deviations; 3 to 4 by chance, at most
            about 11.
        payload: decoded payload, or None when the checksum fails.
        agreement: share of the 210 coded bits that agree with the payload, 0..1; None without a payload.
        upside_down: whether the image is turned by 180 degrees more than the placement says.
    """

    phase: float
    payload: MarkPayload | None
    agreement: float | None
    upside_down: bool = False


def fold(residual: Plane, placement: MarkPlacement) -> NDArray[np.float64]:
    """Resample the residual to tile coordinates and sum it over all repeats: 128 x 128 float64."""
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


def read_near(residual: Plane, placement: MarkPlacement) -> tuple[MarkDecoding, MarkPlacement]:
    """Decode near a placement estimated from the power spectrum; return the result and the refined placement.

    The power spectrum gives a placement to about a pixel over the image. If the bits cannot be decoded but the phases
    indicate a mark, the placement without turn and stretch is tried (the usual case), then a local search that
    maximises the phase agreement, which is sharper.
    """
    decoding = read_at(residual, placement)
    if decoding.payload is not None or decoding.phase < REFINE_PHASE:
        return decoding, placement
    decoding, placement = _local_search(residual, decoding, placement)
    if decoding.payload is None and decoding.phase >= LIST_PHASE:
        decoding = read_at(residual, placement, LIST_LENGTH)
    return decoding, placement


def _local_search(
    residual: Plane, decoding: MarkDecoding, placement: MarkPlacement
) -> tuple[MarkDecoding, MarkPlacement]:
    """Search around a placement; return the first result that decodes, else the one with the best phase agreement."""
    upright = replace(placement, turn=0.0, stretch=1.0)
    candidates = (
        [upright] if abs(placement.turn) < MAX_UPRIGHT_TURN and abs(placement.stretch - 1) < MAX_UPRIGHT_STRETCH else []
    )
    for step in (1.0, 0.5):
        candidates += [
            replace(placement, scale=placement.scale * (1 + sign * step * SCALE_SEARCH_STEP)) for sign in (-1, 1)
        ]
        candidates += [replace(placement, turn=placement.turn + sign * step * TURN_SEARCH_STEP) for sign in (-1, 1)]
        candidates += [
            replace(placement, stretch=placement.stretch * (1 + sign * step * SCALE_SEARCH_STEP)) for sign in (-1, 1)
        ]
        for candidate in candidates:
            tried = read_at(residual, candidate)
            if tried.payload is not None:
                return tried, candidate
            if tried.phase > decoding.phase:
                decoding, placement = tried, candidate
        candidates = []
    return decoding, placement


def read_at(residual: Plane, placement: MarkPlacement, paths: int = 1) -> MarkDecoding:
    """Decode the mark at a placement, or turned by 180 degrees from it, whichever the pilots' phases prefer.

    A half turn leaves the power spectrum as it is and conjugates the spectrum itself.

    Args:
        residual: h x w float32.
        placement: map from the tile to this image.
        paths: number of most likely messages checked against the checksum.
    """
    places = lattice()
    folded = np.fft.fft2(fold(residual, placement))
    pilots = folded[places.pilots[:, 1], places.pilots[:, 0] % TILE] * np.conj(places.pilot_signs)
    data = folded[places.data[:, 1], places.data[:, 0] % TILE]
    noise = np.maximum(
        _neighbour_weights() @ np.concatenate([np.abs(pilots / PILOT_GAIN) ** 2, np.abs(data) ** 2]), 1e-12
    )
    phase, shift = _position(pilots, noise[:PILOTS])
    turned = np.conj(folded[places.pilots[:, 1], places.pilots[:, 0] % TILE]) * np.conj(places.pilot_signs)
    turned_phase, turned_shift = _position(turned, noise[:PILOTS])
    upside_down = turned_phase > phase
    if upside_down:
        phase, shift, data = turned_phase, turned_shift, np.conj(data)
    if phase < ID_PHASE:
        return MarkDecoding(phase, None, None, upside_down)
    payload, agreement = _read_bits(data * np.exp(2j * np.pi * (places.data @ shift) / TILE), noise[PILOTS:], paths)
    return MarkDecoding(phase, payload, agreement, upside_down)


def _position(pilots: NDArray[np.complex128], noise: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
    """Return the best phase agreement of the pilots and the tile position (x, y) that attains it.

    Phase correlation (Kuglin and Hines 1975) on the pilots only; amplitudes are normalised and clipped, so that no
    single frequency dominates.
    """
    places = lattice()
    magnitude = np.abs(pilots)
    normalised = np.minimum(magnitude / np.sqrt(noise) / PILOT_GAIN, 2.0) * pilots / np.maximum(magnitude, 1e-12)
    normalised /= max(float(np.sqrt(np.mean(np.abs(normalised) ** 2))), 1e-12)
    side = TILE * OVERSAMPLING
    # The real part of the inverse transform of a half plane: rows above 0 count once, where `irfft` counts them twice.
    spectrum = np.zeros((int(places.pilots[:, 1].max()) + 1, side), dtype=np.complex128)
    spectrum[places.pilots[:, 1], places.pilots[:, 0] % side] = normalised
    spectrum[1:] /= 2
    surface = np.fft.irfft(np.fft.ifft(spectrum, axis=1), side, axis=0) * side * side / np.sqrt(PILOTS / 2)
    row, column = np.unravel_index(int(surface.argmax()), surface.shape)
    return float(surface[row, column]), np.array([column, row], dtype=np.float64) / OVERSAMPLING


def _read_bits(
    data: NDArray[np.complex128], noise: NDArray[np.float64], paths: int
) -> tuple[MarkPayload | None, float | None]:
    """Decode the aligned data frequencies; return the payload and the share of coded bits that agree with it."""
    places = lattice()
    dimensions = np.empty(2 * len(data))
    weighted = data / noise**NOISE_EXPONENT
    dimensions[0::2], dimensions[1::2] = weighted.real, weighted.imag
    limit = CLIP_LIMIT * float(np.sqrt(np.mean(dimensions**2)))
    dimensions = np.clip(dimensions, -limit, limit) * places.flip_of_dimension
    soft = np.bincount(places.bit_of_dimension, dimensions, CODED_BITS).astype(np.float64)
    for bits in viterbi(soft, paths):
        payload = unpack(bits)
        if payload is not None:
            return payload, float(np.mean((soft < 0) == (encode(bits) == 1)))
    return None, None


@lru_cache(maxsize=1)
def _neighbour_weights() -> NDArray[np.float64]:
    """Return 364 x 364 weights that average the power around each frequency, excluding itself.

    The other half plane contributes through its mirror image, which has the same power.
    """
    places = lattice()
    points = np.concatenate([places.pilots, places.data]).astype(np.float64)
    weights = np.zeros((len(points), len(points)))
    for image in (points, -points):
        squared = ((points[:, None] - image[None]) ** 2).sum(axis=-1)
        weights += np.exp(-squared / (2 * NEIGHBOURHOOD**2)) * (squared > 0)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), dtype=np.float64)
