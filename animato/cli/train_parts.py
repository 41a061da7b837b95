"""`animato train-parts`: train the network that labels the parts of a head."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from animato.cli.from_settings import with_options
from animato.cli.output_path import output_path
from animato.cli.printing import print_json
from animato.settings.parts import PartsTrainSettings

if TYPE_CHECKING:
    from animato.training.loop import Progress


@with_options(PartsTrainSettings)
def train_parts(
    labelled: Annotated[
        Path, typer.Option("--labelled", metavar="DIR", help="Rendered clips NAME.mp4 with labels NAME.npz.")
    ],
    output: Annotated[
        Path,
        typer.Option(
            "-o", "--output", metavar="RUN", parser=output_path, help="Run folder; the same command continues a run."
        ),
    ],
    settings: PartsTrainSettings,
    walls: Annotated[
        list[Path] | None, typer.Option("--walls", metavar="DIR", help="Photos and videos before plain walls.")
    ] = None,
    held_out: Annotated[
        list[Path] | None,
        typer.Option("--held-out", metavar="DIR", help="Clips whose heads are kept out of the training."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Train the network that finds hair, ears, skin, clothes and background of a photo, and its depth.

    RUN/parts.safetensors is the weight file.
    """
    from animato.training.parts.train import train_parts as train

    model = train(settings, labelled, walls or [], held_out or [], output, None if as_json else _report)
    if as_json:
        print_json({"model": str(model)})
    else:
        typer.echo(f"{model}")


def _report(progress: Progress) -> None:
    figures = "  ".join(f"{name} {value:.3f}" for name, value in progress.figures.items())
    typer.echo(f"{progress.done:>8}/{progress.total}  {progress.speed:5.2f}/s  {figures}", err=True)
