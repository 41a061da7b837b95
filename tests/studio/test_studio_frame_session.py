"""An editor whose frames are slow renders them smaller while requests come, and the last one in full."""

from __future__ import annotations

import json
import queue
import struct
from collections.abc import Callable
from typing import Any

import numpy as np

from animato.live.policy import FRAME_BUDGET
from animato.motion.motion_frame import MotionFrame
from animato.studio.frame_session import FrameLoad, FrameSession
from animato.studio.request_schemas import FrameRequest
from animato.types import Frame


class FakeFace:
    """Renders frames whose size shows the level."""

    width = height = 16
    mark_id, warnings, settings, target = "0", (), None, None
    levels, level = 1, 0

    def __enter__(self) -> FakeFace:
        return self

    def __exit__(self, *_problem: object) -> None:
        pass

    def begin(self, _motion: MotionFrame) -> Callable[[], Frame]:
        side = (16, 8)[self.level]
        return lambda: np.zeros((side, side, 3), np.uint8)


def test_slow_frames_are_reduced_while_requests_come_and_the_last_is_shown_in_full() -> None:
    sent: queue.Queue[bytes | str] = queue.Queue()
    face = FakeFace()

    def add_level(interactive: Any) -> None:
        interactive.levels = 2

    session = FrameSession(lambda: face, sent.put, lambda: None, add_level)  # type: ignore[arg-type, return-value]

    def next_header() -> dict[str, Any]:
        message = sent.get(timeout=60)
        assert isinstance(message, bytes)
        (length,) = struct.unpack_from("<I", message)
        return dict(json.loads(message[4 : 4 + length]))

    def asked(seq: int) -> dict[str, Any]:
        session.put(FrameRequest(seq=seq, controls={}))
        return next_header()

    session.start()
    assert "opened" in str(sent.get(timeout=60))
    assert asked(1)["level"] == 0
    for _ in range(5):
        session._load.add(2 * FRAME_BUDGET)
    asked(2)  # the level is added now
    while face.levels == 1:
        next_header() if not sent.empty() else None
    header = asked(3)
    while header["seq"] < 3:
        header = next_header()
    assert (header["level"], header["width"]) == (1, 8)
    header = next_header()
    assert (header["seq"], header["level"], header["width"]) == (3, 0, 16)
    session.close()
    assert sent.empty(), "it is rendered in full once"


def test_load_is_high_if_most_of_the_last_frames_were_slow() -> None:
    load = FrameLoad()
    for seconds in (1.0, 1.0, 1.0, 1.0):
        load.add(seconds)
    assert not load.is_high, "too few are known"
    load.add(0.0)
    assert load.is_high
    for _ in range(3):
        load.add(0.0)
    assert not load.is_high
