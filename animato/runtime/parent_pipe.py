"""Read lines from the parent process, and end with it. Imports only the standard library.

A child listens before it imports anything large, so that it ends at once if its parent is killed while it starts. The
kernel's own signal (PR_SET_PDEATHSIG) is no alternative: it is sent when the thread that started the process ends, and
a caller may start a stream in one thread and read it in another.
"""

from __future__ import annotations

import os
import queue
import shutil
import signal
import threading


def lines_from_parent(scratch: str | None) -> queue.Queue[bytes]:
    """Return a queue filled with lines from the parent. When standard input closes, this process kills itself.

    Args:
        scratch: folder of temporary files to remove before, or None.
    """
    lines: queue.Queue[bytes] = queue.Queue()
    source = os.fdopen(os.dup(0), "rb", buffering=0)  # unbuffered: interpreter shutdown would wait for a buffer's lock

    def listen() -> None:
        while line := source.readline():
            lines.put(line)
        if scratch is not None:
            shutil.rmtree(scratch, ignore_errors=True)
        os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))

    threading.Thread(target=listen, name="parent", daemon=True).start()
    return lines
