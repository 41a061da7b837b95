"""Motion of the live loop that goes to a network, and motion that comes from one."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from stream_material import error, seconds_of_talk

from animato.cli.main import run
from animato.errors import UsageError
from animato.live.network_motion import ReceivedMotion, motion_only, open_motion_sinks, open_received
from animato.live.protocols import LiveMotion
from animato.network.addresses import Address
from animato.network.motion_stream import MotionReceiver, MotionSender
from animato.network.shared_key import new_stream_key
from animato.settings.network import NetworkSettings

HOME = "127.0.0.1"


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((HOME, 0))
        return int(probe.getsockname()[1])


def test_what_is_sent_is_shown_to_the_loop_of_the_other_side(stack: ExitStack, tmp_path: Path) -> None:
    key = tmp_path / "call.key"
    new_stream_key(key)
    port = free_port()
    source = open_received(NetworkSettings(receive=str(port), key=key), stack)
    assert source is not None and source.status == f"waiting for motion at {HOME}:{port}"
    assert source.take(0.0) is None and not source.finished
    (sink,) = open_motion_sinks(NetworkSettings(send=f"{HOME}:{port}", key=key), 25.0, stack)
    frames, neutral = seconds_of_talk(0.2)
    shown = None
    for number in range(200):
        sink.put(LiveMotion(frames[number % len(frames)], neutral, 0.0))
        shown = source.take(0.05)
        if shown is not None:
            break
    assert shown is not None and shown.neutral.mouth_width == pytest.approx(neutral.mouth_width)
    assert min(error(shown.motion, frame) for frame in frames) < 0.5
    assert source.status is None


def test_a_wrong_key_is_told(stack: ExitStack) -> None:
    address = Address(HOME, free_port())
    source = ReceivedMotion(MotionReceiver(address, bytes(32)), address)
    stack.callback(source.close)
    sender = stack.enter_context(MotionSender(address, bytes(range(32))))
    frames, neutral = seconds_of_talk(0.2)
    for number in range(200):
        sender.send(frames[number % len(frames)], neutral)
        source.take(0.01)
        if "another key" in str(source.status):
            break
    assert "another key" in str(source.status)


def test_without_settings_there_is_neither_source_nor_sink(stack: ExitStack) -> None:
    assert open_received(NetworkSettings(), stack) is None
    assert open_motion_sinks(NetworkSettings(), 25.0, stack) == []


@pytest.mark.parametrize("settings", [{"send": "127.0.0.1:7788"}, {"receive": "7788"}])
def test_a_key_or_the_choice_to_go_without_is_asked_for(stack: ExitStack, settings: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="without a key"):
        open_received(NetworkSettings(**settings), stack)
        open_motion_sinks(NetworkSettings(**settings), 25.0, stack)


def test_a_loop_without_a_head_passes_motion_on() -> None:
    frames, neutral = seconds_of_talk(0.4)

    class Source:
        status, dropped = None, 0

        def __init__(self) -> None:
            self.left, self.finished, self.closed = list(frames), False, False

        def take(self, timeout: float) -> LiveMotion | None:
            self.finished = len(self.left) == 1
            return LiveMotion(self.left.pop(0), neutral, 0.0)

        def calibrate(self) -> None:
            return None

        def close(self) -> None:
            self.closed = True

    class Sink:
        def __init__(self) -> None:
            self.got: list[LiveMotion] = []

        def put(self, motion: LiveMotion) -> None:
            self.got.append(motion)

        def close(self) -> None:
            return None

    source, sink = Source(), Sink()
    passing = motion_only(source, [sink])
    passing.loop.run(threading.Event())
    assert len(sink.got) == len(frames) and source.closed and sink.got[-1].neutral is neutral
    assert passing.remote.key("m") == "mirror on"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["live"], "nothing to do with the motion"),
        (["live", "--send", "127.0.0.1:7788"], "without a key"),
        (["live", "--osc", "39539"], "--osc must be HOST:PORT"),
        (["live", "--send", "127.0.0.1:7788", "--keyless", "-o", "x.mp4"], "nothing to record"),
        (["bench", "stream"], "clip of a talking person"),
    ],
)
def test_commands_that_cannot_work_are_refused_before_anything_starts(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    assert said in capsys.readouterr().err


def test_a_key_is_made_by_a_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["keys", "new-stream-key", str(tmp_path / "call.key")]) == 0
    assert "new key" in capsys.readouterr().out
    assert run(["keys", "new-stream-key", str(tmp_path / "call.key")]) == 3
