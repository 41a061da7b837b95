"""Datagrams of a motion stream: layout, authentication and encryption (docs/motion-stream.md#datagrams).

    frame     kind | session tag 2 | sequence 2 | sealed motion (`motion.motion_codec`)
    follower  the same; its motion is the change since the frame whose number is one less
    hello     kind | session tag 2 | sequence 2 | session 8 | whole sequence 6 | sealed neutral measures and clock

`kind` is one byte: three bits of version, two of kind, three of epoch, which counts calibrations. Sealed parts are
encrypted and authenticated with AES-CCM and a tag of 8 bytes, as in TLS_AES_128_CCM_8_SHA256 (RFC 8446): with the 16
bytes of AES-GCM, tags would outweigh a third of the motion. A forged datagram passes once in 2 ** 64 attempts.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from animato.geometry.pose import rotation_exp, rotation_log
from animato.motion.motion_frame import Neutral

VERSION = 1
EPOCHS = 8
MAX_DATAGRAM = 600
"""Longer datagrams are not ours; the longest frame has 525 bytes."""

TAG_BYTES = 8
SESSION_BYTES = 8
_HEADER = struct.Struct(">BHH")
_HELLO = struct.Struct(">8s6s")
_BODY = struct.Struct(">QQH4s12f")

OPEN_KEY = hashlib.sha256(b"animato motion stream without a key").digest()
"""Used without a key: it is public, so it shows damage and nothing else."""


class Kind(IntEnum):
    """Kind of a datagram."""

    FRAME = 0
    HELLO = 1
    FOLLOWER = 2


class MalformedError(ValueError):
    """A datagram is not one of this protocol's version."""


class ForgedError(ValueError):
    """A datagram was damaged, or sealed with another key."""


@dataclass(frozen=True)
class Header:
    """The readable part of a datagram.

    Attributes:
        kind: of the datagram.
        epoch: number of the calibration that the motion is relative to, modulo `EPOCHS`.
        tag: start of the session.
        sequence: lower 16 bits of the sequence number.
        session: of a hello, 8 random bytes; else empty.
        whole_sequence: of a hello, the sequence number; else 0.
        size: bytes up to the sealed part.
    """

    kind: Kind
    epoch: int
    tag: int
    sequence: int
    session: bytes
    whole_sequence: int
    size: int


@dataclass(frozen=True)
class Hello:
    """What a receiver must know before it can show motion.

    Attributes:
        started: Unix time at which the session started, milliseconds.
        sent: Unix time of sending, milliseconds.
        fps: nominal frames per second.
        digest: 4 bytes, of the sender's basis.
        neutral: measures that the motion of this epoch is relative to.
    """

    started: int
    sent: int
    fps: float
    digest: bytes
    neutral: Neutral


def header_of(datagram: bytes) -> Header:
    """Return the header of a datagram from anybody.

    Raises:
        MalformedError: too short, too long, or of another version.
    """
    if not _HEADER.size + TAG_BYTES < len(datagram) <= MAX_DATAGRAM:
        raise MalformedError(f"a datagram of {len(datagram)} bytes")
    first, tag, sequence = _HEADER.unpack_from(datagram)
    if first >> 5 != VERSION or first >> 3 & 3 not in tuple(Kind):
        raise MalformedError(f"kind {first}")
    kind, epoch = Kind(first >> 3 & 3), first & EPOCHS - 1
    if kind is not Kind.HELLO:
        return Header(kind, epoch, tag, sequence, b"", 0, _HEADER.size)
    size = _HEADER.size + _HELLO.size
    if len(datagram) != size + _BODY.size + TAG_BYTES:
        raise MalformedError(f"a hello of {len(datagram)} bytes")
    session, whole = _HELLO.unpack_from(datagram, _HEADER.size)
    whole_sequence = int.from_bytes(whole, "big")
    if int.from_bytes(session[:2], "big") != tag or whole_sequence & 0xFFFF != sequence:
        raise MalformedError("a hello that contradicts itself")
    return Header(kind, epoch, tag, sequence, session, whole_sequence, size)


class Sealer:
    """Seals and opens the datagrams of one session.

    Args:
        key: shared secret, at least 16 bytes.
        session: 8 random bytes. Each session has a key of its own, so that its sequence numbers may start at 0.
    """

    def __init__(self, key: bytes, session: bytes) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESCCM
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        derived = HKDF(SHA256(), 16, salt=session, info=b"animato motion stream 1").derive(key)
        self.session, self._cipher = session, AESCCM(derived, tag_length=TAG_BYTES)

    def frame(self, sequence: int, epoch: int, message: bytes, kind: Kind = Kind.FRAME) -> bytes:
        """Return the datagram of a frame or a follower.

        Args:
            sequence: whole sequence number; never used twice in a session, for hellos included.
            epoch: number of the calibration.
            message: from the motion codec.
            kind: of the datagram.
        """
        return self._sealed(_HEADER.pack(self._first(kind, epoch), *self._names(sequence)), sequence, message)

    def hello(self, sequence: int, epoch: int, hello: Hello) -> bytes:
        """Return a hello datagram; arguments as of `frame`."""
        neutral = hello.neutral
        numbers = (
            *rotation_log(neutral.rotation),
            *neutral.apertures,
            *neutral.eye_widths,
            neutral.mouth_width,
            neutral.smile,
            *neutral.gaze,
        )
        body = _BODY.pack(hello.started, hello.sent, min(round(hello.fps * 100), 0xFFFF), hello.digest, *numbers)
        header = _HEADER.pack(self._first(Kind.HELLO, epoch), *self._names(sequence))
        return self._sealed(header + _HELLO.pack(self.session, sequence.to_bytes(6, "big")), sequence, body)

    def open(self, datagram: bytes, header: Header, sequence: int) -> bytes:
        """Return the opened part of a datagram.

        Args:
            datagram: as received.
            header: of it.
            sequence: its whole sequence number.

        Raises:
            ForgedError: it was damaged, or sealed with another key or number.
        """
        from cryptography.exceptions import InvalidTag

        try:
            return self._cipher.decrypt(_nonce(sequence), datagram[header.size :], datagram[: header.size])
        except InvalidTag as problem:
            raise ForgedError("the datagram was damaged, or sealed with another key") from problem

    def _sealed(self, header: bytes, sequence: int, body: bytes) -> bytes:
        return header + self._cipher.encrypt(_nonce(sequence), body, header)

    def _first(self, kind: Kind, epoch: int) -> int:
        return VERSION << 5 | kind << 3 | epoch % EPOCHS

    def _names(self, sequence: int) -> tuple[int, int]:
        return int.from_bytes(self.session[:2], "big"), sequence & 0xFFFF


def _nonce(sequence: int) -> bytes:
    return sequence.to_bytes(13, "big")


def parse_hello(body: bytes) -> Hello:
    """Return the opened part of a hello.

    Raises:
        MalformedError: its values are not those of a head. The sender knows the key, but may be faulty.
    """
    started, sent, hundredths, digest, *numbers = _BODY.unpack(body)
    values: NDArray[np.float64] = np.array(numbers)
    widths = values[6:9]
    if not (np.isfinite(values).all() and np.abs(values).max() < 100 and widths.min() > 0 and hundredths >= 100):
        raise MalformedError("the neutral measures are not those of a head")
    if np.abs(values[:3]).max() > 2 * np.pi or np.abs(values[3:6]).max() >= 10:
        raise MalformedError("the neutral measures are not those of a head")
    neutral = Neutral(
        rotation=rotation_exp(values[:3]),
        apertures=values[3:6],
        eye_widths=(float(values[6]), float(values[7])),
        mouth_width=float(values[8]),
        smile=float(values[9]),
        gaze=(float(values[10]), float(values[11])),
    )
    return Hello(started, sent, hundredths / 100, digest, neutral)
