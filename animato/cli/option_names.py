"""Translate settings in messages to options: `mouth=2` becomes --mouth 2."""

from __future__ import annotations

import dataclasses
import functools
import importlib
import pkgutil
import re
import typing
from typing import Any

import animato.settings

OWN = frozenset({"data", "driver", "output", "overwrite", "price", "recipe", "weights"})
"""Options that sentences name and no settings class has."""

NAMED = re.compile(r"`([a-z][a-z0-9_]*)(?:=([^`]*))?`")


@functools.cache
def switches() -> dict[str, bool]:
    """Return the name of every option that a sentence may name, and whether it is one of yes and no."""
    found = dict.fromkeys(OWN, False) | {"overwrite": True}
    for module in pkgutil.iter_modules(animato.settings.__path__, "animato.settings."):
        for kind in vars(importlib.import_module(module.name)).values():
            if isinstance(kind, type) and dataclasses.is_dataclass(kind):
                hints = typing.get_type_hints(kind)
                for field in dataclasses.fields(kind):
                    if field.metadata.get("help"):
                        found[field.name] = found.get(field.name, False) or hints[field.name] is bool
    return found


def in_options(text: str) -> str:
    """Return a sentence of the library with every setting that it names in backticks as the option to type.

    `name` becomes --name, `name=value` becomes --name value, and a switch `name=False` becomes --no-name. Other
    words in backticks stay as they are.
    """

    def option(found: re.Match[str]) -> str:
        name, value = found.groups()
        if name not in switches():
            return found[0]
        dashed = name.replace("_", "-")
        if switches()[name] and value in ("True", "False"):
            return f"--{dashed}" if value == "True" else f"--no-{dashed}"
        return f"--{dashed}" if value is None else f"--{dashed} {value}"

    return NAMED.sub(option, text)


def all_in_options(value: Any) -> Any:
    """Return plain JSON types with `in_options` applied to every text in them, keys left alone."""
    if isinstance(value, str):
        return in_options(value)
    if isinstance(value, dict):
        return {key: all_in_options(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [all_in_options(item) for item in value]
    return value
