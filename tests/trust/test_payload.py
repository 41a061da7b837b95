"""Promises of the payload and its code."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from animato.trust.convolution import CODED_BITS, TAIL_BITS, encode, viterbi
from animato.trust.payload import MESSAGE_BITS, MarkKind, MarkPayload, checksum, pack, unpack

payloads = st.builds(MarkPayload, st.just(1), st.sampled_from(MarkKind), st.integers(0, 2**32 - 1))


@given(payloads)
def test_a_payload_survives_packing(payload: MarkPayload) -> None:
    assert unpack(pack(payload)) == payload
    assert MarkPayload.from_int(payload.to_int()) == payload


@given(payloads, st.integers(0, MESSAGE_BITS - 1), st.integers(0, MESSAGE_BITS - 1))
def test_any_one_or_two_wrong_bits_are_noticed(payload: MarkPayload, first: int, second: int) -> None:
    bits = pack(payload)
    bits[[first, second]] ^= 1
    assert unpack(bits) is None


def test_ids_are_random_and_use_all_their_bits() -> None:
    ids = [MarkPayload.random().video_id for _ in range(256)]
    assert len(set(ids)) == 256
    assert np.bitwise_or.reduce(ids) == 2**32 - 1
    assert np.bitwise_and.reduce(ids) == 0


def test_the_checksum_never_changes_between_releases() -> None:
    assert checksum(0) == 0xF531E7
    assert checksum(0x11_1234_ABCD) == 0x5269C3


@pytest.mark.parametrize("version, kind, video_id", [(16, 1, 0), (-1, 1, 0), (1, 0, 0), (1, 9, 0), (1, 1, 2**32)])
def test_impossible_payloads_are_refused(version: int, kind: int, video_id: int) -> None:
    with pytest.raises(ValueError):
        MarkPayload(version, kind, video_id)  # type: ignore[arg-type]


def test_a_foreign_version_or_kind_is_not_read_as_ours() -> None:
    for value in ((2 << 36) | (1 << 32) | 5, (1 << 36) | (15 << 32) | 5):
        message = (value << 24) | checksum(value)
        bits = np.array([(message >> (63 - i)) & 1 for i in range(64)], dtype=np.uint8)
        assert unpack(bits) is None


def test_the_code_has_the_length_the_tile_expects() -> None:
    assert len(encode(np.zeros(MESSAGE_BITS, dtype=np.uint8))) == CODED_BITS == 210


def test_the_free_distance_of_the_code_is_fifteen() -> None:
    # The code is linear: the lightest coded message that is not all zeros. Fifteen input bits hold the lightest path.
    weights = []
    for length in range(1, 9):
        for middle in itertools.product((0, 1), repeat=max(0, length - 2)):
            bits = np.array([1, *middle, 1][:length], dtype=np.uint8)
            weights.append(int(encode(bits).sum()))
    assert min(weights) == 15


@settings(max_examples=25)
@given(st.integers(0, 2**8 - 1), st.integers(0, 2**31))
def test_viterbi_agrees_with_trying_every_message(value: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    sent = np.array([(value >> i) & 1 for i in range(8)], dtype=np.uint8)
    soft = 1 - 2.0 * encode(sent) + rng.normal(size=3 * (8 + TAIL_BITS)) * 1.5
    every = [np.array(bits, dtype=np.uint8) for bits in itertools.product((0, 1), repeat=8)]
    ranked = sorted(every, key=lambda bits: -float((1 - 2.0 * encode(bits)) @ soft))
    found = viterbi(soft, paths=5)
    assert np.array_equal(viterbi(soft)[0], ranked[0])
    assert all(np.array_equal(one, other) for one, other in zip(found, ranked[:5], strict=True))


def test_a_tenth_of_wrong_bits_is_usually_repaired() -> None:
    rng = np.random.default_rng(1)
    repaired = 0
    for _ in range(20):
        payload = MarkPayload.random()
        soft = 1 - 2.0 * encode(pack(payload))
        soft[rng.permutation(CODED_BITS)[: CODED_BITS // 10]] *= -1
        repaired += unpack(viterbi(soft)[0]) == payload
    assert repaired >= 18
