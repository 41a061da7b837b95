"""`animato pose`: render a still of a person with an expression."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from animato.cli.ask_consent import consent_of
from animato.cli.from_settings import with_options, with_signature
from animato.cli.output_path import output_path
from animato.cli.printing import print_json, print_line
from animato.settings.animate import AnimateSettings
from animato.settings.consent import ConsentSettings
from animato.settings.controls import CONTROLS
from animato.settings.motion import MotionSettings

OF_VIDEOS = frozenset(MotionSettings.__dataclass_fields__) | {
    *("offset", "start", "end", "audio", "sound", "fps", "crf"),
}
"""Settings of movement and video, which a still has not; `neutralise` is among the controls."""


def with_controls(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add one option per control to a command, which receives those that are given in its parameter `controls`."""
    options = []
    for control in CONTROLS:
        limits = f" {control.low:g} to {control.high:g}{f' {control.unit}' if control.unit else ''}."
        flag = f"--{control.name.replace('_', '-')}"
        option = typer.Option(flag, help=control.help + limits, rich_help_panel=control.group)
        kind = Annotated[Optional[float], option]  # noqa: UP045 (built at run time from a value)
        options.append(inspect.Parameter(control.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind))

    @functools.wraps(command)
    def run(**values: Any) -> Any:
        given = {option.name: values.pop(option.name) for option in options}
        return command(**values, controls={name: value for name, value in given.items() if value is not None})

    return with_signature(run, command, ("controls",), options)


@with_controls
@with_options(AnimateSettings, OF_VIDEOS, consent=ConsentSettings)
def pose(
    photos: Annotated[
        list[Path],
        typer.Argument(
            metavar="PHOTO...", help="1 to 32 photos of one person, one painting, or a head file (`animato head save`)."
        ),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="PATH", parser=output_path, help="Output, ending in .png.")
    ],
    settings: AnimateSettings,
    consent: ConsentSettings,
    controls: dict[str, float],
    expression: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Saved expression, or values such as smile=0.4,yaw=5; options replace them."),
    ] = None,
    like: Annotated[
        Path | None, typer.Option(metavar="PICTURE", help="Take the expression of the face in a picture.")
    ] = None,
    save: Annotated[
        Path | None, typer.Option("--save-expression", metavar="FILE", help="Also save the expression, as .json.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the output if it exists.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Render a still of the person in PHOTO with an expression. It is labelled, watermarked and signed.

    The controls are described in docs/controls.md.
    """
    from animato import api
    from animato.motion.expression_file import Expression, controls_of_text, save_expression
    from animato.pipeline.casting import head_file_path

    values = {**(controls_of_text(expression) if expression else {}), **controls}
    given = consent.given() if head_file_path(list(photos)) or settings.person else consent_of(consent)
    result = api.pose(list(photos), values, output, settings, like=like, consent=given, overwrite=overwrite)
    if save is not None:
        taken = api.expression_of(like, settings.driver_face) if like is not None else {}
        save_expression(save, Expression(save.stem, {**taken, **values}))
    if as_json:
        print_json(result.to_json())
        return
    for warning in result.warnings:
        print_line(f"note: {warning}")
    typer.echo(f"{result.path}: {result.width} x {result.height}, watermark {result.mark_id}")
