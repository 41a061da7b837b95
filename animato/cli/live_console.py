"""What `animato live` shows and reads in the terminal while it runs."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING

import typer

from animato.cli.keyboard import Keyboard
from animato.cli.printing import print_line

if TYPE_CHECKING:
    from animato.live.network_motion import MotionRun
    from animato.live.run import LiveRun

REPORT_SECONDS = 1.0
"""Seconds between two lines of figures."""


class LiveConsole:
    """Applies keys and shows figures; a context manager that restores the terminal.

    Args:
        run: the live run.
        seconds: after which it ends, or None.
        quiet: print nothing.
    """

    def __init__(self, run: LiveRun | MotionRun, seconds: float | None, *, quiet: bool) -> None:
        self._run, self._seconds, self._quiet = run, seconds, quiet
        from animato.live.run import LiveRun

        self._face = run.face if isinstance(run, LiveRun) else None
        self._page = run.page if isinstance(run, LiveRun) else None
        self._keyboard = Keyboard()
        self._status: str | None = None

    def __enter__(self) -> LiveConsole:
        from animato.live.remote import KEYS

        self._keyboard.__enter__()
        self._begun = self._shown = time.monotonic()
        if not self._quiet:
            for warning in () if self._face is None else self._face.warnings:
                print_line(f"note: {warning}")
            if self._page is not None:
                typer.echo(f"page    {self._page.address}")
                typer.echo(f"OBS     {self._page.address}&bare=1")
            typer.echo("keys    " + ", ".join(f"{key} {name}" for key, name in KEYS.items()))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._keyboard.__exit__(kind, problem, trace)
        self._line("")

    def update(self) -> None:
        """Apply the keys that were pressed, and show the figures once a second; called after every frame."""
        now = time.monotonic()
        if self._seconds is not None and now - self._begun >= self._seconds:
            self._run.stop.set()
        for key in self._keyboard.pressed():
            done = self._run.remote.key(key)
            if done and not self._quiet:
                self._line("")
                print_line(done)
        if now - self._shown >= REPORT_SECONDS:
            self._shown = now
            statistics = self._run.loop.statistics()
            text = statistics.sentence()
            if statistics.status != self._status and not self._quiet:
                self._line("")
                print_line(f"note: {statistics.status or 'motion arrives again'}")
            self._status = statistics.status
            if self._page is not None:
                self._page.show_text(text)
            self._line(text)

    def _line(self, text: str) -> None:
        """Replace the last line of the terminal, if it is one."""
        if not self._quiet and sys.stderr.isatty():
            print(f"\r\x1b[2K{text}", end="", file=sys.stderr, flush=True)
