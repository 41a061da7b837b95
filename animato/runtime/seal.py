"""Limits that a child process puts on itself before it parses files of strangers. Imports only the standard library.

Called while the child has one thread: threads that start later inherit everything. None of it can be taken back.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
from typing import NamedTuple

from animato.runtime.kernel_rules import forbid_system_calls, forbid_writing

try:
    import fcntl
    import resource
except ImportError:  # Windows
    AVAILABLE = False
else:
    AVAILABLE = True

ALL_PARTS = ("memory", "processor time", "file size", "open files", "network", "other programs", "writing")
"""What the full seal limits or forbids, as `animato doctor` names it."""

_F_SETSIG = 10
"""Linux, fcntl-linux.h; the module `fcntl` of Python has no name for it."""


class Limits(NamedTuple):
    """What a child may use at most.

    Attributes:
        memory_mb: private memory, megabytes. Estimated, not measured: the largest picture (64 megapixels, 16 bits,
            transparent) takes 1.5 GB, a video of 4096 x 4096 with 16 reference frames and the face networks 2 GB.
        cpu_seconds: processor time between two messages of the child. Estimated: the slowest admitted picture (64
            megapixels, 100 scans) takes 30 s on a slow core.
        file_mb: size of a file that it writes to its scratch folder, megabytes; network files take 8.
        open_files: descriptors; networks, libraries and decoders take about 40.
    """

    memory_mb: int = 4000
    cpu_seconds: int = 120
    file_mb: int = 64
    open_files: int = 256

    def to_text(self) -> str:
        """Return the limits as the text that `from_text` reads."""
        return json.dumps(self)

    @classmethod
    def from_text(cls, text: str) -> Limits:
        """Return the limits that `to_text` wrote."""
        return cls(*json.loads(text))


def seal(limits: Limits, scratch: str | None = None, lifeline: int = -1) -> tuple[str, ...]:
    """Apply everything that this system allows to this process.

    Args:
        limits: see `Limits`.
        scratch: the only folder it may write to, or None.
        lifeline: read end of a pipe on which the parent never writes, or -1: with it, the kernel kills this process
            when its parent ends, also while a decoder holds the interpreter's lock.

    Returns:
        the parts of `ALL_PARTS` that hold.
    """
    if not AVAILABLE:
        return ()
    parts = []
    million = 1_000_000
    with contextlib.suppress(OSError, ValueError):  # the system, or who started us, may allow less: then that holds
        _lower(resource.RLIMIT_CORE, 0)
    for name, kind, value in (
        ("memory", "RLIMIT_DATA", limits.memory_mb * million),
        # Libraries and files are mapped, too; the limit on addresses is for memory that is shared instead of private.
        ("", "RLIMIT_AS", (limits.memory_mb + 16_000) * million),
        ("file size", "RLIMIT_FSIZE", limits.file_mb * million),
        ("open files", "RLIMIT_NOFILE", limits.open_files),
    ):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            _lower(getattr(resource, kind), value)
            parts.append(name)
    if allow_processor_time(limits.cpu_seconds):
        parts.append("processor time")
    if lifeline >= 0:
        _end_with(lifeline)
    if forbid_system_calls():
        parts += ["network", "other programs"]
    if forbid_writing(scratch):
        parts.append("writing")
    return tuple(part for part in ALL_PARTS if part in parts)


def allow_processor_time(seconds: int) -> bool:
    """Allow this process some seconds of processor time from now on; the kernel ends it afterwards (SIGXCPU)."""
    if not AVAILABLE:
        return False
    usage = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    end = int(usage.ru_utime + usage.ru_stime) + 1 + seconds
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (end if hard == resource.RLIM_INFINITY else min(end, hard), hard))
    except (OSError, ValueError):
        return False
    return True


def _lower(kind: int, value: int) -> None:
    _, hard = resource.getrlimit(kind)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (value, value))


def _end_with(lifeline: int) -> None:
    """Let the kernel kill this process when the other end of a pipe closes (Linux)."""
    with contextlib.suppress(OSError, AttributeError, ValueError):
        fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(lifeline, _F_SETSIG, int(signal.SIGKILL))
        fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)
