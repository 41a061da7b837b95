"""Motion over UDP: the sender and the receiver."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Self

from animato.motion.motion_codec import MotionCodec
from animato.motion.motion_frame import MotionFrame, Neutral
from animato.network.addresses import Address, receiving_socket, sending_socket
from animato.network.datagram import MAX_DATAGRAM
from animato.network.decoder import Decoded, StreamCounts, StreamDecoder
from animato.network.encoder import StreamEncoder
from animato.network.playout import PlayoutBuffer

MAX_READ = 200
"""Datagrams read at a time, so that a flood cannot keep the receiver from showing frames."""


class MotionSender:
    """Sends motion frames as datagrams; never waits. A context manager.

    Args:
        address: of the receiver.
        key: shared secret, or None to send in the clear.
        fps: nominal frames per second.
        codec: None for one with the basis that ships with animato.
        now: returns seconds of a clock that only grows.
        unix_time: returns the system's time.

    Attributes:
        failed: datagrams that the system did not take, such as while the network is down.
        unencodable: frames that were left out because their values are not those of a head.

    Raises:
        OutputError: the host has no address.
    """

    def __init__(
        self,
        address: Address,
        key: bytes | None,
        fps: float = 25.0,
        codec: MotionCodec | None = None,
        now: Callable[[], float] = time.monotonic,
        unix_time: Callable[[], float] = time.time,
    ) -> None:
        self._encoder = StreamEncoder(key, fps, codec)
        self._now, self._unix_time = now, unix_time
        self._socket = sending_socket(address)
        self.failed = self.unencodable = 0

    @property
    def sent(self) -> int:
        """Number of datagrams so far."""
        return self._encoder.sent

    @property
    def sent_bytes(self) -> int:
        """Their size, without the headers of UDP and IP."""
        return self._encoder.sent_bytes

    def send(self, motion: MotionFrame, neutral: Neutral) -> None:
        """Send one frame.

        Args:
            motion: its channels are dropped.
            neutral: measures it is relative to; another object after each calibration.
        """
        try:
            datagrams = self._encoder.datagrams(motion, neutral, self._now(), self._unix_time())
        except ValueError:
            self.unencodable += 1
            return
        for datagram in datagrams:
            try:
                self._socket.send(datagram)
            except OSError:  # nobody listens yet, the network is down, or the system's buffer is full
                self.failed += 1

    def close(self) -> None:
        """Close the socket; the receiver eases to rest."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class MotionReceiver:
    """Receives datagrams and plays their motion evenly; not safe to use from several threads. A context manager.

    Args:
        address: of this computer to receive at; port 0 for any free one.
        key: shared secret, or None.
        max_delay: longest delay of the jitter buffer, seconds.
        codec: None for one with the basis that ships with animato.
        now: returns seconds of a clock that only grows.
        unix_time: returns the system's time.

    Raises:
        UsageError: the port is taken, or the address is not this computer's.
    """

    def __init__(
        self,
        address: Address,
        key: bytes | None,
        max_delay: float = 0.3,
        codec: MotionCodec | None = None,
        now: Callable[[], float] = time.monotonic,
        unix_time: Callable[[], float] = time.time,
    ) -> None:
        self._decoder = StreamDecoder(key, codec)
        self._playout = PlayoutBuffer(max_delay)
        self._now, self._unix_time = now, unix_time
        self._socket = receiving_socket(address)

    @property
    def port(self) -> int:
        """Port that is listened at."""
        return int(self._socket.getsockname()[1])

    @property
    def counts(self) -> StreamCounts:
        """What became of the datagrams so far."""
        return self._decoder.counts

    @property
    def fps(self) -> float | None:
        """Nominal frames per second of the sender; None before its first hello."""
        return self._decoder.fps

    @property
    def delay(self) -> float:
        """Delay of the jitter buffer, seconds."""
        return self._playout.delay

    @property
    def late(self) -> int:
        """Frames that arrived after a later one was shown."""
        return self._playout.late

    @property
    def problem(self) -> str | None:
        """Why nothing is shown although datagrams arrive, as a sentence; else None."""
        return self._decoder.problem

    def fileno(self) -> int:
        """Return the socket's file descriptor, to wait for datagrams with `select`."""
        return self._socket.fileno()

    def poll(self) -> int:
        """Read the datagrams that have arrived; return how many."""
        for count in range(MAX_READ):
            try:
                datagram = self._socket.recv(MAX_DATAGRAM + 1)
            except BlockingIOError:
                return count
            except OSError:  # Windows reports answers to other datagrams, and ones that are too long
                continue
            now = self._now()
            for decoded in self._decoder.receive(datagram, now, self._unix_time()):
                self._playout.add(decoded, now)
        return MAX_READ

    def sample(self) -> Decoded | None:
        """Return the motion to show now; see `PlayoutBuffer.sample`."""
        return self._playout.sample(self._now())

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
