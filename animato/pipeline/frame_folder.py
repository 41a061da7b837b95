"""PNG frames as an output: a folder that is replaced atomically."""

from __future__ import annotations

import re
from pathlib import Path

from animato.errors import UsageError
from animato.media.png_writer import PATTERN


class FrameFolder:
    """Where frames go: a folder of their own, or numbered names in a folder with other files.

    A folder of its own is replaced whole, by renaming; so it may hold frames of an earlier run, which are removed, and
    nothing else, ever. Numbered names are moved in one by one when all are signed, earlier ones out; an error in
    between puts everything back.

    Args:
        path: what was asked for: a folder, or a name such as `shots/shot_%05d.png`.

    Attributes:
        folder: in which the frames will be, without links.
        numbered: whether names were asked for.
        scratch: folder for what is not finished, on the same disk.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        # A number place counts in the name of a picture only: "50% done" is a folder.
        self.numbered = path.suffix.lower() == ".png" and not path.is_dir()
        self.folder = (path.parent if self.numbered else path).resolve()
        self.scratch = self.folder if self.numbered else self.folder.parent
        before, after = re.split(r"%0?\d*d", path.name if self.numbered else PATTERN)
        self._frame = re.compile(re.escape(before) + r"\d+" + re.escape(after))

    def check(self, overwrite: bool) -> None:
        """Refuse what could not be replaced.

        Args:
            overwrite: whether frames of an earlier run may be.

        Raises:
            UsageError: frames are there already, or other files in a folder that would be replaced whole.
        """
        if not self.folder.is_dir():
            return
        if not self.numbered:
            self._check_replaceable()
        earlier = self._earlier()
        if earlier and not overwrite:
            hint = "`overwrite=True`, or another name"
            if self.numbered:
                raise UsageError(f"{self.path.parent / earlier[0]} exists already", hint=hint)
            raise UsageError(f"{self.path} exists already", where=f"{len(earlier)} frames", hint=hint)

    def replaces(self, path: Path) -> bool:
        """Return whether a file would be replaced or removed, were it there: one of the folder's frames."""
        whole = path.resolve()
        return whole.parent == self.folder and bool(self._frame.fullmatch(whole.name))

    def _check_replaceable(self) -> None:
        others = sorted(path.name for path in self.folder.iterdir() if not self._frame.fullmatch(path.name))
        if others:
            raise UsageError(
                f"the folder {self.path} holds more than frames, and is replaced whole",
                where=f"{others[0]}, for example",
                hint=f"a new folder, or numbered names in this one: {self.path / PATTERN}",
            )
        if self.folder == Path.cwd():
            raise UsageError(
                "the folder one is in cannot be replaced",
                hint=f"a new folder, or numbered names in this one: {PATTERN}",
            )

    def _earlier(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir() if self._frame.fullmatch(path.name))

    def publish(self, made: Path, aside: Path) -> None:
        """Move finished frames to their target.

        Args:
            made: the folder that holds them, in `scratch`.
            aside: name of no file, in `scratch`; afterwards a folder with what was there before, if anything was.

        Raises:
            OSError: they cannot be put there; everything is as it was.
            UsageError: see `check`; something was added meanwhile.
        """
        if self.numbered:
            self._move_in(made, aside)
            return
        if not self.folder.exists():
            made.rename(self.folder)
            return
        self._check_replaceable()
        self.folder.rename(aside)
        try:
            made.rename(self.folder)
        except BaseException:
            aside.rename(self.folder)
            raise

    def _move_in(self, made: Path, aside: Path) -> None:
        aside.mkdir()
        moved: list[tuple[Path, Path]] = []
        names = [(self.folder / name, aside / name) for name in self._earlier()]
        names += [(path, self.folder / path.name) for path in sorted(made.iterdir())]
        try:
            for source, target in names:
                moved.append((source, target))  # first, so that Ctrl-C between the two loses nothing
                source.rename(target)
        except BaseException:
            for source, target in reversed(moved):
                if target.exists() and not source.exists():
                    target.rename(source)
            aside.rmdir()
            raise
