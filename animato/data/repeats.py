"""Names that occur more than once among very many, in eight bytes a name."""

from __future__ import annotations

import hashlib
from array import array

import numpy as np
from numpy.typing import NDArray


def hash64(text: str) -> int:
    """Return a 64-bit hash of a text that is the same in every process."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


class Repeats:
    """Counts names; afterwards `name in repeats` says whether it was counted twice.

    Two names with the same hash (a chance of 3e-8 among a million) count as repeated, so a repeat is to be verified.
    """

    def __init__(self) -> None:
        self._hashes = array("Q")
        self._repeated: frozenset[int] | None = None

    def count(self, name: str) -> None:
        """Count a name."""
        self._hashes.append(hash64(name))

    def found(self) -> frozenset[int]:
        """Return the hashes that were counted more than once."""
        if self._repeated is None:
            hashes: NDArray[np.uint64] = np.sort(np.frombuffer(self._hashes, np.uint64)) if self._hashes else _NONE
            self._repeated = frozenset(hashes[1:][hashes[1:] == hashes[:-1]].tolist())
            self._hashes = array("Q")
        return self._repeated

    def __contains__(self, name: str) -> bool:
        return bool(self.found()) and hash64(name) in self.found()


_NONE = np.zeros(0, np.uint64)
