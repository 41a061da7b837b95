"""SHA-256 of files, for manifests and input records."""

from __future__ import annotations

import hashlib
from pathlib import Path

from animato.errors import InputError


def sha256_file(path: Path) -> str:
    """Compute the SHA-256 of a file as 64 lower-case hexadecimal digits, reading it in blocks.

    Raises:
        InputError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or problem
        raise InputError(f"{path} cannot be read: {reason}", hint="check the rights of the file") from problem
