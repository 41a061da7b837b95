"""`animato train`: meta-train the 2019 system on a prepared folder."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from animato.cli.answers import print_json, print_line
from animato.cli.from_recipe import with_changes
from animato.cli.output_path import output_path
from animato.settings.training import RECIPES, TrainSettings, recipe_settings

if TYPE_CHECKING:
    from animato.training.meta import Progress


@with_changes(TrainSettings)
def train(
    data: Annotated[Path, typer.Option("--data", metavar="DIR", help="A folder made by `animato data prepare`.")],
    output: Annotated[
        Path,
        typer.Option(
            "-o", "--output", metavar="RUN", parser=output_path, help="Run folder; the same command continues a run."
        ),
    ],
    changes: dict[str, Any],
    recipe: Annotated[
        str,
        typer.Option(
            "--recipe",
            metavar="|".join(sorted(RECIPES)),
            help="paper: the 2019 system at full size; small: 128 px for a processor; tiny: minutes, to try things "
            "out. Every option below changes one setting of the recipe.",
        ),
    ] = "small",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Measure a few steps, say what the run will take, and stop.")
    ] = False,
    price: Annotated[
        float | None, typer.Option(help="Price of an hour of this machine, for the cost line of --dry-run.", min=0.0)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Meta-learn embedder, generator and discriminator on many people's clips.

    Under torchrun several processes train one model. RUN/model.safetensors is what `animato adapt` starts from.
    """
    from animato.training.jobs import estimate_on_folder, train_on_folder

    settings = recipe_settings(recipe, changes)
    if dry_run:
        found = estimate_on_folder(settings, data, output, price)
        print_json(dataclasses.asdict(found)) if as_json else "\n".join(found.sentences())
        return
    result = train_on_folder(settings, data, output, None if as_json else _tell)
    if os.environ.get("RANK", "0") != "0":
        return
    for note in result.notes:
        print_line(f"note: {note}")
    if as_json:
        print_json({"model": str(result.model), "episodes": result.episodes, "notes": result.notes})
    else:
        typer.echo(f"{result.model} after {result.episodes} episodes")


def _tell(progress: Progress) -> None:
    left = (progress.total - progress.episodes) / max(progress.speed, 1e-9)
    figures = progress.figures
    shown = "  ".join(f"{name} {figures[key]:.2f}" for name, key in _SHOWN if key in figures)
    typer.echo(
        f"{progress.episodes:>8}/{progress.total}  {progress.speed:5.1f}/s  {left / 60:6.0f} min left  {shown}",
        err=True,
    )


_SHOWN = (
    ("drawer", "loss_drawer"),
    ("critic", "loss_critic"),
    ("pixel", "loss_pixel"),
    ("real right", "critic_real_right"),
    ("drawn right", "critic_fake_right"),
    ("spread", "drawn_spread"),
)
