"""The log of a long measurement of the watermark, one JSON object on each line, so that it can be resumed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from animato.errors import InputError


class MarkLog:
    """Results by key, kept in a file if there is one.

    Args:
        path: of the log, which is created if it does not exist; None keeps results in memory only.
        setup: what is measured; a log of another setup is refused.

    Raises:
        InputError: the log cannot be read or written, or is of another setup.
    """

    def __init__(self, path: Path | None, setup: dict[str, Any]) -> None:
        self._path = path
        self._results: dict[str, Any] = {}
        if path is None:
            return
        try:
            lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
            entries = [json.loads(line) for line in lines]
            self._results = {entry["key"]: entry["result"] for entry in entries}
        except OSError as problem:
            raise InputError(f"{path} cannot be read: {problem.strerror}") from problem
        except (ValueError, TypeError, KeyError, UnicodeDecodeError) as problem:
            raise InputError(f"{path} is not a log of `animato bench mark`", hint="the name of a new file") from problem
        if self._results.setdefault("setup", setup) != setup:
            raise InputError(
                f"{path} is the log of another measurement", hint="the same files and options, or a new log"
            )
        if not lines:
            self.add("setup", setup)

    def __contains__(self, key: str) -> bool:
        return key in self._results

    def __getitem__(self, key: str) -> Any:
        return self._results[key]

    def add(self, key: str, result: Any) -> None:
        """Keep a result (plain JSON types) and write it to the log.

        Raises:
            InputError: the log cannot be written.
        """
        self._results[key] = result
        if self._path is None:
            return
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"key": key, "result": result}) + "\n")
        except OSError as problem:
            raise InputError(f"{self._path} cannot be written: {problem.strerror}") from problem
