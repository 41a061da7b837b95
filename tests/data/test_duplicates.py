"""Near-duplicates are found in any number of hashes, and a copy of a picture has nearly its hash."""

from __future__ import annotations

import cv2
import numpy as np

from animato.data.duplicates import MAX_DISTANCE, near_duplicates, perceptual_hash


def bits(a: int, b: int) -> int:
    return (a ^ b).bit_count()


def test_groups_are_those_of_comparing_every_pair() -> None:
    random = np.random.default_rng(5)
    seeds = random.integers(0, 2**64, 60, np.uint64)
    hashes = seeds[random.integers(0, len(seeds), 400)]
    for row in range(len(hashes)):
        for bit in random.choice(64, random.integers(0, 4), replace=False):
            hashes[row] ^= np.uint64(1) << np.uint64(bit)
    group = list(range(len(hashes)))
    for _ in range(6):  # spread the lowest row over the pairs until nothing changes
        for a in range(len(hashes)):
            for b in range(len(hashes)):
                if bits(int(hashes[a]), int(hashes[b])) <= MAX_DISTANCE:
                    group[a] = group[b] = min(group[a], group[b])
    assert near_duplicates(hashes).tolist() == group
    assert len(set(group)) < len(hashes)


def test_nothing_and_one_hash_are_groups_of_their_own() -> None:
    assert near_duplicates(np.zeros(0, np.uint64)).tolist() == []
    assert near_duplicates(np.array([7], np.uint64)).tolist() == [0]
    assert near_duplicates(np.array([7, 7, 2**64 - 8], np.uint64)).tolist() == [0, 0, 2]


def test_a_compressed_smaller_or_darker_copy_is_a_near_duplicate_and_another_picture_is_not() -> None:
    random = np.random.default_rng(2)
    image, other = (cv2.resize(random.integers(0, 255, (9, 9, 3), np.uint8), (160, 160)) for _ in range(2))
    original = perceptual_hash(np.asarray(image, np.uint8))
    packed = cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 40])[1], cv2.IMREAD_COLOR)
    small = cv2.resize(image, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA)
    dark = (image * 0.8).astype(np.uint8)
    for copy in (packed, small, dark):
        assert bits(original, perceptual_hash(np.asarray(copy, np.uint8))) <= MAX_DISTANCE
    assert bits(original, perceptual_hash(np.asarray(other, np.uint8))) > 16
