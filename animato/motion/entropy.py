"""Entropy coding of one short message with static tables: asymmetric numeral systems (Duda 2013, arXiv 1311.2540).

The coder's state is one large integer, the message itself. Messages have some forty bytes, so the integer never has to
be renormalised: the size is within a bit of the entropy, where coders that emit words of 32 bits lose half a word per
message. All arithmetic is on integers, so every machine reads what another wrote.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

TOTAL_BITS = 12
"""Frequencies of a table add up to 2 to this power."""

RAW_LIMIT = 1 << 15
"""Values from -RAW_LIMIT to RAW_LIMIT - 1 can be coded; those that a table lacks follow an escape in 16 bits."""

_MASK = (1 << TOTAL_BITS) - 1


class DamagedMessageError(ValueError):
    """A message was not written by `encode`, or not with the same tables."""


class Model(NamedTuple):
    """Distribution of one value: a table for its upper bits; the lower ones are equally likely.

    Attributes:
        frequencies: of the upper part's values -n, ..., n, then of the escape; each at least 1.
        starts: sums of the preceding frequencies.
        shift: number of lower bits.
    """

    frequencies: tuple[int, ...]
    starts: tuple[int, ...]
    shift: int

    @classmethod
    def of(cls, frequencies: Sequence[int], shift: int) -> Model:
        """Return a model.

        Raises:
            ValueError: a frequency is below 1, or they do not add up to 2 ** TOTAL_BITS.
        """
        counts = tuple(int(count) for count in frequencies)
        if min(counts) < 1 or sum(counts) != 1 << TOTAL_BITS or len(counts) % 2 or not 0 <= shift <= 12:
            raise ValueError("not a table of frequencies")
        return cls(counts, tuple(accumulate(counts, initial=0))[:-1], shift)


def encode(values: Sequence[int], models: Sequence[Model], rest: int) -> bytes:
    """Return a message with one value per model.

    Args:
        values: those beyond `RAW_LIMIT` are clipped.
        models: in the same order.
        rest: a number above 0 that `decode` returns as well, in its own length; it costs no more than its bits.
    """
    state = rest
    for value, model in zip(reversed(values), reversed(models), strict=True):
        value = min(max(value, -RAW_LIMIT), RAW_LIMIT - 1)
        reach = len(model.frequencies) // 2 - 1
        upper = value >> model.shift
        if -reach <= upper <= reach:
            state = state << model.shift | value & (1 << model.shift) - 1
            symbol = upper + reach
        else:
            state = state << 16 | value + RAW_LIMIT
            symbol = len(model.frequencies) - 1
        whole, remainder = divmod(state, model.frequencies[symbol])
        state = (whole << TOTAL_BITS) + model.starts[symbol] + remainder
    return state.to_bytes((state.bit_length() + 7) // 8, "little")


def decode(message: bytes, models: Sequence[Model]) -> tuple[list[int], int]:
    """Return (values, rest) of a message. Any bytes are read as something; check `rest`.

    Args:
        message: from an untrusted sender; bound its length before.
        models: those of `encode`.
    """
    state, values = int.from_bytes(message, "little"), []
    for model in models:
        slot = state & _MASK
        symbol = bisect_right(model.starts, slot) - 1
        state = model.frequencies[symbol] * (state >> TOTAL_BITS) + slot - model.starts[symbol]
        if symbol == len(model.frequencies) - 1:
            values.append((state & 0xFFFF) - RAW_LIMIT)
            state >>= 16
        else:
            upper = symbol - (len(model.frequencies) // 2 - 1)
            values.append(upper << model.shift | state & (1 << model.shift) - 1)
            state >>= model.shift
    return values, state
