"""The payload of the invisible watermark: 40 bits with a 24-bit checksum.

Layout, most significant bit first: 4 bits version, 4 bits kind, 32 bits video id. The id is random for each output and
never derived from a person, a machine, a file or a time.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

Bits = NDArray[np.uint8]
"""One-dimensional uint8 array of zeros and ones, most significant bit first."""

MARK_VERSION = 1
"""Version written by this release; it implies the tile, the code and the checksum."""

PAYLOAD_BITS = 40
CHECK_BITS = 24
MESSAGE_BITS = PAYLOAD_BITS + CHECK_BITS
"""Length of the message with its checksum: 64 bits."""

_CHECK_DOMAIN = b"animato mark-1 checksum"


class MarkKind(IntEnum):
    """Kind of the marked output."""

    DRIVEN = 1
    AUDIO = 2
    STILL = 3
    TEST = 4

    @property
    def word(self) -> str:
        """Name used in reports: driven, audio, still or test."""
        return self.name.lower()


@dataclass(frozen=True)
class MarkPayload:
    """The 40 bits a mark carries.

    Attributes:
        version: 0..15; 1 for mark-1.
        kind: kind of output.
        video_id: 0..2**32-1, random.
    """

    version: int
    kind: MarkKind
    video_id: int

    def __post_init__(self) -> None:
        if not 0 <= self.version < 16:
            raise ValueError(f"a mark version is between 0 and 15, not {self.version}")
        if not 0 <= self.video_id < 2**32:
            raise ValueError(f"a video id has 32 bits; {self.video_id} does not fit")
        object.__setattr__(self, "kind", MarkKind(self.kind))

    @classmethod
    def random(cls, kind: MarkKind = MarkKind.DRIVEN) -> MarkPayload:
        """Return a payload with a random id from the operating system."""
        return cls(MARK_VERSION, kind, secrets.randbits(32))

    @property
    def id_text(self) -> str:
        """The id as eight hexadecimal digits, as used in file names and reports."""
        return f"{self.video_id:08x}"

    def to_int(self) -> int:
        """Return the payload as one integer below 2**40."""
        return (self.version << 36) | (int(self.kind) << 32) | self.video_id

    @classmethod
    def from_int(cls, value: int) -> MarkPayload:
        """Return the payload of an integer below 2**40.

        Raises:
            ValueError: the kind is unknown to this release, or the value has more than 40 bits.
        """
        if not 0 <= value < 2**PAYLOAD_BITS:
            raise ValueError("a mark payload has 40 bits")
        return cls(value >> 36, MarkKind((value >> 32) & 15), value & 0xFFFFFFFF)

    def as_json(self) -> dict[str, Any]:
        """Return the payload as plain JSON types."""
        return {"version": self.version, "kind": self.kind.word, "id": self.id_text}


def checksum(value: int) -> int:
    """Compute the 24-bit checksum of a 40-bit payload: domain-separated SHA-256, truncated to three bytes.

    A truncated hash, not a cyclic code: wrong messages of the convolutional decoder differ in bursts of many bits, for
    which all 24-bit checks are equivalent, and the domain string separates other users of the same code.
    """
    return int.from_bytes(hashlib.sha256(_CHECK_DOMAIN + value.to_bytes(5, "big")).digest()[:3], "big")


def pack(payload: MarkPayload) -> Bits:
    """Pack a payload into 64 message bits: 40 payload bits, then the checksum."""
    value = payload.to_int()
    message = (value << CHECK_BITS) | checksum(value)
    return np.array([(message >> (MESSAGE_BITS - 1 - i)) & 1 for i in range(MESSAGE_BITS)], dtype=np.uint8)


def unpack(bits: Bits) -> MarkPayload | None:
    """Unpack 64 message bits; return None when the checksum, the version or the kind is wrong.

    Args:
        bits: 64 uint8 values, 0 or 1, most significant first.
    """
    if bits.shape != (MESSAGE_BITS,):
        raise ValueError(f"a mark message has {MESSAGE_BITS} bits, not {bits.shape}")
    message = int("".join("1" if bit else "0" for bit in bits.tolist()), 2)
    value, check = message >> CHECK_BITS, message & (2**CHECK_BITS - 1)
    if checksum(value) != check:
        return None
    try:
        payload = MarkPayload.from_int(value)
    except ValueError:
        return None
    return payload if payload.version == MARK_VERSION else None
