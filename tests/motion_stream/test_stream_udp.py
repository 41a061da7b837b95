"""From socket to socket over the loopback interface, with loss and jitter; a clock set by hand, and no waiting."""

from __future__ import annotations

import itertools
import select
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from stream_material import KEY, BadNetwork, Clock, error, seconds_of_talk

from animato.errors import InputError, OutputError, UsageError
from animato.network.addresses import Address, is_loopback, parse_address, receiving_socket
from animato.network.motion_stream import MotionReceiver, MotionSender
from animato.network.shared_key import new_stream_key, read_stream_key, stream_key

HOME = "127.0.0.1"
SECONDS, TICKS = 8.0, 4
"""Length of a call, and steps of the clock per frame."""


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


class Call:
    """A call over a bad line, played to its end.

    Attributes:
        errors: px at 256, between what is shown and what the sender did at that time, the delay taken off.
        steps: px at 256, between successive shown frames.
        blank: ticks after the first shown one at which nothing was shown.
    """

    def __init__(self, stack: ExitStack, loss: float, jitter: float) -> None:
        clock = Clock()
        frames, neutral = seconds_of_talk(SECONDS)
        self.receiver = stack.enter_context(MotionReceiver(Address(HOME, 0), KEY, now=clock, unix_time=clock.unix))
        line = BadNetwork(self.receiver.port, clock, loss, jitter)
        stack.callback(line.close)
        self.sender = stack.enter_context(MotionSender(Address(HOME, line.port), KEY, now=clock, unix_time=clock.unix))
        self.errors, self.steps, self.blank, last = [], [], 0, None
        for tick in range(round(SECONDS * 25) * TICKS):
            clock.time = tick / 25 / TICKS
            if tick % TICKS == 0:
                self.sender.send(frames[tick // TICKS], neutral)
            arriving = line.run(self.sender.sent)
            while arriving > 0:
                select.select([self.receiver], [], [], 10)
                arriving -= self.receiver.poll()
            shown = self.receiver.sample()
            if shown is None:
                self.blank += last is not None
                continue
            if last is not None:
                self.steps.append(error(last, shown.motion))
            last = shown.motion
            if clock.time > 3:
                meant = (clock.time - self.receiver.delay - self._fastest(line)) * 25
                nearest = frames[min(max(round(meant), 0), len(frames) - 1)]
                self.errors.append(error(nearest, shown.motion))
        self.own_steps = [error(*pair) for pair in itertools.pairwise(frames)]

    def _fastest(self, line: BadNetwork) -> float:
        return min(self.receiver._playout._transits)


def test_a_call_over_a_good_line_is_followed_closely_in_under_12_kilobits_per_second(stack: ExitStack) -> None:
    call = Call(stack, 0.0, 0.0)
    assert call.sender.sent_bytes * 8 / SECONDS < 12_000
    assert np.mean(call.errors) < 0.25 and call.receiver.counts.lost == 0 and call.blank == 0


def test_with_a_fifth_lost_and_200_ms_of_jitter_the_face_stays_whole(stack: ExitStack) -> None:
    call = Call(stack, 0.2, 0.2)
    lost = call.receiver.counts.lost / call.sender.sent
    assert 0.1 < lost < 0.3 and call.blank == 0
    assert np.mean(call.errors) < 0.25 and np.percentile(call.errors, 95) < 0.8
    assert max(call.steps) < max(call.own_steps) * 1.1  # nothing jumps
    assert call.receiver.delay < 0.3


def test_a_sender_to_nobody_goes_on(stack: ExitStack) -> None:
    with receiving_socket(Address(HOME, 0)) as unused:
        port = unused.getsockname()[1]
    frames, neutral = seconds_of_talk(0.4)
    sender = stack.enter_context(MotionSender(Address(HOME, port), KEY))
    for frame in frames:
        sender.send(frame, neutral)
    assert sender.sent >= len(frames)


def test_a_receiver_survives_what_is_no_motion(stack: ExitStack) -> None:
    receiver = stack.enter_context(MotionReceiver(Address(HOME, 0), KEY))
    line = BadNetwork(receiver.port, Clock())
    stack.callback(line.close)
    for datagram in (b"", b"x", b"\x20" * 50, bytes(5000)):
        line._socket.sendto(datagram, (HOME, receiver.port))
    select.select([receiver], [], [], 10)
    assert receiver.poll() == 4
    assert receiver.counts.malformed + receiver.counts.unannounced == 4 and receiver.sample() is None


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("example.org:7788", ("example.org", 7788)),
        ("[::1]:7788", ("::1", 7788)),
        ("7788", (HOME, 7788)),
        ("192.168.1.5:1", ("192.168.1.5", 1)),
    ],
)
def test_addresses_are_read(text: str, address: tuple[str, int]) -> None:
    assert parse_address(text, "receive", HOME) == address


@pytest.mark.parametrize("text", ["", ":", "host:", "host:0", "host:65536", "host:٣", ":7788", "host:-1", "host"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="HOST:PORT"):
        parse_address(text, "send")


def test_only_this_computer_counts_as_this_computer() -> None:
    assert all(is_loopback(Address(host, 1)) for host in ("127.0.0.1", "::1", "localhost", "127.9.9.9"))
    assert not any(is_loopback(Address(host, 1)) for host in ("0.0.0.0", "", "192.168.1.5", "example.org", "::"))


def test_a_taken_port_and_a_name_without_address_are_errors(stack: ExitStack) -> None:
    taken = stack.enter_context(receiving_socket(Address(HOME, 0)))
    with pytest.raises(UsageError, match="cannot receive"):
        receiving_socket(Address(HOME, taken.getsockname()[1]))
    with pytest.raises(OutputError, match="cannot send"):
        MotionSender(Address("a..b", 7788), KEY)


def test_a_key_file_is_made_once_and_read(tmp_path: Path) -> None:
    path = tmp_path / "call.key"
    new_stream_key(path)
    assert len(read_stream_key(path)) == 32 and path.stat().st_mode & 0o077 == 0
    with pytest.raises(OutputError, match="never replaced"):
        new_stream_key(path)
    with pytest.raises(OutputError, match="cannot be written"):
        new_stream_key(tmp_path / "missing" / "call.key")


@pytest.mark.parametrize(
    "content", [b"", b"secret", b"animato-stream-key-1 QUJD\n", b"animato-stream-key-1 !!\n", b"\xff"]
)
def test_other_files_are_no_keys(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "call.key"
    path.write_bytes(content)
    with pytest.raises(InputError, match="no key"):
        read_stream_key(path)


def test_going_without_a_key_is_a_choice(tmp_path: Path) -> None:
    path, address = tmp_path / "call.key", Address("192.168.1.5", 7788)
    new_stream_key(path)
    assert stream_key(path, without=False, address=address) == read_stream_key(path)
    assert stream_key(None, without=True, address=address) is None
    with pytest.raises(UsageError, match="anybody"):
        stream_key(None, without=False, address=address)
    with pytest.raises(UsageError, match="programs of this computer"):
        stream_key(None, without=False, address=Address(HOME, 7788))
    with pytest.raises(UsageError, match="exclude"):
        stream_key(path, without=True, address=address)
