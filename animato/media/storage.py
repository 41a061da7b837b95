"""Files at URLs (`s3://`, `gs://`, `memory://`, ...), through fsspec: copied to a local file, or written whole."""

from __future__ import annotations

import contextlib
import hashlib
import re
import secrets
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from animato.errors import InputError, MissingPartError, OutputError

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
"""At least two letters, so that a Windows drive is no scheme."""

OBJECT_STORES = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "oss", "memory"})
"""Schemes where a file appears only when all of it has arrived, so no temporary name is needed."""


def is_url(text: str) -> bool:
    """Return whether a text is a URL rather than a path."""
    return _URL.match(text) is not None


def url_suffix(text: str) -> str:
    """Return the suffix of the name in a path or URL, such as ".mp4"."""
    return PurePosixPath(text).suffix


def fetch(url: str, folder: Path) -> Path:
    """Copy a file at a URL into a local folder.

    Args:
        url: of the file.
        folder: receives it, under its own name; files of the same name at different URLs do not collide.

    Raises:
        InputError: it does not exist or cannot be read.
        MissingPartError: fsspec, or its package for this kind of URL, is not installed.
    """
    system, path = _open(url)
    name = PurePosixPath(path).name
    target = folder / hashlib.sha256(url.encode()).hexdigest()[:16] / name
    target.parent.mkdir(exist_ok=True)
    with _reported(InputError, f"{url} cannot be read"):
        system.get_file(path, str(target))
    return target


def publish(source: Path, url: str) -> None:
    """Write a local file to a URL; it appears there whole or not at all.

    Raises:
        OutputError: it cannot be written.
        MissingPartError: as `fetch`.
    """
    system, path = _open(url)
    with _reported(OutputError, f"{url} cannot be written"):
        if url.partition("://")[0].lower() in OBJECT_STORES:
            system.put_file(str(source), path)
            return
        pure = PurePosixPath(path)
        system.makedirs(str(pure.parent), exist_ok=True)
        temporary = str(pure.with_name(f".{secrets.token_hex(6)}{pure.suffix}"))
        try:
            system.put_file(str(source), temporary)
            system.mv(temporary, path)
        except BaseException:
            with contextlib.suppress(Exception):
                system.rm_file(temporary)
            raise


def size_of(text: str) -> int | None:
    """Return the size in bytes of a file at a path or URL, of the files of a folder together; None if it is not there.

    Raises:
        InputError: the place cannot be asked.
        MissingPartError: as `fetch`.
    """
    if is_url(text):
        system, path = _open(text)
        with _reported(InputError, f"{text} cannot be read"):
            return int(system.size(path)) if system.exists(path) else None
    place = Path(text)
    if place.is_dir():
        return sum(file.stat().st_size for file in place.iterdir() if file.is_file()) or None
    return place.stat().st_size if place.exists() else None


def _open(url: str) -> tuple[Any, str]:
    """Return the file system of a URL, and the path in it."""
    try:
        from fsspec.core import url_to_fs
    except ModuleNotFoundError as problem:
        raise MissingPartError(f"{url} needs fsspec", hint="pip install 'animato[storage]'") from problem
    try:
        system, path = url_to_fs(url)
    except ImportError as problem:
        scheme = url.partition("://")[0]
        raise MissingPartError(
            f"the package for {scheme}:// is not installed", where=str(problem), hint="pip install s3fs, or gcsfs"
        ) from problem
    except ValueError as problem:
        raise InputError(
            f"{url} cannot be opened", where=str(problem), hint="s3://BUCKET/NAME, for example"
        ) from problem
    return system, str(path)


@contextlib.contextmanager
def _reported(error: type[InputError] | type[OutputError], sentence: str) -> Iterator[None]:
    """Convert whatever a file system raises to an error of ours; each has exceptions of its own."""
    try:
        yield
    except (InputError, OutputError, MissingPartError):
        raise
    except Exception as problem:
        raise error(
            sentence, where=f"{type(problem).__name__}: {problem}", hint="check the address and your rights"
        ) from problem
