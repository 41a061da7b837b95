"""Names that occur more than once among very many, in eight bytes a name."""

from __future__ import annotations

import hashlib
from array import array

import numpy as np


def hash64(text: str) -> int:
    """Return a 64-bit hash of a text that is the same in every process."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


class Repeats:
    """Counts names; after `finish`, `name in repeats` says whether it was counted twice.

    Hashes are those of this process. Two names with the same one (a chance of 3e-8 among a million) count as repeated,
    so a repeat is to be verified.
    """

    def __init__(self) -> None:
        self._hashes = array("q")
        self._repeated: frozenset[int] | None = None

    def count(self, name: str) -> None:
        """Count a name, unless counting is finished."""
        if self._repeated is None:
            self._hashes.append(hash(name))

    def finish(self) -> bool:
        """Finish counting and return whether any name was counted twice."""
        if self._repeated is None:
            hashes = np.sort(np.array(self._hashes, np.int64))
            self._repeated = frozenset(hashes[1:][hashes[1:] == hashes[:-1]].tolist())
            self._hashes = array("q")
        return self.any

    @property
    def any(self) -> bool:
        """Whether counting is finished and found a repeat."""
        return bool(self._repeated)

    def __contains__(self, name: str) -> bool:
        return self.any and hash(name) in (self._repeated or ())
