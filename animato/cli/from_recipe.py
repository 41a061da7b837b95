"""Generate command-line options for settings whose defaults come from a recipe; unset options are None."""

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


def with_overrides(kind: type[Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add one option per field of a settings dataclass to a command, each None by default.

    The command receives the options that were given in its parameter `overrides`: field name to value.

    Args:
        kind: a settings dataclass with fields from `animato.settings.base.setting`.
    """
    hints = typing.get_type_hints(kind)
    fields = dataclasses.fields(kind)

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(command)
        def run(**values: Any) -> Any:
            options = {field.name: values.pop(field.name) for field in fields}
            return command(**values, overrides={name: value for name, value in options.items() if value is not None})

        parameters = [_option(field, hints[field.name]) for field in fields]
        return with_signature(run, command, ("overrides",), parameters)

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
    kind: Any = Optional[str if choices else hint]  # noqa: UP045 (built at run time from a value)
    annotation = typing.Annotated[kind, option]
    return inspect.Parameter(field.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
