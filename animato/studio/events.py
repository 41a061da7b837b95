"""Server-sent events: changes of jobs, to every page that listens."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import AsyncIterator
from typing import Any

QUEUE_LENGTH = 1000
"""Events that wait for a page that reads slowly; beyond, the oldest are dropped."""

KEEP_ALIVE_SECONDS = 15.0


class Events:
    """Sends events from any thread to all listeners."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: dict[asyncio.Queue[bytes | None], asyncio.AbstractEventLoop] = {}
        self._closed = False

    def send(self, kind: str, value: Any) -> None:
        """Send an event.

        Args:
            kind: name of the event.
            value: plain JSON types.
        """
        self._put(f"event: {kind}\ndata: {json.dumps(value)}\n\n".encode())

    def close(self) -> None:
        """End the streams of all listeners."""
        self._closed = True
        self._put(None)

    def _put(self, item: bytes | None) -> None:
        with self._lock:
            listeners = list(self._listeners.items())
        for queue, loop in listeners:
            with contextlib.suppress(RuntimeError):  # its loop was closed
                loop.call_soon_threadsafe(_put_newest, queue, item)

    async def listen(self) -> AsyncIterator[bytes]:
        """Yield the events as text of a `text/event-stream`, from now on."""
        queue: asyncio.Queue[bytes | None] = asyncio.Queue(QUEUE_LENGTH)
        with self._lock:
            self._listeners[queue] = asyncio.get_running_loop()
        try:
            yield b": connected\n\n"
            while not self._closed:
                try:
                    item = await asyncio.wait_for(queue.get(), KEEP_ALIVE_SECONDS)
                except TimeoutError:
                    yield b": still here\n\n"
                    continue
                if item is None:
                    return
                yield item
        finally:
            with self._lock:
                del self._listeners[queue]


def _put_newest(queue: asyncio.Queue[bytes | None], item: bytes | None) -> None:
    if queue.full():
        queue.get_nowait()
    queue.put_nowait(item)
