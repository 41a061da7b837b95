"""Helpers of the motion stream's tests: recorded motion, a clock set by hand, and a lossy way between sockets."""

from __future__ import annotations

import heapq
import random
import select
import socket
from dataclasses import replace

import numpy as np

from animato.appearance.channels import CHANNELS
from animato.geometry.landmarks import canonical_face
from animato.motion.bundled import bundled
from animato.motion.motion_file import load_motion
from animato.motion.motion_frame import MotionFrame, Neutral

KEY = bytes(range(32))
UNIX = 1_800_000_000.0


def talk() -> tuple[list[MotionFrame], Neutral]:
    """Motion of a talking person, and the neutral measures it is relative to."""
    clip = load_motion(bundled()["talk"], CHANNELS)
    return list(clip.frames), clip.neutral


def seconds_of_talk(seconds: float, fps: float = 25.0) -> tuple[list[MotionFrame], Neutral]:
    """The same, forwards and backwards, at a rate."""
    frames, neutral = talk()
    loop = frames + frames[-2:0:-1]
    count = round(seconds * fps)
    return [replace(loop[number % len(loop)], time=number / fps) for number in range(count)], neutral


def points(frame: MotionFrame) -> np.ndarray:
    """Landmarks of the canonical face with a frame's motion, 478 x 2, pixels of a head crop of 256."""
    face = np.zeros((478, 3))
    face[:468] = canonical_face().vertices[:468]
    turned = (face + frame.expression) @ frame.rotation.T
    return np.asarray((frame.scale * turned[:, :2] + frame.translation) * (256 / 38))


def error(first: MotionFrame, second: MotionFrame) -> float:
    """Mean distance of the landmarks of two frames, pixels at 256."""
    return float(np.linalg.norm(points(first) - points(second), axis=1).mean())


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        return self.time

    def unix(self) -> float:
        """The system's time."""
        return UNIX + self.time


class BadNetwork:
    """A socket on the way to a receiver that loses datagrams and delays the others.

    Args:
        port: of the receiver, on the loopback interface.
        clock: tells when delayed datagrams are due.
        loss: share that is lost.
        jitter: delays are equally likely from 0 to this, seconds.
        seed: of the random numbers.
    """

    def __init__(self, port: int, clock: Clock, loss: float = 0.0, jitter: float = 0.0, seed: int = 7) -> None:
        self._clock, self._loss, self._jitter, self._random = clock, loss, jitter, random.Random(seed)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._target = ("127.0.0.1", port)
        self._queue: list[tuple[float, int, bytes]] = []
        self.port, self.seen = int(self._socket.getsockname()[1]), 0
        self.carried: list[bytes] = []

    def run(self, expected: int) -> int:
        """Take in what was sent, `expected` datagrams in all so far, and hand on what is due; return how many."""
        while self.seen < expected and select.select([self._socket], [], [], 10)[0]:
            datagram = self._socket.recv(2000)
            self.seen += 1
            self.carried.append(datagram)
            if self._random.random() >= self._loss:
                due = self._clock() + self._random.random() * self._jitter
                heapq.heappush(self._queue, (due, self.seen, datagram))
        count = 0
        while self._queue and self._queue[0][0] <= self._clock():
            self._socket.sendto(heapq.heappop(self._queue)[2], self._target)
            count += 1
        return count

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()
