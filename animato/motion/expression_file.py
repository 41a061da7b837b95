"""Saved expressions: values of the controls in a JSON file, as text, and mixed.

{"format": "animato-expression", "version": 1, "name": "Cheerful", "controls": {"smile": 0.6, "brows": 0.3}}
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from animato.errors import FileFormatError, InputError, UsageError
from animato.media.disk import whole_file
from animato.media.untrusted import parsing
from animato.settings.controls import BY_NAME, as_number, check_controls

FORMAT = "animato-expression"
VERSION = 1
MAX_BYTES = 1 << 20
"""Largest file that is read: key frames once a frame for an hour would be larger, and belong in a motion file."""


@dataclass(frozen=True)
class Expression:
    """A named expression.

    Attributes:
        name: title, one line.
        controls: name to value, see `motion.controls`; absent controls rest.
    """

    name: str
    controls: Mapping[str, float]

    def to_json(self) -> dict[str, Any]:
        """Return the contents of its file as plain JSON types."""
        return {"format": FORMAT, "version": VERSION, "name": self.name, "controls": dict(self.controls)}


def save_expression(path: Path, expression: Expression) -> None:
    """Write an expression file atomically.

    Raises:
        UsageError: a value out of range.
        OutputError: the file cannot be written.
    """
    check_controls(expression.controls, path.name)
    with whole_file(path) as temporary:
        temporary.write_text(json.dumps(expression.to_json(), indent=1) + "\n", encoding="utf-8")


def load_expression(path: Path) -> Expression:
    """Read an expression file.

    Raises:
        InputError: the file cannot be read, is not an expression, or has a value that is not allowed.
    """
    data = read_json(path, FORMAT, VERSION, "an expression")
    return Expression(one_line(data.get("name", path.stem)), file_controls(data.get("controls"), path, "controls"))


def controls_of_text(text: str) -> dict[str, float]:
    """Return the controls of "smile=0.4,yaw=5", or of the expression file with that path.

    Raises:
        UsageError: no such control, or a value that is not allowed.
        InputError: the file cannot be used.
    """
    if "=" not in text or Path(text).is_file():
        return dict(load_expression(Path(text)).controls)
    values: dict[str, float] = {}
    for part in text.split(","):
        name, _, number = (item.strip() for item in part.partition("="))
        try:
            values[name] = float(number)
        except ValueError:
            raise UsageError(f"{part.strip()!r} is not a control and its value", hint="smile=0.4,yaw=5") from None
    return check_controls(values, text)


def mix(parts: Sequence[tuple[Mapping[str, float], float]]) -> dict[str, float]:
    """Return the weighted sum of expressions, clipped to the ranges of the controls.

    Args:
        parts: (controls, weight); weights need not sum to 1.

    Raises:
        UsageError: no expressions, a value out of range, or a weight that is not a finite number.
    """
    if not parts:
        raise UsageError("there are no expressions to mix")
    total: dict[str, float] = {}
    for controls, weight in parts:
        factor = as_number(weight)
        if factor is None or not math.isfinite(factor):
            raise UsageError("the weight of an expression must be a number", where=f"{weight!r}")
        for name, value in check_controls(controls).items():
            rest = BY_NAME[name].default
            total[name] = total.get(name, rest) + factor * (value - rest)
    return {name: min(max(value, BY_NAME[name].low), BY_NAME[name].high) for name, value in total.items()}


def read_json(path: Path, form: str, version: int, kind: str) -> dict[str, Any]:
    """Return the object in a JSON file of ours.

    Args:
        path: of the file.
        form: name of its format.
        version: newest that is read.
        kind: for messages, such as "an expression".

    Raises:
        InputError: the file cannot be read or is too large.
        FileFormatError: another format, or a newer version.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as problem:
        raise InputError(f"{path} cannot be read", where=problem.strerror) from problem
    if len(content) > MAX_BYTES:
        raise FileFormatError(f"{path} is too large for {kind}", where=f"more than {MAX_BYTES:,} bytes")
    with parsing(path, f"is not {kind}: it holds no JSON"):
        data = json.loads(content)
    if not isinstance(data, dict) or data.get("format") != form:
        raise FileFormatError(f"{path} is not {kind}", where=f'it lacks "format": "{form}"')
    number = data.get("version")
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise FileFormatError(f"{path} has no version", where='"version": 1 is missing')
    if number > version:
        raise FileFormatError(
            f"{path} was written by a newer animato",
            where=f"version {number}; this one reads up to {version}",
            hint="pip install --upgrade animato",
        )
    return data


def file_controls(values: Any, path: Path, where: str) -> dict[str, float]:
    """Return the controls in a file.

    Raises:
        FileFormatError: see `check_controls`.
    """
    try:
        return check_controls(values)
    except UsageError as problem:
        raise FileFormatError(f"{path}: {problem.what}", where=where, hint=problem.hint) from problem


def one_line(text: object) -> str:
    """Return a text of a file as one printable line of at most 200 characters."""
    return "".join(letter if letter.isprintable() else " " for letter in str(text)[:200]).strip()
