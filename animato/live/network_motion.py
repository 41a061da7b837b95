"""Motion from and to a network, for the live loop."""

from __future__ import annotations

import select
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass

from animato.live.loop import LiveLoop
from animato.live.performer import Performer
from animato.live.protocols import LiveMotion, MotionSink, MotionSource
from animato.live.remote import Remote
from animato.motion.controls import neutral_measures
from animato.network.addresses import Address, parse_address
from animato.network.motion_stream import MotionReceiver, MotionSender
from animato.network.shared_key import stream_key
from animato.network.vmc import VmcSender
from animato.settings.network import NetworkSettings

LOOPBACK = "127.0.0.1"

WAKE_SECONDS = 0.1
"""Longest wait of the receiving thread, in which it notices that it was closed."""

DEFAULT_FPS = 25.0
"""Rate at which motion is played before the sender has told its own."""


@dataclass(frozen=True)
class MotionRun:
    """A live run without a head.

    Attributes:
        loop: passes motion on until `stop` is set.
        remote: applies commands.
        stop: ends the loop.
    """

    loop: LiveLoop
    remote: Remote
    stop: threading.Event


class SentMotion:
    """Sends the motion that is rendered to another animato; see `live.protocols.MotionSink`."""

    def __init__(self, sender: MotionSender) -> None:
        self._sender = sender

    def put(self, motion: LiveMotion) -> None:
        """Send one frame."""
        self._sender.send(motion.motion, motion.neutral)

    def close(self) -> None:
        """Close the socket."""
        self._sender.close()


class AvatarMotion:
    """Sends scores, gaze and pose to a game or an avatar program; see `live.protocols.MotionSink`."""

    def __init__(self, sender: VmcSender) -> None:
        self._sender = sender

    def put(self, motion: LiveMotion) -> None:
        """Send one frame."""
        self._sender.send(motion.motion, motion.neutral)

    def close(self) -> None:
        """Close the socket."""
        self._sender.close()


class ReceivedMotion:
    """Motion from another animato; see `live.protocols.MotionSource`. A thread reads it as it arrives.

    Args:
        receiver: an open one; closed with this source.
        address: that it receives at, for the status.
    """

    def __init__(self, receiver: MotionReceiver, address: Address) -> None:
        self._receiver, self._address = receiver, address
        self._lock, self._closed = threading.Lock(), threading.Event()
        self._due = time.monotonic()
        self._thread = threading.Thread(target=self._read, name="animato-receive", daemon=True)
        self._thread.start()

    def take(self, timeout: float) -> LiveMotion | None:
        """Return the motion to show now, once per frame of the sender."""
        end = time.monotonic() + timeout
        while True:
            now = time.monotonic()
            if now >= self._due:
                with self._lock:
                    shown, fps = self._receiver.sample(), self._receiver.fps or DEFAULT_FPS
                self._due = max(self._due + 1 / fps, now)
                if shown is not None:
                    return LiveMotion(shown.motion, shown.neutral, now)
            wait = min(self._due, end) - time.monotonic()
            if time.monotonic() >= end or self._closed.wait(max(wait, 0.0)):
                return None

    def calibrate(self) -> None:
        """Do nothing: the sender calibrates."""

    @property
    def status(self) -> str | None:
        """Why nothing is shown, as a sentence; None while motion arrives."""
        with self._lock:
            counts, problem = self._receiver.counts, self._receiver.problem
        if problem is not None or counts.frames:
            return problem
        return f"waiting for motion at {self._address}"

    @property
    def finished(self) -> bool:
        """Whether it was closed; senders may come and go."""
        return self._closed.is_set()

    @property
    def dropped(self) -> int:
        """Frames that were lost, or came too late."""
        with self._lock:
            return self._receiver.counts.lost + self._receiver.late

    def close(self) -> None:
        """End the thread and close the socket."""
        self._closed.set()
        self._thread.join()
        self._receiver.close()

    def _read(self) -> None:
        while not self._closed.is_set():
            if select.select([self._receiver], [], [], WAKE_SECONDS)[0]:
                with self._lock:
                    self._receiver.poll()


def open_received(settings: NetworkSettings, stack: ExitStack) -> MotionSource | None:
    """Return the source of received motion; None without `receive`.

    Raises:
        UsageError: no address, no key, or the port is taken.
        InputError: the key file cannot be used.
    """
    if settings.receive is None:
        return None
    address = parse_address(settings.receive, "receive", LOOPBACK)
    key = stream_key(settings.key, without=settings.keyless, address=address)
    source = ReceivedMotion(MotionReceiver(address, key, settings.max_delay), address)
    stack.callback(source.close)
    return source


def open_motion_sinks(settings: NetworkSettings, fps: float, stack: ExitStack) -> list[MotionSink]:
    """Return the sinks of motion that the settings ask for.

    Args:
        settings: `send` and `osc` are used.
        fps: nominal frames per second of the motion.
        stack: closes what is opened if the loop does not begin.

    Raises:
        UsageError: no address or no key.
        InputError: the key file cannot be used.
        OutputError: a host has no address.
    """
    sinks: list[MotionSink] = []
    if settings.send is not None:
        address = parse_address(settings.send, "send")
        key = stream_key(settings.key, without=settings.keyless, address=address)
        sinks.append(SentMotion(MotionSender(address, key, fps)))
        stack.callback(sinks[-1].close)
    if settings.osc is not None:
        sinks.append(AvatarMotion(VmcSender(parse_address(settings.osc, "osc"))))
        stack.callback(sinks[-1].close)
    return sinks


def motion_only(source: MotionSource, sinks: list[MotionSink], *, mirror: bool = False) -> MotionRun:
    """Return a run that passes motion on and renders nothing.

    Args:
        source: of motion.
        sinks: that get it.
        mirror: whether left and right are swapped.
    """
    performer, stop = Performer(neutral_measures()), threading.Event()
    performer.switches.mirror = mirror
    remote = Remote(performer, source.calibrate, lambda **_strengths: None, lambda _name: 1.0, stop.set)
    return MotionRun(LiveLoop(source, performer, None, (), sinks), remote, stop)
