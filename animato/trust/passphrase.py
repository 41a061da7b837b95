"""Passphrase of the signing key: from the environment, from a file, or asked in a terminal."""

from __future__ import annotations

import functools
import getpass
import os
import sys
from pathlib import Path

from animato.errors import UsageError

VARIABLE, FILE_VARIABLE = "ANIMATO_KEY_PASSPHRASE", "ANIMATO_KEY_PASSPHRASE_FILE"

MIN_LENGTH = 12
"""Characters of a new passphrase, at least: `cryptography` derives the file's key with 2048 rounds of PBKDF2 only."""

MAX_FILE_BYTES = 4096
ATTEMPTS = 3

HINT = f"set {VARIABLE} or {FILE_VARIABLE}, or run the command in a terminal"


def given_passphrase() -> bytes | None:
    """Return the passphrase of the environment or of the file it names (its first line); None when neither is set.

    Raises:
        UsageError: the passphrase is empty, or its file cannot be read.
    """
    text, name = os.environ.get(VARIABLE), os.environ.get(FILE_VARIABLE)
    if text is None and name is None:
        return None
    if text is None:
        text = _first_line(Path(str(name)))
    if not text:
        raise UsageError("the passphrase of the signing key is empty", where=VARIABLE if name is None else name)
    return text.encode()


def _first_line(path: Path) -> str:
    try:
        if not path.is_file():  # a FIFO would block
            raise UsageError(f"{path}, named by {FILE_VARIABLE}, is not a file")
        with path.open("rb") as file:
            return file.read(MAX_FILE_BYTES).decode().splitlines()[0]
    except OSError as problem:
        raise UsageError(f"cannot read {path}, named by {FILE_VARIABLE}", where=problem.strerror) from problem
    except IndexError:
        return ""
    except UnicodeDecodeError as problem:
        raise UsageError(f"{path}, named by {FILE_VARIABLE}, is not UTF-8 text") from problem


@functools.cache
def ask() -> bytes:
    """Ask for the passphrase in the terminal; asked once a process, until `forget` is called.

    Raises:
        UsageError: there is no terminal.
    """
    return _prompt("Passphrase of the signing key: ").encode()


def ask_new() -> bytes:
    """Return a new passphrase: the given one, or one typed twice in the terminal.

    Raises:
        UsageError: it is too short, was typed differently, or there is no terminal.
    """
    passphrase = given_passphrase()
    if passphrase is None:
        passphrase = _prompt("New passphrase of the signing key: ").encode()
        if _prompt("Again: ").encode() != passphrase:
            raise UsageError("the two passphrases differ", hint="run the command again")
    return checked(passphrase)


def checked(passphrase: bytes) -> bytes:
    """Return a new passphrase if it is long enough.

    Raises:
        UsageError: it is too short.
    """
    if len(passphrase.decode()) < MIN_LENGTH:
        raise UsageError(f"the passphrase has fewer than {MIN_LENGTH} characters", hint="use several random words")
    return passphrase


def forget() -> None:
    """Forget the passphrase that was typed in the terminal."""
    ask.cache_clear()


def _prompt(text: str) -> str:
    if sys.stdin is None or not sys.stdin.isatty():
        raise UsageError("the signing key is protected by a passphrase", hint=HINT, more="docs/keys.md")
    try:
        return getpass.getpass(text)
    except EOFError as problem:
        raise UsageError("no passphrase was typed", hint=HINT) from problem
