"""Dataclasses to plain JSON values and back, for results of child processes; the types are checked on the way back."""

from __future__ import annotations

import enum
import types
import typing
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

T = TypeVar("T")


def to_plain(value: Any) -> Any:
    """Return a value as JSON types: dataclasses as dicts of their fields, tuples as lists, enums as their values."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, dict):
        return {str(name): to_plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_plain(item) for item in value]
    return value.item() if hasattr(value, "item") else value  # numpy's scalars


def from_plain(kind: type[T], value: Any) -> T:
    """Return the dataclass of a type that `to_plain` wrote.

    Raises:
        ValueError: the value does not have the fields and types of the class.
    """
    result: T = _read(kind, value)
    return result


def _read(kind: Any, value: Any) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind is Any:
        return value
    if origin in (typing.Union, types.UnionType):
        return _first(arguments, value)
    if origin is typing.Literal:
        return _checked(value, value in arguments)
    if origin in (tuple, list):
        _checked(value, isinstance(value, list))
        repeated = origin is list or (len(arguments) == 2 and arguments[1] is ...)
        inner = [arguments[0]] * len(value) if repeated else list(arguments)
        _checked(value, len(inner) == len(value))
        return origin(_read(part, item) for part, item in zip(inner, value, strict=True))
    if origin is dict:
        _checked(value, isinstance(value, dict))
        return {_read(arguments[0], name): _read(arguments[1], item) for name, item in value.items()}
    if is_dataclass(kind) and isinstance(kind, type):
        hints = typing.get_type_hints(kind)
        names = [field.name for field in fields(kind)]
        _checked(value, isinstance(value, dict) and set(value) == set(names))
        return kind(**{name: _read(hints[name], value[name]) for name in names})
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return kind(value)
    if kind is float:
        return float(_checked(value, isinstance(value, (int, float)) and not isinstance(value, bool)))
    return _checked(value, kind in (str, int, bool, type(None)) and type(value) is kind)


def _first(kinds: tuple[Any, ...], value: Any) -> Any:
    for kind in kinds:
        try:
            return _read(kind, value)
        except ValueError:
            continue
    raise ValueError(f"a value of none of the expected types: {type(value).__name__}")


def _checked(value: Any, proper: bool) -> Any:
    if not proper:
        raise ValueError(f"a value of an unexpected type: {type(value).__name__}")
    return value
