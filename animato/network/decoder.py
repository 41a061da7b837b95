"""Turns datagrams from anybody into motion frames: what is damaged, forged, repeated or foreign is dropped and counted.

No sockets, no clock of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from animato.motion.entropy import DamagedMessageError
from animato.motion.motion_codec import TIME_WRAP, MotionCodec
from animato.motion.motion_frame import MotionFrame, Neutral
from animato.network.datagram import (
    EPOCHS,
    OPEN_KEY,
    ForgedError,
    Header,
    Hello,
    Kind,
    MalformedError,
    Sealer,
    header_of,
    parse_hello,
)

WINDOW = 64
"""Datagrams that may arrive after a later one: over two seconds at 25 frames per second."""

MAX_AGE = 60.0
"""Difference in seconds between the clocks of sender and receiver, the way included, up to which a new session with a
key is accepted; so an eavesdropper cannot play a recorded session later."""


@dataclass
class StreamCounts:
    """What became of the datagrams that arrived.

    Attributes:
        frames: decoded.
        lost: numbers that were skipped and have not arrived since.
        repeated: arrived twice, or too late to tell.
        malformed: not of this protocol, another version of it, or with values that are not those of a head.
        forged: damaged on the way, or sealed with another key.
        stale: of a new session whose hello is old, or from a clock that is wrong.
        unannounced: frames whose hello has not arrived yet.
        waiting: followers whose frame has not arrived; they are decoded if it does.
    """

    frames: int = 0
    lost: int = 0
    repeated: int = 0
    malformed: int = 0
    forged: int = 0
    stale: int = 0
    unannounced: int = 0
    waiting: int = 0


class Decoded(NamedTuple):
    """One frame that arrived.

    Attributes:
        motion: its time runs on beyond the wrap of the codec.
        neutral: measures it is relative to.
    """

    motion: MotionFrame
    neutral: Neutral


class StreamDecoder:
    """Decodes the newest session of the senders that share a key.

    Args:
        key: shared secret, or None for senders without one.
        codec: None for one with the basis that ships with animato.

    Attributes:
        counts: of all datagrams so far.
        fps: nominal frames per second of the session; None before its hello.
    """

    def __init__(self, key: bytes | None, codec: MotionCodec | None = None) -> None:
        self._key, self._codec = key, codec or MotionCodec()
        self._sealer: Sealer | None = None
        self._tag, self._newest, self._received = -1, -1, 0
        self._started = -1
        self._neutrals: dict[int, Neutral] = {}
        self._time: float | None = None
        self._arrived = 0.0
        self._bases: dict[int, tuple[int, ...]] = {}  # values of recent frames by their numbers
        self._followers: dict[int, tuple[bytes, Neutral]] = {}  # messages that wait for the frame of a number
        self._foreign_basis = False
        self.counts = StreamCounts()
        self.fps: float | None = None

    @property
    def problem(self) -> str | None:
        """Why nothing is shown although datagrams arrive, as a sentence; None while frames are decoded or none come."""
        counts = self.counts
        if counts.frames:
            return None
        if self._foreign_basis:
            return "the sender runs another version of animato; install the same one on both sides"
        if counts.stale:
            return f"the clocks of sender and receiver differ by more than {MAX_AGE:.0f} s, or old datagrams are played"
        if counts.forged:
            return "motion arrives, but sealed with another key: both sides need the same `key`, or none"
        if counts.malformed:
            return "datagrams arrive that are no motion of this version of animato"
        return None

    def receive(self, datagram: bytes, now: float, unix_time: float) -> list[Decoded]:
        """Return the frames that a datagram completes: none if it is a hello or dropped. Never raises.

        Args:
            datagram: from anybody.
            now: seconds of any clock that only grows.
            unix_time: of the system, seconds.
        """
        try:
            header = header_of(datagram)
            if header.kind is Kind.HELLO:
                self._hello(datagram, header, unix_time)
                return []
            return self._frames(datagram, header, now)
        except ForgedError:
            self.counts.forged += 1
        except (MalformedError, DamagedMessageError):
            self.counts.malformed += 1
        return []

    def _hello(self, datagram: bytes, header: Header, unix_time: float) -> None:
        sealer, sequence = self._sealer, header.whole_sequence
        if sealer is None or sealer.session != header.session:
            sealer = Sealer(self._key or OPEN_KEY, header.session)
        elif self._is_repeated(sequence):
            self.counts.repeated += 1
            return
        hello = parse_hello(sealer.open(datagram, header, sequence))
        if hello.digest != self._codec.basis.digest:
            self._foreign_basis = True
            raise MalformedError("a hello of another basis")
        if sealer is not self._sealer:
            if self._is_stale(hello, unix_time):
                self.counts.stale += 1
                return
            self._sealer, self._tag, self._started = sealer, header.tag, hello.started
            self._newest, self._received, self._time = sequence - 1, 0, None
            self._neutrals, self._bases, self._followers = {}, {}, {}
        self._note(sequence)
        self.fps = hello.fps
        known = self._neutrals.get(header.epoch)
        if known is None:
            # Only the calibration before this one may still be on its way.
            before = (header.epoch - 1) % EPOCHS
            self._neutrals = {epoch: value for epoch, value in self._neutrals.items() if epoch == before}
            self._neutrals[header.epoch] = hello.neutral

    def _is_stale(self, hello: Hello, unix_time: float) -> bool:
        """Return whether a new session may be one that was recorded earlier."""
        if self._key is None:
            return False
        return abs(hello.sent / 1000 - unix_time) > MAX_AGE or hello.started <= self._started

    def _frames(self, datagram: bytes, header: Header, now: float) -> list[Decoded]:
        neutral = self._neutrals.get(header.epoch)
        if self._sealer is None or header.tag != self._tag or neutral is None:
            self.counts.unannounced += 1
            return []
        ahead = (header.sequence - self._newest + 0x8000) % 0x10000 - 0x8000
        sequence = self._newest + ahead
        if sequence < 0 or self._is_repeated(sequence):
            self.counts.repeated += 1
            return []
        message = self._sealer.open(datagram, header, sequence)
        self._note(sequence)
        if header.kind is Kind.FOLLOWER:
            base = self._bases.get(sequence - 1)
            if base is None:
                self._followers[sequence - 1] = message, neutral
                self.counts.waiting += 1
                return []
            return [self._decoded(message, neutral, base, now)[0]]
        decoded, values = self._decoded(message, neutral, None, now)
        self._bases[sequence] = values
        result = [decoded]
        if sequence in self._followers:
            self.counts.waiting -= 1
            result.append(self._decoded(*self._followers.pop(sequence), values, now)[0])
        return result

    def _decoded(
        self, message: bytes, neutral: Neutral, base: tuple[int, ...] | None, now: float
    ) -> tuple[Decoded, tuple[int, ...]]:
        motion, values = self._codec.decode(message, neutral, base)
        self.counts.frames += 1
        time = motion.time
        if self._time is not None:  # the clocks of both sides tell how often it has wrapped since
            expected = self._time + now - self._arrived
            time += round((expected - time) / TIME_WRAP) * TIME_WRAP
        if self._time is None or time > self._time:
            self._time, self._arrived = time, now
        return Decoded(replace(motion, time=time), neutral), values

    def _is_repeated(self, sequence: int) -> bool:
        behind = self._newest - sequence
        return behind >= WINDOW or (behind >= 0 and bool(self._received >> behind & 1))

    def _note(self, sequence: int) -> None:
        """Enter an authentic number into the window."""
        ahead = sequence - self._newest
        if ahead > 0:
            self.counts.lost += ahead - 1
            self._received = (self._received << min(ahead, WINDOW) | 1) & (1 << WINDOW) - 1
            self._newest = sequence
            oldest = sequence - WINDOW
            self._bases = {number: values for number, values in self._bases.items() if number > oldest}
            self._followers = {number: waiting for number, waiting in self._followers.items() if number > oldest}
        else:
            self.counts.lost -= 1
            self._received |= 1 << -ahead
