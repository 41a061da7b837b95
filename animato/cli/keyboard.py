"""Single keys of the terminal, read without waiting."""

from __future__ import annotations

import contextlib
import select
import sys
from collections.abc import Iterator
from types import TracebackType
from typing import Any


class Keyboard:
    """Reads keys as they are pressed; a context manager that restores the terminal. Without one there are no keys."""

    def __enter__(self) -> Keyboard:
        self._saved: Any = None
        with contextlib.suppress(ImportError, OSError, ValueError, AttributeError):
            if sys.stdin.isatty():
                import termios
                import tty

                self._saved = termios.tcgetattr(sys.stdin)
                tty.setcbreak(sys.stdin)  # Ctrl-C remains a signal
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._saved is not None:
            import termios

            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, self._saved)

    def pressed(self) -> Iterator[str]:
        """Yield the keys that were pressed since the last call."""
        while self._saved is not None and select.select([sys.stdin], [], [], 0)[0]:
            key = sys.stdin.read(1)
            if not key:
                return
            yield key
