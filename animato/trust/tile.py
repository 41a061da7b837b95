"""The watermark tile: 128 x 128 px, synthesised in the Fourier domain and repeated over the image.

Its energy is at periods of 8 to 28 px: long enough to survive compression and halving, short enough not to show as
blotches. Of the 364 frequencies of the half plane, 64 are pilots with a fixed phase and 1.6 times the amplitude, for
synchronisation (scale, rotation, position), and 300 carry data, one sign on the real and one on the imaginary part
(QPSK, 600 dimensions).

The scheme has no secret key: anyone can read a mark or write one.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from animato.trust.convolution import CODED_BITS, encode
from animato.trust.payload import MarkPayload, pack

TILE = 128
"""Side of the tile, in pixels of a frame whose short side is at most `watermark.REFERENCE_SIDE`."""

SHORTEST_PERIOD = 8.0
LONGEST_PERIOD = 28.0
PILOTS = 64
PILOT_GAIN = 1.6
SLOPE = -0.25
"""Amplitude is radius ** SLOPE: slightly more energy at low frequencies, which compression preserves better."""

_DOMAIN = b"animato mark-1 "


@dataclass(frozen=True)
class Lattice:
    """Frequencies of the mark in the tile's spectrum, in whole cycles per tile.

    Attributes:
        pilots: 64 x 2 int64, (fx, fy).
        pilot_signs: 64 complex128 of size 1, the fixed phases.
        data: 300 x 2 int64, (fx, fy).
        bit_of_dimension: 600 int64, the coded bit of each real dimension; dimensions 2i and 2i + 1 are the real
            and imaginary part of data frequency i.
        flip_of_dimension: 600 float64, +1 or -1, so that a run of equal bits does not form a pattern.
    """

    pilots: NDArray[np.int64]
    pilot_signs: NDArray[np.complex128]
    data: NDArray[np.int64]
    bit_of_dimension: NDArray[np.int64]
    flip_of_dimension: NDArray[np.float64]


def _stream(name: str, count: int) -> NDArray[np.uint32]:
    """Return `count` fixed pseudo-random 32-bit words: SHA-256 in counter mode, identical on every machine."""
    blocks = range((count + 7) // 8)
    raw = b"".join(hashlib.sha256(_DOMAIN + name.encode() + block.to_bytes(4, "big")).digest() for block in blocks)
    return np.frombuffer(raw, dtype=">u4")[:count].astype(np.uint32)


def _half_plane() -> NDArray[np.int64]:
    """Return the 364 usable frequencies, sorted by radius, then by angle."""
    low, high = TILE / LONGEST_PERIOD, TILE / SHORTEST_PERIOD
    reach = int(high)
    points = [
        (fx, fy)
        for fy in range(reach + 1)
        for fx in range(-reach, reach + 1)
        if (fy > 0 or fx > 0) and low <= np.hypot(fx, fy) <= high
    ]
    points.sort(key=lambda f: (f[0] * f[0] + f[1] * f[1], np.arctan2(f[1], f[0])))
    return np.array(points, dtype=np.int64)


@lru_cache(maxsize=1)
def lattice() -> Lattice:
    """Return the fixed layout of mark-1: one pilot in each of 64 consecutive runs of the sorted frequencies."""
    points = _half_plane()
    edges = np.linspace(0, len(points), PILOTS + 1).astype(int)
    words = _stream("pilot places", PILOTS)
    chosen = np.array([lo + int(word) % (hi - lo) for lo, hi, word in zip(edges[:-1], edges[1:], words, strict=True)])
    is_pilot = np.zeros(len(points), dtype=bool)
    is_pilot[chosen] = True
    data = points[~is_pilot]
    phases = _stream("pilot phases", PILOTS).astype(np.float64) / 2**32 * 2 * np.pi
    order = np.argsort(_stream("bit order", 2 * len(data)), kind="stable")
    bit_of = np.empty(2 * len(data), dtype=np.int64)
    bit_of[order] = np.arange(2 * len(data)) % CODED_BITS
    flips = 1.0 - 2.0 * (_stream("bit flips", 2 * len(data)) & 1)
    return Lattice(points[is_pilot], np.exp(1j * phases), data, bit_of, flips.astype(np.float64))


def amplitude(frequencies: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the relative amplitude of each frequency (N x 2 cycles per tile) before normalisation."""
    return np.asarray(np.hypot(frequencies[:, 0], frequencies[:, 1]) ** SLOPE, dtype=np.float64)


def spectrum(payload: MarkPayload) -> NDArray[np.complex128]:
    """Return the tile's 128 x 128 spectrum, indexed [fy, fx], Hermitian, in arbitrary units."""
    places = lattice()
    signs = (1.0 - 2.0 * encode(pack(payload)))[places.bit_of_dimension] * places.flip_of_dimension
    data = (signs[0::2] + 1j * signs[1::2]) / np.sqrt(2)
    full = np.zeros((TILE, TILE), dtype=np.complex128)
    for frequencies, values in (
        (places.pilots, PILOT_GAIN * places.pilot_signs * amplitude(places.pilots)),
        (places.data, data * amplitude(places.data)),
    ):
        full[frequencies[:, 1], frequencies[:, 0] % TILE] = values
        full[-frequencies[:, 1] % TILE, -frequencies[:, 0] % TILE] = np.conj(values)
    return full


def build_tile(payload: MarkPayload) -> NDArray[np.float32]:
    """Build the tile of a payload: 128 x 128 float32 with zero mean and a root mean square of 1."""
    tile = np.fft.ifft2(spectrum(payload)).real
    return np.asarray(tile / np.sqrt(np.mean(tile**2)), dtype=np.float32)
