"""Declare settings: default, help and limits in one place, used by the command line, the docs and validation."""

from __future__ import annotations

import dataclasses
import difflib
import math
import numbers
import os
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from animato.errors import UsageError

T = TypeVar("T")


def setting(
    default: Any,
    help: str,
    *,
    low: float | None = None,
    high: float | None = None,
    flag: str | None = None,
    unit: str | None = None,
    group: str | None = None,
) -> Any:
    """Return a dataclass field with a help text and limits; a `Literal` type lists its choices.

    Help and messages refer to settings in backticks, as `mouth` or `mouth=2`; the command line prints options instead.

    Args:
        default: the default value.
        help: one or two sentences, used as CLI help, web label and line of the manual.
        low: smallest allowed value, or None.
        high: largest allowed value, or None.
        flag: short flag such as "-o", or None.
        unit: unit of the value, shown in messages, or None.
        group: heading on the help page; None for the most common settings, which come first.
    """
    metadata = {"help": help, "low": low, "high": high, "flag": flag, "unit": unit, "group": group}
    if isinstance(default, (list, dict, set)):
        raise TypeError("settings are frozen: use a tuple")
    return dataclasses.field(default=default, metadata=metadata)


def choices_of(hint: Any) -> tuple[str, ...] | None:
    """Return the values of a `Literal` type, optional or not; None for other types."""
    for kind in (hint, *typing.get_args(hint)):
        if typing.get_origin(kind) is typing.Literal:
            return typing.get_args(kind)
    return None


_LARGEST = 2**63
"""Numbers above are refused: they fit no array and cannot be printed as a float."""


def check(settings: Any, where: str) -> None:
    """Check every field of a settings object against its type and limits; strings are converted to paths.

    Args:
        settings: a dataclass instance whose fields were made by `setting`.
        where: the dotted prefix used in messages, such as "animate".

    Raises:
        UsageError: a value has the wrong type, is out of range or not a valid choice.
    """
    hints = typing.get_type_hints(type(settings))
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        if value is None and type(None) in typing.get_args(hints[field.name]):
            continue
        value = _typed(value, hints[field.name], field.name, where)
        if isinstance(value, int) and abs(value) > _LARGEST:
            raise UsageError(f"`{field.name}` is too large a number", where=f"{where}.{field.name}")
        object.__setattr__(settings, field.name, value)
        low, high = field.metadata.get("low"), field.metadata.get("high")
        choices, unit = choices_of(hints[field.name]), field.metadata.get("unit")
        suffix = f" {unit}" if unit else ""
        named = f"`{field.name}`"
        if isinstance(value, float) and not math.isfinite(value):
            raise UsageError(f"{named} must be a number, not {value:g}", where=f"{where}.{field.name}")
        if low is not None and value < low:
            raise UsageError(f"{named} must be at least {low:g}{suffix}, not {value:g}", where=f"{where}.{field.name}")
        if high is not None and value > high:
            raise UsageError(f"{named} must be at most {high:g}{suffix}, not {value:g}", where=f"{where}.{field.name}")
        if choices is not None and str(value) not in choices:
            near = difflib.get_close_matches(str(value), choices, 1)
            raise UsageError(
                f"{named} cannot be {str(value)!r}",
                where=f"{where}.{field.name}: one of {', '.join(choices)}",
                hint=f"`{field.name}={near[0]}`" if near else None,
            )


def _typed(value: Any, hint: Any, name: str, where: str) -> Any:
    """Convert a value to the annotated type where the conversion is lossless."""
    kinds = [kind for kind in typing.get_args(hint) or (hint,) if kind is not type(None)]
    kind = str if choices_of(hint) else kinds[0]
    if kind is Path and isinstance(value, (str, os.PathLike)) and isinstance(os.fspath(value), str):
        return Path(value)
    if kind is str and isinstance(value, int) and not isinstance(value, bool):
        return str(value)  # such as a face number
    if isinstance(value, bool):
        if kind is bool:
            return value
    elif kind is float and isinstance(value, (int, float)):
        return value
    elif kind in (int, float) and isinstance(value, numbers.Integral if kind is int else numbers.Real):
        return kind(value)  # NumPy scalars
    words = {Path: "a path", str: "text", bool: "True or False", int: "a whole number", float: "a number"}
    if kind in words and not (kind is str and isinstance(value, str)):
        raise UsageError(f"`{name}` must be {words[kind]}, not {value!r}", where=f"{where}.{name}")
    return value


def from_mapping(kind: type[T], values: Mapping[str, Any]) -> T:
    """Build a settings object from a mapping; unknown names raise an error with the closest valid name.

    Args:
        kind: the settings dataclass.
        values: name to value, as read from JSON or the command line.

    Raises:
        UsageError: a name is unknown, or a value is out of range.
    """
    fields = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    for name in values:
        if name not in fields:
            near = difflib.get_close_matches(name, list(fields), 1)
            raise UsageError(f"unknown setting {name!r}", where=kind.__name__, hint=near[0] if near else None)
    return kind(**values)


def from_recipe(
    kind: type[T], recipes: Mapping[str, Mapping[str, Any]], recipe: str, changes: Mapping[str, Any] | None
) -> T:
    """Build a settings object from a recipe with overrides.

    Args:
        kind: the settings dataclass.
        recipes: setting to value, by the recipe's name.
        recipe: name of the recipe.
        changes: setting to value; None keeps the recipe's value.

    Raises:
        UsageError: unknown recipe or setting, or a value out of range.
    """
    if recipe not in recipes:
        raise UsageError(f"no recipe named {recipe!r}", where=f"one of: {', '.join(recipes)}")
    overrides = {name: value for name, value in (changes or {}).items() if value is not None}
    return from_mapping(kind, {**recipes[recipe], **overrides})


def as_json(settings: Any) -> dict[str, Any]:
    """Convert settings to plain JSON types (paths to file names, tuples to lists)."""

    def plain(value: Any) -> Any:
        if isinstance(value, Path):
            return value.name
        if isinstance(value, tuple):
            return [plain(item) for item in value]
        return value

    return {field.name: plain(getattr(settings, field.name)) for field in dataclasses.fields(settings)}
