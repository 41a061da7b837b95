"""`animato adapt`: fine-tune on photos of a person and save a person file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from animato.cli.ask_consent import consent_of
from animato.cli.from_settings import with_options
from animato.cli.output_path import output_path
from animato.cli.printing import print_findings, print_json, print_line
from animato.cli.progress import progress_bar
from animato.errors import UsageError
from animato.settings.adapt import AdaptSettings
from animato.settings.consent import ConsentSettings
from animato.settings.portrait import PortraitAdaptSettings

if TYPE_CHECKING:
    from animato.training.adapt import AdaptProgress


@with_options(AdaptSettings, portrait=PortraitAdaptSettings, consent=ConsentSettings)
def adapt(
    photos: Annotated[list[Path], typer.Argument(metavar="PHOTOS...", help="1 to 32 photos of one person.")],
    output: Annotated[
        Path,
        typer.Option(
            "-o", "--output", metavar="FILE", parser=output_path, help="Person file to write, such as me.animato."
        ),
    ],
    settings: AdaptSettings,
    portrait: PortraitAdaptSettings,
    consent: ConsentSettings,
    model: Annotated[
        str, typer.Option(metavar="portrait|paper", help="Model to adapt: the default renderer, or the 2019 system.")
    ] = "portrait",
    weights: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="portrait: a file from `animato train-portrait`; default: the shipped weights. paper: a model file "
            "or run folder from `animato train`.",
        ),
    ] = None,
    face: Annotated[
        str, typer.Option(help="Face to use in each photo: largest, left, right, or a number from the left.")
    ] = "largest",
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Fine-tune a model on photos of a person, for use with `animato animate --person FILE` and the same --model."""
    from animato.training.personalise import adapt_photos, adapt_portrait_photos

    if model not in ("portrait", "paper"):
        raise UsageError(f"--model cannot be {model!r}", where="one of: portrait, paper")
    if model == "paper" and weights is None:
        raise UsageError("--model paper needs --weights", hint="--weights with the run folder from `animato train`")
    given = consent_of(consent)
    with progress_bar("adapting", quiet=as_json) as update:

        def report(progress: AdaptProgress) -> None:
            if update is not None:
                update(progress.iteration, progress.total)

        def report_steps(_network: str, steps: int, total: int) -> None:
            if update is not None:
                update(steps, total)

        if weights is not None and model == "paper":
            result = adapt_photos(photos, output, weights, settings, given, face, report)
        else:
            result = adapt_portrait_photos(photos, output, weights, portrait, given, face, report_steps)
    if as_json:
        print_json(result.to_json())
        return
    for warning in result.warnings:
        print_line(f"note: {warning}")
    typer.echo(f"{result.output}: {result.photos} photos{_summary(result.adaptation)}")
    print_findings(result.report)


def _summary(adaptation: dict[str, Any]) -> str:
    if "networks" not in adaptation:
        return f", {adaptation['iterations']} iterations, stopped by {adaptation['stopped']}"
    lines = [f", {adaptation['seconds']:.0f} seconds"]
    for name, report in adaptation["networks"].items():
        if not report["steps"]:
            lines.append(f"  {name}: unchanged, {report['ended']}")
            continue
        gain = 100 * (1 - report["after"] / report["before"]) if report["changed"] else 0.0
        change = f"validation loss {gain:.1f} % lower" if report["changed"] else "unchanged"
        lines.append(f"  {name}: {change}, {report['steps']} steps, {report['ended']}")
    return "\n".join(lines)
