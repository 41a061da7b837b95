"""Files with the secret that both sides of a motion stream share."""

from __future__ import annotations

import base64
import binascii
import os
import secrets
from pathlib import Path

from animato.errors import InputError, OutputError, UsageError
from animato.network.addresses import Address, is_loopback

_PREFIX = "animato-stream-key-1 "
_BYTES = 32
MAKE_HINT = "animato keys new-stream-key call.key makes one; copy it to both sides"


def new_stream_key(path: Path) -> None:
    """Write a new key, readable by its owner only.

    Raises:
        OutputError: the file exists, or cannot be written.
    """
    text = _PREFIX + base64.b64encode(secrets.token_bytes(_BYTES)).decode() + "\n"
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as problem:
        raise OutputError(f"{path} exists; a key is never replaced", hint="another name") from problem
    except OSError as problem:
        raise OutputError(f"{path} cannot be written", where=str(problem)) from problem
    with os.fdopen(file, "w", encoding="ascii") as stream:
        stream.write(text)


def read_stream_key(path: Path) -> bytes:
    """Return the 32 bytes of a key file.

    Raises:
        InputError: it cannot be read, or is no key of `new_stream_key`.
    """
    try:
        with path.open("rb") as file:
            content = file.read(200)
        text = content.decode("ascii").strip()
        key = base64.b64decode(text.removeprefix(_PREFIX), validate=True)
    except (OSError, UnicodeDecodeError, binascii.Error) as problem:
        raise InputError(f"{path} is no key of a motion stream", where=str(problem), hint=MAKE_HINT) from problem
    if not text.startswith(_PREFIX) or len(key) != _BYTES:
        raise InputError(f"{path} is no key of a motion stream", hint=MAKE_HINT)
    return key


def stream_key(path: Path | None, *, without: bool, address: Address) -> bytes | None:
    """Return the key to use; None if the user chose to go without one.

    Args:
        path: of the key file, or None.
        without: whether the user chose it.
        address: of the other side, or the one listened at.

    Raises:
        UsageError: neither a key nor that choice was given, or both.
        InputError: see `read_stream_key`.
    """
    if path is not None and without:
        raise UsageError("`key` and `keyless` exclude each other", hint="leave one out")
    if path is not None:
        return read_stream_key(path)
    if not without:
        others = "programs of this computer" if is_loopback(address) else "anybody who reaches the port"
        raise UsageError(
            f"without a key, {others} can move the face, or watch it move", where=str(address), hint=MAKE_HINT
        )
    return None
