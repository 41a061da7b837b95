"""Tasks for `runtime.parser` that do what a decoder does when a hostile file has taken it over."""

from __future__ import annotations

import errno
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from animato.errors import PictureError
from animato.runtime.parser import Result


def echo(values: dict[str, Any]) -> Result:
    return {"pid": os.getpid(), **values}, {"numbers": np.arange(6, dtype=np.float32).reshape(2, 3)}


def refuse(values: dict[str, Any]) -> Result:
    raise PictureError("no picture", where="here", hint="another one")


def fail(values: dict[str, Any]) -> Result:
    raise ZeroDivisionError("rate of 1/0")


def allocate(values: dict[str, Any]) -> Result:
    return {"size": len(bytearray(2_000_000_000))}, {}


def spin(values: dict[str, Any]) -> Result:
    resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time()) + 1, -1))
    while True:
        pass


def crash(values: dict[str, Any]) -> Result:
    os.kill(os.getpid(), signal.SIGSEGV)
    return {}, {}


def be_killed(values: dict[str, Any]) -> Result:
    os.kill(os.getpid(), signal.SIGKILL)
    return {}, {}


def hang_holding_the_lock(values: dict[str, Any]) -> Result:
    """Hold the interpreter's lock, as a decoder of Pillow may, so that no other thread of Python runs."""
    sys.setswitchinterval(1e6)
    Path(values["pid_file"]).exists()
    while True:
        pass


def announce_too_much(values: dict[str, Any]) -> Result:
    return {}, {"numbers": np.zeros(values["count"], np.uint8)}


def attempts(values: dict[str, Any]) -> Result:
    """Return, for each attempt, the name of the error that stopped it, or "done"."""
    outside = Path(values["folder"])

    def write() -> None:
        (outside / "new.txt").write_text("x")

    def remove() -> None:
        (outside / "kept.txt").unlink()

    def overwrite() -> None:
        with (outside / "kept.txt").open("r+") as file:
            file.write("y")

    def open_many() -> None:
        held = [os.open(os.devnull, os.O_RDONLY) for _ in range(500)]
        assert held

    def signal_parent() -> None:
        os.kill(os.getppid(), 0)

    tried: dict[str, Callable[[], object]] = {
        "socket": lambda: socket.socket(),
        "local socket": lambda: socket.socket(socket.AF_UNIX),
        "program": lambda: subprocess.run(["true"], check=False),
        "fork": os.fork,
        "write": write,
        "overwrite": overwrite,
        "remove": remove,
        "folder": lambda: (outside / "made").mkdir(),
        "descriptors": open_many,
        "signal": signal_parent,
        "unlimited": lambda: resource.setrlimit(resource.RLIMIT_DATA, (-1, -1)),
    }
    return {name: _outcome(attempt) for name, attempt in tried.items()}, {}


def _outcome(attempt: Callable[[], object]) -> str:
    try:
        attempt()
    except OSError as problem:
        return errno.errorcode.get(problem.errno or 0, "?")
    except ValueError as problem:
        return type(problem).__name__
    return "done"
