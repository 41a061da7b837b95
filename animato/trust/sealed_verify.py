"""Verify files in a sealed process: the child parses the file, this process receives the report."""

from __future__ import annotations

import mmap
import os
import typing
from pathlib import Path
from typing import Any

from animato.errors import InputError
from animato.runtime.parser import Parser, Result
from animato.runtime.plain_data import from_plain, to_plain
from animato.settings.provenance import VerifySettings
from animato.trust.credentials import sidecar_of
from animato.trust.reading import State, read_credentials
from animato.trust.report import VerifyReport

_REPORT_BYTES = 0
"""Reports hold no arrays."""

_NAME = b"c2pa"
"""Label of every manifest store, uncompressed in every container (C2PA 2.1, 11.1.4.2)."""


class Verifier:
    """Verifies any number of files in one sealed process, which ends with this object.

    The report is the child's word: a file that takes over the checker's decoders can make it say anything about that
    file, but cannot reach other files, other programs or the network.

    Args:
        parser: to use, or None for a new one.
    """

    def __init__(self, parser: Parser | None = None) -> None:
        self._parser = parser or Parser()

    def verify_file(self, path: Path, settings: VerifySettings | None = None) -> VerifyReport:
        """Verify a video, an image or a folder of images; see `trust.verify.verify_file`.

        Raises:
            InputError: it cannot be read, or its decoder was ended by a limit or crashed.
        """
        values = {"path": os.fspath(path), "settings": vars(settings or VerifySettings())}
        values, _ = self._parser.parse(verify_task, path.name, values, _REPORT_BYTES)
        try:
            return from_plain(VerifyReport, values["report"])
        except (KeyError, ValueError) as problem:
            raise InputError(f"{path} was not verified properly", where=str(problem)) from problem

    def close(self) -> None:
        """End the process."""
        self._parser.close()


def verify_task(values: dict[str, Any]) -> Result:
    """Task: verify a file."""
    from animato.trust.verify import verify_file

    report = verify_file(Path(values["path"]), VerifySettings(**values["settings"]))
    return {"report": to_plain(report)}, {}


def credentials_state(path: Path, media_type: str, parser: Parser | None = None) -> State:
    """Return the state of a file's content credentials; "none" without parsing where it cannot hold any.

    Args:
        path: of the file.
        media_type: such as "video/mp4".
        parser: parses in a sealed process; None to parse in this process.

    Raises:
        MissingPartError: the C2PA library is not installed.
        InputError: the process was ended by a limit, or crashed.
        OSError: the file cannot be read.
    """
    if not sidecar_of(path).exists() and not _holds(path, _NAME):
        return "none"
    task = {"path": os.fspath(path), "media_type": media_type}
    values, _ = state_task(task) if parser is None else parser.parse(state_task, path.name, task, _REPORT_BYTES)
    states = typing.get_args(State)
    found: State = states[states.index(values["state"])] if values.get("state") in states else "invalid"
    return found


def state_task(values: dict[str, Any]) -> Result:
    """Task: read the state of a file's content credentials."""
    return {"state": read_credentials(Path(values["path"]), values["media_type"]).state}, {}


def _holds(path: Path, name: bytes) -> bool:
    """Return whether some bytes occur in a file; nothing is parsed."""
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_size == 0:
            return False
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return data.find(name) >= 0
