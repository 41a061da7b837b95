"""A temporary folder that is gone after any end, also if a signal arrives while it is made."""

from __future__ import annotations

import functools
import shutil
import tempfile
import weakref
from pathlib import Path
from types import TracebackType

from animato.runtime.partial_files import partial_path, sweep_partials


class ScratchFolder:
    """A new folder for temporary files; removed by `cleanup`, with this object, or at the end of the process.

    `tempfile.TemporaryDirectory` makes the folder first and then remembers to remove it: a signal between the two
    leaves it behind. A killed process cannot remove its own; the first folder of a later process removes it.

    Attributes:
        name: its path.

    Raises:
        OSError: it cannot be made.
    """

    def __init__(self) -> None:
        _sweep_once()
        self.name = str(partial_path(Path(tempfile.gettempdir()) / "animato", ""))
        self._finalizer = weakref.finalize(self, shutil.rmtree, self.name, ignore_errors=True)
        Path(self.name).mkdir(mode=0o700)

    def cleanup(self) -> None:
        """Remove the folder and what is in it."""
        self._finalizer()

    def __enter__(self) -> str:
        return self.name

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.cleanup()


@functools.cache
def _sweep_once() -> None:
    """Remove what killed processes left among the temporary files."""
    sweep_partials(Path(tempfile.gettempdir()))
