"""The error-correcting code of the watermark: convolutional, constraint length 7, rate 1/3, soft Viterbi decoding.

Generators (133, 171, 165) in octal, as in 3GPP TS 36.212, section 5.1.3.1; free distance 15. Six
zero tail bits return the encoder to state 0, so 64 bits become (64 + 6) x 3 = 210.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from animato.trust.payload import MESSAGE_BITS, Bits

CONSTRAINT = 7
GENERATORS = (0o133, 0o171, 0o165)
TAIL_BITS = CONSTRAINT - 1
STATES = 1 << TAIL_BITS
CODED_BITS = (MESSAGE_BITS + TAIL_BITS) * len(GENERATORS)
"""Length of the coded message: 210 bits."""


def _parity(value: int) -> int:
    return value.bit_count() & 1


def _branch_signs() -> NDArray[np.float64]:
    """Return the branch outputs as signs: (128 registers, 3), +1 for a zero bit and -1 for a one.

    A register is the input bit followed by the six bits before it; its state after the step is `register >> 1`.
    """
    registers = range(1 << CONSTRAINT)
    return np.array([[1 - 2 * _parity(reg & gen) for gen in GENERATORS] for reg in registers], dtype=np.float64)


_SIGNS = _branch_signs()


def encode(bits: Bits) -> Bits:
    """Encode a message.

    Args:
        bits: N uint8 values, 0 or 1.

    Returns:
        (N + 6) x 3 uint8 values; the three outputs of each input bit are adjacent.
    """
    register = 0
    out: list[int] = []
    for bit in [*bits.tolist(), *([0] * TAIL_BITS)]:
        register = (int(bit) << TAIL_BITS) | (register >> 1)
        out.extend(_parity(register & generator) for generator in GENERATORS)
    return np.array(out, dtype=np.uint8)


def viterbi(soft: NDArray[np.float64], paths: int = 1) -> list[Bits]:
    """Decode soft bits into the most likely messages, best first.

    Parallel list Viterbi (Seshadri and Sundberg 1994) over 64 states: each state keeps its `paths` best histories; with
    1 it is the Viterbi algorithm. The metric is correlation: for Gaussian noise the path with the largest sum of soft
    value x sign is the most likely one. The caller selects among the messages by checksum.

    Args:
        soft: (N + 6) x 3 float values in the order of `encode`; positive for zero, negative for one, magnitude is
            confidence in arbitrary units.
        paths: number of messages to return.

    Returns:
        `paths` arrays of N uint8 values, 0 or 1.
    """
    steps = soft.reshape(-1, len(GENERATORS))
    score = np.full((STATES, paths), -np.inf)
    score[0, 0] = 0.0
    choice = np.zeros((len(steps), STATES, paths), dtype=np.int64)
    # New state s has the input bit on top; its predecessors are the registers 2s and 2s + 1 (the bit shifted out).
    previous = (np.arange(2 * STATES) & (STATES - 1)).reshape(STATES, 2)
    for index, values in enumerate(steps):
        gain = (_SIGNS @ values).reshape(STATES, 2, 1)
        arriving = (score[previous] + gain).reshape(STATES, 2 * paths)
        choice[index] = np.argsort(-arriving, axis=1, kind="stable")[:, :paths]
        score = np.take_along_axis(arriving, choice[index], axis=1)
    return [_trace_back(choice, previous, rank, paths) for rank in range(paths)]


def _trace_back(choice: NDArray[np.int64], previous: NDArray[np.int64], rank: int, paths: int) -> Bits:
    """Return the message of the given rank that ends in state 0."""
    state = 0  # the tail bits return every message to state 0
    bits = np.zeros(len(choice), dtype=np.uint8)
    for index in range(len(choice) - 1, -1, -1):
        bits[index] = state >> (TAIL_BITS - 1)
        branch, rank = divmod(int(choice[index, state, rank]), paths)
        state = int(previous[state, branch])
    return bits[:-TAIL_BITS]
