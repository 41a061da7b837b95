"""Start a sealed child process, exchange messages with it, and say in our own words how it ended."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import weakref
from pathlib import Path
from typing import Any

import animato
from animato import errors
from animato.errors import AnimatoError, InputError
from animato.runtime.messages import Message, MessageError, receive
from animato.runtime.scratch import ScratchFolder
from animato.runtime.seal import AVAILABLE, Limits

_BOOTSTRAP = (
    "import sys; job = sys.argv.pop(); sys.path[:] = [entry for entry in sys.path if entry] + [sys.argv.pop()]; "
    "import json, signal; "
    "[signal.signal(getattr(signal, name), signal.SIG_IGN) for name in ('SIGINT', 'SIGTERM', 'SIGHUP') "
    "if hasattr(signal, name)]; job = json.loads(job); "
    "from animato.runtime.arenas import bound_arenas; bound_arenas(); from animato.runtime.seal import Limits, seal; "
    "parts = seal(Limits(*job['limits']), job['scratch'], job['lifeline']) if job['limits'] else (); "
    "from animato.runtime.parent_pipe import lines_from_parent; lines = lines_from_parent(job['scratch']); "
    "import importlib; importlib.import_module(job['module']).main(lines, job['scratch'], parts)"
)
"""Code that the child runs. It imports nothing from the working directory, leaves signals to the parent, and is sealed
and listening before it imports anything large."""

_CRASHES = ("SIGSEGV", "SIGABRT", "SIGBUS", "SIGFPE", "SIGILL", "SIGSYS")
_FIELDS = ("what", "where", "hint", "more")


def can_start() -> bool:
    """Return whether this Python can start itself again: not where it is frozen or embedded."""
    return bool(sys.executable) and not getattr(sys, "frozen", False)


class ChildProcess:
    """A child process that runs `main` of a module; it ends with this object and with this process.

    Args:
        module: of this package; its `main(lines, scratch, parts)` is called with the lines of the parent
            (`runtime.parent_pipe`), the scratch folder or None, and the parts of the seal that hold.
        limits: see `Limits`; it is sealed. None for no seal: a camera is a device or a stream of the network.
        with_scratch: whether it may write, to a temporary folder that is removed with it.

    Raises:
        OSError: it cannot be started.
    """

    def __init__(self, module: str, limits: Limits | None, *, with_scratch: bool = False) -> None:
        self.limits = limits
        self._timed_out = False
        # A killed child cannot clean up, so its temporary files go into a folder that this process removes.
        scratch = ScratchFolder() if with_scratch else None
        # With a scratch folder, the child removes it when its parent is killed, and so must outlive it by a moment.
        reading, writing = os.pipe() if AVAILABLE and scratch is None else (-1, -1)
        job = {
            "module": module,
            "limits": limits,
            "scratch": scratch.name if scratch is not None else None,
            "lifeline": reading,
        }
        command = [sys.executable, "-c", _BOOTSTRAP, str(Path(animato.__file__).resolve().parent.parent)]
        passed = (reading,) if reading >= 0 else ()
        pipe = subprocess.PIPE
        try:
            # Ctrl-C must reach only the parent: a new session on POSIX; elsewhere the bootstrap ignores the signal.
            self.popen = subprocess.Popen(
                [*command, json.dumps(job)], stdin=pipe, stdout=pipe, start_new_session=True, pass_fds=passed
            )
        except BaseException:
            _close(writing)
            if scratch is not None:
                scratch.cleanup()
            raise
        finally:
            _close(reading)
        # Also runs when this object is garbage-collected and at interpreter exit.
        self._finalizer = weakref.finalize(self, _kill, self.popen, scratch, writing)

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return not self._finalizer.alive

    def close(self) -> None:
        """Kill the child."""
        self._finalizer()

    def write_line(self, line: bytes) -> None:
        """Write a line to the child; if it has exited, reading its next message raises the error."""
        assert self.popen.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self.popen.stdin.write(line)
            self.popen.stdin.flush()

    def next(self, *kinds: str, purpose: str, max_bytes: int, seconds: float | None = None) -> Message:
        """Return the child's next message.

        Args:
            kinds: of the messages that may come.
            purpose: what the child does with which file, for the error: "tracks clip.mp4".
            max_bytes: of the arrays of the message, at most.
            seconds: to wait; None for any time.

        Raises:
            AnimatoError: the error that the child sent.
            InputError: the child was ended by a limit, crashed, or sent what is no message; it is closed.
        """
        assert self.popen.stdout is not None
        timer = None
        if seconds is not None:
            timer = threading.Timer(seconds, self._end_late)
            timer.daemon = True
            timer.start()
        try:
            message = receive(self.popen.stdout, max_bytes)
            error = _sent_error(message.values) if message.kind == "error" else None
            if error is None and message.kind not in kinds:
                raise MessageError(f"a message of an unknown kind, {message.kind[:40]!r}")
        except MessageError as problem:
            # Its output has ended: it is about to exit. Whatever else it sent ends here.
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.popen.wait(timeout=2.0)
            exited = self.popen.poll()
            self.close()
            raise self._ending(exited, purpose, problem, seconds) from None
        except BaseException:  # Ctrl-C: the rest of the message may still come
            self.close()
            raise
        finally:
            if timer is not None:
                timer.cancel()
        if error is not None:
            raise error
        return message

    def _end_late(self) -> None:
        self._timed_out = True
        self.popen.kill()

    def _ending(self, exited: int | None, purpose: str, problem: MessageError, seconds: float | None) -> AnimatoError:
        """Return the error for the end of a child.

        Args:
            exited: its exit code; minus the number of the signal that ended it; None if it was still running.
        """
        what, anew = f"the process that {purpose} ", "copy, convert or save the file anew"
        if self._timed_out:
            return InputError(f"{what}took too long and was ended", where=f"limit: {seconds:g} s", hint=anew)
        if exited is None:
            return InputError(f"{what}sent something else than a result", where=str(problem), hint=anew)
        if self.limits is not None and exited == -getattr(signal, "SIGXCPU", 0):
            limit = f"limit: {self.limits.cpu_seconds} s of processor time without a result"
            return InputError(f"{what}took too long and was ended", where=limit, hint=anew)
        crashes = [
            getattr(signal, name, None) for name in ("SIGSEGV", "SIGABRT", "SIGBUS", "SIGFPE", "SIGILL", "SIGSYS")
        ]
        if exited < 0 and -exited in crashes:
            where = f"signal {signal.Signals(-exited).name}"
            if self.limits is not None:
                where += f"; limit of memory: {self.limits.memory_mb} MB"
            return InputError(f"{what}crashed", where=where, hint=anew)
        return AnimatoError(
            f"{what}exited unexpectedly",
            hint="free some memory, or use `threads=1`, which works without a separate process",
        )


def _sent_error(values: dict[str, Any]) -> AnimatoError:
    """Return the error that a child sent, if it is one of ours with texts as fields."""
    kind: Any = getattr(errors, str(values.get("name")), None)
    what, *rest = (values.get(name) for name in _FIELDS)
    known = isinstance(kind, type) and issubclass(kind, AnimatoError)
    if not known or not isinstance(what, str) or not all(text is None or isinstance(text, str) for text in rest):
        raise MessageError("an error that is not one")
    problem: AnimatoError = kind(what, *rest)
    return problem


def error_values(problem: AnimatoError) -> dict[str, Any]:
    """Return the values of the message "error" for an error."""
    return {"name": type(problem).__name__, **{name: getattr(problem, name) for name in _FIELDS}}


def _close(descriptor: int) -> None:
    if descriptor >= 0:
        os.close(descriptor)


def _kill(child: subprocess.Popen[bytes], scratch: ScratchFolder | None, lifeline: int) -> None:
    child.kill()
    _close(lifeline)
    child.communicate()
    if scratch is not None:
        scratch.cleanup()
