"""A queue of one in which the newest item wins."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

T = TypeVar("T")


class Newest(Generic[T]):
    """Hands items from one thread to another; an item that was not taken is replaced by a newer one.

    Attributes:
        dropped: number of items that were replaced before they were taken.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._item: T | None = None
        self._error: BaseException | None = None
        self._closed = False
        self.dropped = 0

    def put(self, item: T) -> None:
        """Replace the waiting item."""
        with self._changed:
            self.dropped += self._item is not None
            self._item = item
            self._changed.notify()

    def fail(self, error: BaseException) -> None:
        """Let the next `take` raise an exception."""
        with self._changed:
            self._error = error
            self._changed.notify_all()

    def take(self, timeout: float | None = None) -> T | None:
        """Return the waiting item, or the next one.

        Args:
            timeout: longest wait in seconds; None to wait until there is an item or `close` is called.

        Returns:
            None after the timeout, or when it is closed.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._item is not None or self._error or self._closed, timeout)
            if self._error is not None:
                raise self._error
            item, self._item = self._item, None
            return item

    def close(self) -> None:
        """Wake whoever waits; from now on `take` returns None at once if nothing waits."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._closed
