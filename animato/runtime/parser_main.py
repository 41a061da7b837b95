"""Child side of `runtime.parser`: runs one task for each line of the parent."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import queue
from typing import Any

from animato.runtime.child_main import errors_sent, open_output
from animato.runtime.messages import send
from animato.runtime.seal import allow_processor_time


def main(lines: queue.Queue[bytes], _scratch: str | None, parts: tuple[str, ...]) -> None:
    """Run tasks until the parent ends this process.

    Args:
        lines: requests, in JSON; see `runtime.parser`.
        parts: of the seal that hold, which are reported first.
    """
    stream = open_output()
    send(stream, "ready", {"parts": parts})
    while True:
        request: dict[str, Any] = json.loads(lines.get())
        allow_processor_time(request["cpu_seconds"])
        with contextlib.suppress(OSError, KeyError):
            os.chdir(request["folder"])
        with errors_sent(stream, "read", request["name"]):
            task = getattr(importlib.import_module(request["module"]), request["function"])
            values, arrays = task(request["values"])
            send(stream, "result", values, arrays)
