"""`animato adapt`: make a person file from photos."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from animato.cli.answers import print_json, print_line
from animato.cli.from_settings import with_options
from animato.cli.output_path import output_path
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
        Path, typer.Option("-o", "--output", metavar="FILE", parser=output_path, help="Person file such as me.animato.")
    ],
    settings: AdaptSettings,
    portrait: PortraitAdaptSettings,
    consent: ConsentSettings,
    model: Annotated[
        str, typer.Option(metavar="portrait|paper", help="What is adapted: the default renderer, or the 2019 system.")
    ] = "portrait",
    weights: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="portrait: a file of `animato train-portrait`; default: the shipped one. paper: a model file or a run "
            "folder of `animato train`.",
        ),
    ] = None,
    face: Annotated[str, typer.Option(help="Which face of a photo: largest, left, right, or a number.")] = "largest",
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Adapt to photos of a person; `animato animate --person FILE`, with the same --model, draws with the result."""
    from animato.training.personalise import adapt_photos, adapt_portrait_photos

    if model not in ("portrait", "paper"):
        raise UsageError(f"--model cannot be {model!r}", where="one of: portrait, paper")
    if model == "paper" and weights is None:
        raise UsageError("--model paper needs --weights", hint="--weights with the run folder of `animato train`")
    with progress_bar("adapting", quiet=as_json) as told:

        def report(progress: AdaptProgress) -> None:
            if told is not None:
                told(progress.iteration, progress.total)

        def count(_network: str, steps: int, total: int) -> None:
            if told is not None:
                told(steps, total)

        if weights is not None and model == "paper":
            result = adapt_photos(photos, output, weights, settings, consent, face, report)
        else:
            result = adapt_portrait_photos(photos, output, weights, portrait, consent, face, count)
    if as_json:
        print_json(result.to_json())
        return
    for warning in result.warnings:
        print_line(f"note: {warning}")
    typer.echo(f"{result.output}: {result.photos} photos{_story(result.adaptation)}")


def _story(adaptation: dict[str, Any]) -> str:
    if "networks" not in adaptation:
        return f", {adaptation['iterations']} iterations, ended by {adaptation['stopped']}"
    lines = [f", {adaptation['seconds']:.0f} seconds"]
    for name, told in adaptation["networks"].items():
        if not told["steps"]:
            lines.append(f"  {name}: left as it was, {told['ended']}")
            continue
        change = f"{100 * (1 - told['after'] / told['before']):.1f} % better" if told["changed"] else "left as it was"
        lines.append(f"  {name}: {change} on what was kept aside, {told['steps']} steps, {told['ended']}")
    return "\n".join(lines)
