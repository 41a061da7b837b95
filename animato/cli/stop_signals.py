"""Convert termination signals to exceptions in the main thread, so that cleanup runs."""

from __future__ import annotations

import os
import signal
import time
from types import FrameType

from animato.errors import InterruptedRunError

SIGNALS = tuple(signal.Signals[name] for name in ("SIGINT", "SIGTERM", "SIGHUP") if name in signal.Signals.__members__)
"""Ctrl-C, `kill` and service managers, a terminal that is closed."""

REPEAT = 2.0
"""Seconds in which further signals are ignored: the clean-up that the first one began must not be cut short."""

_received: list[tuple[int, float]] = []


class StopRequest(KeyboardInterrupt):
    """Raised where a signal arrives. A class of its own, because Python ends a process whose interpreter has met a
    plain `KeyboardInterrupt` in generated code by the signal, whatever exit code it asked for."""


def install() -> None:
    """Handle the signals from now on; those that whoever started the program wants ignored (`nohup`) stay ignored."""
    owner = os.getpid()

    def stop(number: int, _frame: FrameType | None) -> None:
        if os.getpid() != owner:  # a forked worker: whoever ends it expects it to end at once
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
            return
        now = time.monotonic()
        if _received and now - _received[-1][1] < REPEAT:
            return
        _received.append((number, now))
        raise StopRequest

    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, stop)


def release() -> None:
    """Ignore the signals from now on: the work is over, and what is left takes milliseconds."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def stopped() -> bool:
    """Return whether a signal has arrived."""
    return bool(_received)


def stop_code() -> int:
    """Return the exit code of an interrupted run: 128 + the number of the signal, as shells count; 130 without one."""
    return 128 + _received[0][0] if _received else InterruptedRunError.exit_code
