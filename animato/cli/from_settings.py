"""Command-line options made from a settings dataclass: names, defaults and help are stated there and only there."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import typing
from collections.abc import Callable
from typing import Any

import typer


def with_options(kind: type[Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command one option for each field of a settings dataclass.

    The command takes a parameter `settings` and receives a value of `kind` in it; its own parameters come first.

    Args:
        kind: a settings dataclass whose fields were made by `animato.settings.base.setting`.
    """
    hints = typing.get_type_hints(kind)
    fields = dataclasses.fields(kind)

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        options = [_option(field, hints[field.name]) for field in fields]

        @functools.wraps(command)
        def run(**values: Any) -> Any:
            chosen = {field.name: values.pop(field.name) for field in fields}
            return command(**values, settings=kind(**chosen))

        return with_signature(run, command, "settings", options)

    return decorate


def with_signature(
    run: Callable[..., Any], command: Callable[..., Any], left_out: str, options: list[inspect.Parameter]
) -> Callable[..., Any]:
    """Return `run` with the parameters of a command, but one, and further options: what the parser reads.

    Args:
        run: wraps the command and takes keywords only.
        command: whose own parameters come first.
        left_out: the command's parameter that `run` makes from the options.
        options: the further parameters.
    """
    own = [p for p in inspect.signature(command, eval_str=True).parameters.values() if p.name != left_out]
    order = sorted((*own, *options), key=lambda parameter: parameter.default is not inspect.Parameter.empty)
    signature = inspect.Signature([parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in order])
    del run.__dict__["__wrapped__"]
    run.__dict__["__signature__"] = signature
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in order}
    return run


def _option(field: dataclasses.Field[Any], hint: Any) -> inspect.Parameter:
    name = field.name.replace("_", "-")
    flags = [f"--{name}/--no-{name}" if hint is bool else f"--{name}"]
    if field.metadata.get("flag"):
        flags.append(str(field.metadata["flag"]))
    choices = field.metadata.get("choices")
    option = typer.Option(
        *flags,
        help=str(field.metadata["help"]),
        show_default=field.default is not None,
        metavar="|".join(choices) if choices else None,
    )
    annotation = typing.Annotated[hint, option]
    return inspect.Parameter(field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=annotation)
