"""Generate options for settings whose defaults come from a recipe; an option is unset unless given."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import typing
from collections.abc import Callable
from typing import Any, Optional

import typer

from animato.cli.from_settings import with_signature
from animato.cli.option_names import in_options
from animato.settings.base import choices_of


def with_changes(kind: type[Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command one option for each field of a settings dataclass, all empty by default.

    The command takes a parameter `changes` and receives in it the options that were typed, by field name.

    Args:
        kind: a settings dataclass whose fields were made by `animato.settings.base.setting`.
    """
    hints = typing.get_type_hints(kind)
    fields = dataclasses.fields(kind)

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(command)
        def run(**values: Any) -> Any:
            typed = {field.name: values.pop(field.name) for field in fields}
            return command(**values, changes={name: value for name, value in typed.items() if value is not None})

        options = [_option(field, hints[field.name]) for field in fields]
        return with_signature(run, command, ("changes",), options)

    return decorate


def _option(field: dataclasses.Field[Any], hint: Any) -> inspect.Parameter:
    name = field.name.replace("_", "-")
    choices = choices_of(hint)
    flag = f"--{name}/--no-{name}" if hint is bool else f"--{name}"
    text = f"{in_options(str(field.metadata['help']))} [paper: {field.default}]"
    option = typer.Option(
        flag,
        help=text,
        show_default=False,
        metavar="|".join(choices) if choices else None,
        rich_help_panel=field.metadata.get("group"),
    )
    kind: Any = Optional[str if choices else hint]  # noqa: UP045 (an object, built at run time)
    annotation = typing.Annotated[kind, option]
    return inspect.Parameter(field.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
