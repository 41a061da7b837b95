"""Near-duplicate clips: perceptual hashes, and groups of those that differ in few bits.

Hash: the signs of the low frequencies of the discrete cosine transform ("pHash", Zauner 2010, "Implementation and
benchmarking of perceptual image hash functions"). Search: hashes within `MAX_DISTANCE` bits agree in some of their
blocks, so that only hashes with equal blocks are compared (Manku, Jain and Das Sarma 2007, "Detecting near-duplicates
for web crawling").
"""

from __future__ import annotations

from itertools import combinations, pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.types import Frame

MAX_DISTANCE = 3
"""Largest number of different bits of near-duplicates, as in Manku et al."""

BLOCKS = 6
"""Blocks of a hash: 64 bits in 6; with at most 3 different bits, at least 3 blocks of 10 or 11 bits agree."""

SIDE, LOW = 32, 8


def perceptual_hash(image: Frame) -> int:
    """Return a hash of 64 bits that changes little when the image is resized, compressed or brightened.

    Args:
        image: H x W x 3 uint8 RGB.
    """
    grey = cv2.resize(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    low = cv2.dct(grey.astype(np.float32))[:LOW, :LOW].ravel()
    bits = low > np.median(low[1:])  # the first is the mean brightness
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def near_duplicates(hashes: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return the group of each hash: the row of the first one that it is connected to by near-duplicates.

    Args:
        hashes: array of shape (N,), uint64, one hash per row.

    Returns:
        N int64; a hash without near-duplicates has its own row.
    """
    values, first, inverse = np.unique(hashes, return_index=True, return_inverse=True)
    parent = np.arange(len(values))

    def root(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = int(parent[node])
        return node

    for mask in _masks():
        for one, other in _close_pairs(values, mask):
            a, b = root(one), root(other)
            # The root is the hash that occurs first.
            low, high = (a, b) if first[a] < first[b] else (b, a)
            parent[high] = low
    roots = np.array([root(node) for node in range(len(values))], np.int64)
    return np.asarray(first[roots][inverse], np.int64)


def _masks() -> list[np.uint64]:
    """Return masks of the blocks that must agree: all combinations of `BLOCKS - MAX_DISTANCE`."""
    edges = np.linspace(0, 64, BLOCKS + 1).round().astype(int).tolist()
    blocks = [((1 << end) - 1) ^ ((1 << start) - 1) for start, end in pairwise(edges)]
    return [np.uint64(sum(chosen)) for chosen in combinations(blocks, BLOCKS - MAX_DISTANCE)]


def _close_pairs(values: NDArray[np.uint64], mask: np.uint64) -> list[tuple[int, int]]:
    """Return pairs of hashes that agree under a mask and are near-duplicates."""
    keys = values & mask
    order = np.argsort(keys, kind="stable")
    keys, pairs = keys[order], []
    at, step = np.arange(len(values) - 1), 1
    while len(at):
        # Each hash is compared with the next one of equal key, then with the one after it, while there are any.
        at = at[at + step < len(values)]
        at = at[keys[at + step] == keys[at]]
        one, other = order[at], order[at + step]
        close = _different_bits(values[one], values[other]) <= MAX_DISTANCE
        pairs += list(zip(one[close].tolist(), other[close].tolist(), strict=True))
        step += 1
    return pairs


def _different_bits(a: NDArray[np.uint64], b: NDArray[np.uint64]) -> NDArray[np.int64]:
    bits = np.unpackbits((a ^ b).view(np.uint8).reshape(-1, 8), axis=1)
    return np.asarray(bits.sum(axis=1), np.int64)
