"""PNG frames as an output: a folder that is replaced atomically."""

from __future__ import annotations

import re
from pathlib import Path

from animato.errors import UsageError
from animato.media.png_writer import PATTERN


class FrameFolder:
    """Destination of PNG frames: a folder of their own, or numbered files in a folder that may contain others.

    A folder of their own is replaced as a whole, by renaming, so it must contain nothing but frames of a previous run.
    Numbered files are moved in one by one once all are signed, after the existing ones are moved out; on an error
    everything is restored.

    Args:
        path: a folder, or a numbered name such as `shots/shot_%05d.png`.

    Attributes:
        folder: resolved path of the folder for the frames.
        numbered: whether the path is a numbered name.
        scratch: folder for temporary files, on the same disk.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        # "%" is a number placeholder only in the name of a picture: "50% done" is a folder.
        self.numbered = path.suffix.lower() == ".png" and not path.is_dir()
        self.folder = (path.parent if self.numbered else path).resolve()
        self.scratch = self.folder if self.numbered else self.folder.parent
        before, after = re.split(r"%0?\d*d", path.name if self.numbered else PATTERN)
        self._frame = re.compile(re.escape(before) + r"\d+" + re.escape(after))

    def check(self, overwrite: bool) -> None:
        """Check that the destination may be replaced.

        Args:
            overwrite: whether frames of a previous run may be replaced.

        Raises:
            UsageError: frames exist already, or a folder that would be replaced contains other files.
        """
        if not self.folder.is_dir():
            return
        if not self.numbered:
            self._check_replaceable()
        existing = self._existing()
        if existing and not overwrite:
            hint = "`overwrite=True`, or another name"
            if self.numbered:
                raise UsageError(f"{self.path.parent / existing[0]} exists already", hint=hint)
            raise UsageError(f"{self.path} exists already", where=f"{len(existing)} frames", hint=hint)

    def replaces(self, path: Path) -> bool:
        """Return whether publishing would replace or remove a file with this path."""
        resolved = path.resolve()
        return resolved.parent == self.folder and bool(self._frame.fullmatch(resolved.name))

    def _check_replaceable(self) -> None:
        others = sorted(path.name for path in self.folder.iterdir() if not self._frame.fullmatch(path.name))
        if others:
            raise UsageError(
                f"the folder {self.path} contains other files, and would be replaced as a whole",
                where=f"for example {others[0]}",
                hint=f"a new folder, or numbered files in this one: {self.path / PATTERN}",
            )
        if self.folder == Path.cwd():
            raise UsageError(
                "the working folder cannot be replaced",
                hint=f"a new folder, or numbered files in this one: {PATTERN}",
            )

    def _existing(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir() if self._frame.fullmatch(path.name))

    def publish(self, frames: Path, backup: Path) -> None:
        """Move finished frames to their destination.

        Args:
            frames: the folder that contains them, in `scratch`.
            backup: an unused path in `scratch`; the replaced frames are moved there.

        Raises:
            OSError: the frames cannot be moved; the destination is unchanged.
            UsageError: other files were added to the folder since `check`.
        """
        if self.numbered:
            self._move_in(frames, backup)
            return
        if not self.folder.exists():
            frames.rename(self.folder)
            return
        self._check_replaceable()
        self.folder.rename(backup)
        try:
            frames.rename(self.folder)
        except BaseException:
            backup.rename(self.folder)
            raise

    def _move_in(self, frames: Path, backup: Path) -> None:
        backup.mkdir()
        moved: list[tuple[Path, Path]] = []
        names = [(self.folder / name, backup / name) for name in self._existing()]
        names += [(path, self.folder / path.name) for path in sorted(frames.iterdir())]
        try:
            for source, target in names:
                moved.append((source, target))  # recorded first, so that Ctrl-C in between loses nothing
                source.rename(target)
        except BaseException:
            for source, target in reversed(moved):
                if target.exists() and not source.exists():
                    target.rename(source)
            backup.rmdir()
            raise
