"""Generate command-line options from a settings dataclass, the single source of names, defaults and help."""

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


def with_options(
    kind: type[Any], leave_out: frozenset[str] = frozenset(), **more: type[Any]
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add one option per field of a settings dataclass to a command, after its own parameters.

    The command receives an instance of `kind` in its parameter `settings`.

    Args:
        kind: a settings dataclass with fields from `animato.settings.base.setting`.
        leave_out: fields without an option, which keep their defaults.
        more: further parameters of the command, with their settings dataclasses. A field that several of them have,
            such as the seed, becomes one option; if the defaults differ, each keeps its own unless the option is given.
    """
    kinds = {"settings": kind, **more}
    shown = {name: _fields(each, leave_out) for name, each in kinds.items()}
    fields = [field for each in shown.values() for field in each]
    differing = {field.name for field in fields if len({f.default for f in fields if f.name == field.name}) > 1}

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        options: dict[str, inspect.Parameter] = {}
        for parameter, each in kinds.items():
            hints = typing.get_type_hints(each)
            for field in shown[parameter]:
                if field.name in differing:
                    sharing = [other for other in fields if other.name == field.name]
                    options.setdefault(field.name, _shared_option(sharing, hints[field.name]))
                else:
                    options.setdefault(field.name, _option(field, hints[field.name]))

        @functools.wraps(command)
        def run(**values: Any) -> Any:
            parsed = {name: values.pop(name) for name in options}
            given = {name: value for name, value in parsed.items() if name not in differing or value is not None}
            settings = {
                parameter: each(**{f.name: given[f.name] for f in dataclasses.fields(each) if f.name in given})
                for parameter, each in kinds.items()
            }
            return command(**values, **settings)

        return with_signature(run, command, tuple(kinds), list(options.values()))

    return decorate


def _fields(kind: type[Any], leave_out: frozenset[str]) -> list[dataclasses.Field[Any]]:
    return [field for field in dataclasses.fields(kind) if field.name not in leave_out]


def with_signature(
    run: Callable[..., Any], command: Callable[..., Any], generated: tuple[str, ...], options: list[inspect.Parameter]
) -> Callable[..., Any]:
    """Set the signature of `run`, from which typer builds the parser: a command's own parameters plus options.

    Args:
        run: wrapper of the command; takes keywords only.
        command: its own parameters come first.
        generated: parameters of the command that `run` builds from the options.
        options: additional parameters.

    Returns:
        `run`.
    """
    own = [p for p in inspect.signature(command, eval_str=True).parameters.values() if p.name not in generated]
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
    # Choices are parsed as text; the settings validate them and suggest the closest match.
    kind: Any = Optional[str] if choices else hint  # noqa: UP045 (an object, built at run time)
    annotation = typing.Annotated[kind, option]
    return inspect.Parameter(field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=annotation)


def _shared_option(fields: list[dataclasses.Field[Any]], hint: Any) -> inspect.Parameter:
    """Return the option for a field that several settings have with different defaults; None unless given."""
    name = fields[0].name.replace("_", "-")
    texts = [f"{field.metadata['help']} [default: {field.default}]" for field in fields]
    group = fields[0].metadata.get("group")
    option = typer.Option(f"--{name}", help=in_options(" ".join(texts)), show_default=False, rich_help_panel=group)
    annotation = typing.Annotated[Optional[hint], option]  # noqa: UP045 (built at run time from a value)
    return inspect.Parameter(fields[0].name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
