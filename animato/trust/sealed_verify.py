"""Verify files in a sealed process: the child parses the file, this process receives the report."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from animato.errors import InputError
from animato.runtime.parser import Parser, Result
from animato.runtime.plain_data import from_plain, to_plain
from animato.settings.provenance import VerifySettings
from animato.trust.report import VerifyReport

_REPORT_BYTES = 0
"""Reports hold no arrays."""


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
