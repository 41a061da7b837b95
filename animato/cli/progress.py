"""Progress with time left on a terminal, nothing in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress_bar(label: str, *, quiet: bool = False) -> Iterator[Callable[[int, int | None], None] | None]:
    """Yield a function to call with (done, expected or None); None where nobody would see a bar.

    Args:
        label: one word in front of the bar.
        quiet: show nothing even on a terminal.
    """
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[speed]}"))
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None, speed="")

        def update(done: int, expected: int | None) -> None:
            speed = bar.tasks[0].speed
            shown = f"{speed:.1f}/s" if speed else ""
            bar.update(task, completed=done, total=max(expected, done) if expected else None, speed=shown)

        yield update
