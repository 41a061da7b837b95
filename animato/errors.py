"""Exceptions of animato, each with an exit code.

    AnimatoError (1)
    ├── UsageError (2)             the command line or an argument is wrong
    ├── InputError (3)             a file, picture, video or face cannot be used
    │   ├── PictureError           not a picture, too large, damaged
    │   ├── VideoError             not a video, no frames, damaged
    │   ├── FaceError              no face, several, too small, cut, turned away, covered
    │   └── FileFormatError        a motion, person or weight file that does not follow its format
    ├── OutputError (3)            the output cannot be written: no permission, no room
    ├── MissingPartError (4)       a dependency or weight file is not installed
    ├── RefusedError (5)           consent or signing is missing, or nudity is shown, so nothing is made
    ├── PartlyDoneError (6)        some of several jobs failed
    ├── NotFoundError (7)          `verify` ran and found neither mark nor credentials
    └── InterruptedRunError (130)  Ctrl-C, or another signal that ends the program

An error has three parts: *what* happened, *where* (the file, the value), and a *hint* (what to do next).
"""

from __future__ import annotations


class AnimatoError(Exception):
    """Base of all errors shown to users.

    Args:
        what: one sentence, lower case, no full stop: what is wrong and in which file.
        where: the offending file or value, with sizes, times or thresholds, or None.
        hint: what to type or change, or None.
        more: page of the documentation, or None.
    """

    exit_code = 1

    def __init__(self, what: str, where: str | None = None, hint: str | None = None, more: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.hint = hint
        self.more = more

    def lines(self) -> list[str]:
        """Return the message as the lines the command line prints."""
        rows = [f"animato: {self.what}"]
        for label, text in (("looked at", self.where), ("try", self.hint), ("more", self.more)):
            if text:
                rows.append(f"  {label:<11} {text}")
        return rows

    def to_json(self) -> dict[str, str | int | None]:
        """Return what, where, hint, more and exit_code as plain JSON types."""
        parts = {"what": self.what, "where": self.where, "hint": self.hint, "more": self.more}
        return {**parts, "exit_code": self.exit_code}

    def __str__(self) -> str:
        return "\n".join(self.lines()).removeprefix("animato: ")


class UsageError(AnimatoError):
    """The command line or an argument is wrong."""

    exit_code = 2


class InputError(AnimatoError):
    """An input cannot be used."""

    exit_code = 3


class PictureError(InputError):
    """A picture cannot be used."""


class VideoError(InputError):
    """A video cannot be used."""


class FaceError(InputError):
    """No usable face was found where one is needed."""


class FileFormatError(InputError):
    """A motion, person or weight file does not follow its format."""


class OutputError(AnimatoError):
    """The output cannot be written."""

    exit_code = 3


class MissingPartError(AnimatoError):
    """A dependency, an asset or a weight file is not installed."""

    exit_code = 4


class RefusedError(AnimatoError):
    """The job was refused; no output was written."""

    exit_code = 5


class PartlyDoneError(AnimatoError):
    """Some of several jobs failed."""

    exit_code = 6


class NotFoundError(AnimatoError):
    """The checker ran and found no sign of animato."""

    exit_code = 7


class InterruptedRunError(AnimatoError):
    """The run was interrupted by Ctrl-C or another signal; no output file is left behind."""

    exit_code = 130
