"""Convert termination signals to exceptions in the main thread, so that cleanup runs."""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import sys
import time
from types import FrameType
from typing import NoReturn

from animato.errors import InterruptedRunError

SIGNALS = tuple(signal.Signals[name] for name in ("SIGINT", "SIGTERM", "SIGHUP") if name in signal.Signals.__members__)
"""Ctrl-C; `kill` and service managers; a closed terminal."""

IGNORE_SECONDS = 2.0
"""Seconds after a signal in which further signals are ignored, so that they do not interrupt the clean-up."""

_received: list[tuple[int, float]] = []


class StopRequest(KeyboardInterrupt):
    """Raised in the main thread when a signal arrives.

    A subclass, because after a plain `KeyboardInterrupt` in generated code Python kills the process by the signal,
    whatever its exit code.
    """


def install() -> None:
    """Install the signal handlers; signals that were ignored at start (`nohup`) stay ignored."""
    owner = os.getpid()

    def stop(number: int, _frame: FrameType | None) -> None:
        if os.getpid() != owner:  # a forked worker must end at once
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
            return
        now = time.monotonic()
        if _received and now - _received[-1][1] < IGNORE_SECONDS:
            return
        _received.append((number, now))
        raise StopRequest

    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, stop)


def release() -> None:
    """Ignore the signals from now on; only milliseconds of clean-up remain."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def stopped() -> bool:
    """Return whether a signal has arrived."""
    return bool(_received)


def end_process(code: int) -> NoReturn:
    """End the process of an interrupted run after its exit functions.

    A thread may still be in native code (a network that is being compiled or loaded): Python and C++ would shut down
    around it, and the process would end with SIGABRT in place of its code.

    Args:
        code: of the exit.
    """
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(code)


def exit_code() -> int:
    """Return the exit code of an interrupted run: 128 + signal number, as in shells; 130 if no signal was received."""
    return 128 + _received[0][0] if _received else InterruptedRunError.exit_code
