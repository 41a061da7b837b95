"""Translate settings in messages to command-line options: `mouth=2` becomes --mouth 2."""

from __future__ import annotations

import dataclasses
import functools
import importlib
import pkgutil
import re
import typing
from typing import Any

import animato.settings

COMMAND_OPTIONS = frozenset({"consent_clip", "data", "driver", "output", "overwrite", "price", "recipe", "weights"})
"""Options named in messages that are not fields of a settings class."""

SETTING = re.compile(r"`([a-z][a-z0-9_]*)(?:=([^`]*))?`")


@functools.cache
def option_kinds() -> dict[str, bool]:
    """Return the names of all options that messages may mention, and whether each is boolean."""
    kinds = dict.fromkeys(COMMAND_OPTIONS, False) | {"overwrite": True}
    for module in pkgutil.iter_modules(animato.settings.__path__, "animato.settings."):
        for member in vars(importlib.import_module(module.name)).values():
            if isinstance(member, type) and dataclasses.is_dataclass(member):
                hints = typing.get_type_hints(member)
                for field in dataclasses.fields(member):
                    if field.metadata.get("help"):
                        kinds[field.name] = kinds.get(field.name, False) or hints[field.name] is bool
    return kinds


def in_options(text: str) -> str:
    """Rewrite settings in backticks as command-line options.

    `name` becomes --name, `name=value` becomes --name value, and a boolean `name=False` becomes --no-name. Other
    text in backticks is unchanged.
    """

    def option(match: re.Match[str]) -> str:
        name, value = match.groups()
        if name not in option_kinds():
            return match[0]
        dashed = name.replace("_", "-")
        if option_kinds()[name] and value in ("True", "False"):
            return f"--{dashed}" if value == "True" else f"--no-{dashed}"
        return f"--{dashed}" if value is None else f"--{dashed} {value}"

    return SETTING.sub(option, text)


def all_in_options(value: Any) -> Any:
    """Apply `in_options` to every string in a value of plain JSON types, except for keys."""
    if isinstance(value, str):
        return in_options(value)
    if isinstance(value, dict):
        return {key: all_in_options(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [all_in_options(item) for item in value]
    return value
