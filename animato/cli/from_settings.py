"""Command-line options made from a settings dataclass: names, defaults and help are stated there and only there."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import typing
from collections.abc import Callable
from typing import Any, Optional

import typer

from animato.cli.option_names import in_options
from animato.settings.base import choices_of


def with_options(kind: type[Any], **more: type[Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command one option for each field of a settings dataclass.

    The command takes a parameter `settings` and receives a value of `kind` in it; its own parameters come first.

    Args:
        kind: a settings dataclass whose fields were made by `animato.settings.base.setting`.
        more: further parameters of the command and their settings dataclasses. A field that several share, such as the
            seed, is one option; where their defaults differ it is empty, and each keeps its own until it is typed.
    """
    kinds = {"settings": kind, **more}

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        options: dict[str, inspect.Parameter] = {}
        own: set[str] = set()
        for each in kinds.values():
            hints = typing.get_type_hints(each)
            for field in dataclasses.fields(each):
                made = _option(field, hints[field.name])
                first = options.setdefault(field.name, made)
                if field.name not in own and first.default != made.default:
                    own.add(field.name)
                    options[field.name] = _unset(first)

        @functools.wraps(command)
        def run(**values: Any) -> Any:
            typed = {name: values.pop(name) for name in options}
            given = {name: value for name, value in typed.items() if name not in own or value is not None}
            settings = {
                parameter: each(**{one.name: given[one.name] for one in dataclasses.fields(each) if one.name in given})
                for parameter, each in kinds.items()
            }
            return command(**values, **settings)

        return with_signature(run, command, tuple(kinds), list(options.values()))

    return decorate


def with_signature(
    run: Callable[..., Any], command: Callable[..., Any], left_out: tuple[str, ...], options: list[inspect.Parameter]
) -> Callable[..., Any]:
    """Return `run` with the parameters of a command, but some, and further options: what the parser reads.

    Args:
        run: wraps the command and takes keywords only.
        command: whose own parameters come first.
        left_out: the command's parameters that `run` makes from the options.
        options: the further parameters.
    """
    own = [p for p in inspect.signature(command, eval_str=True).parameters.values() if p.name not in left_out]
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
    choices = choices_of(hint)
    option = typer.Option(
        *flags,
        help=in_options(str(field.metadata["help"])),
        show_default=field.default is not None,
        metavar="|".join(choices) if choices else None,
        rich_help_panel=field.metadata.get("group"),
    )
    # A choice is parsed as text: the settings refuse wrong words, and offer the nearest right one.
    kind: Any = Optional[str] if choices else hint  # noqa: UP045 (an object, built at run time)
    annotation = typing.Annotated[kind, option]
    return inspect.Parameter(field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=annotation)


def _unset(parameter: inspect.Parameter) -> inspect.Parameter:
    """Return an option of several settings classes that differ in its default: empty unless it is typed."""
    hint, option = typing.get_args(parameter.annotation)
    option.show_default = False
    kind: Any = Optional[hint]  # noqa: UP045 (an object, built at run time)
    return parameter.replace(default=None, annotation=typing.Annotated[kind, option])
