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


def with_overrides(
    kind: type[Any], base: str = "paper", **more: type[Any]
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add one option per field of a settings dataclass to a command, each None by default.

    The command receives the options that were given in its parameter `overrides`: field name to value.

    Args:
        kind: a settings dataclass with fields from `animato.settings.base.setting`.
        base: the recipe whose values are the fields' defaults, for the help.
        more: further parameters of the command, with their settings dataclasses, of which it receives instances. A
            field that several of them have, such as the seed, becomes one option.
    """
    kinds = {"overrides": kind, **more}

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        options: dict[str, inspect.Parameter] = {}
        for each in kinds.values():
            hints = typing.get_type_hints(each)
            for field in dataclasses.fields(each):
                options.setdefault(field.name, _option(field, hints[field.name], base if each is kind else "default"))

        @functools.wraps(command)
        def run(**values: Any) -> Any:
            parsed = {name: values.pop(name) for name in options}
            given = {name: value for name, value in parsed.items() if value is not None}
            chosen = {
                parameter: {field.name: given[field.name] for field in dataclasses.fields(each) if field.name in given}
                for parameter, each in kinds.items()
            }
            settings = {parameter: each(**chosen[parameter]) for parameter, each in more.items()}
            return command(**values, overrides=chosen["overrides"], **settings)

        return with_signature(run, command, tuple(kinds), list(options.values()))

    return decorate


def _option(field: dataclasses.Field[Any], hint: Any, base: str) -> inspect.Parameter:
    name = field.name.replace("_", "-")
    choices = choices_of(hint)
    flag = f"--{name}/--no-{name}" if hint is bool else f"--{name}"
    text = f"{in_options(str(field.metadata['help']))} [{base}: {field.default}]"
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
