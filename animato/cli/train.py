"""`animato train`: meta-train the 2019 system on a prepared folder."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from animato.cli.from_recipe import with_overrides
from animato.cli.option_names import in_options
from animato.cli.output_path import output_path
from animato.cli.plan_options import Price, Processes, Tflops
from animato.cli.printing import print_json, print_line
from animato.settings.training import RECIPES, TrainSettings, recipe_settings

if TYPE_CHECKING:
    from animato.training.loop import Progress


@with_overrides(TrainSettings)
def train(
    data: Annotated[Path, typer.Option("--data", metavar="DIR", help="A folder made by `animato data prepare`.")],
    output: Annotated[
        Path,
        typer.Option(
            "-o", "--output", metavar="RUN", parser=output_path, help="Run folder; repeat the command to resume."
        ),
    ],
    overrides: dict[str, Any],
    recipe: Annotated[
        str,
        typer.Option(
            "--recipe",
            metavar="|".join(sorted(RECIPES)),
            help="paper: the 2019 system at full size; large: the same for a million clips and 8 GPUs; small: 128 px, "
            "for a CPU; tiny: a trial run of minutes. Each option below overrides one setting of the recipe.",
        ),
    ] = "small",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Time a few steps, print an estimate of the whole run, then exit.")
    ] = False,
    processes: Processes = 1,
    price: Price = None,
    tflops: Tflops = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Meta-learn embedder, generator and discriminator on clips of many people.

    Supports distributed training with torchrun. `animato adapt` starts from RUN/model.safetensors.
    """
    from animato.training.estimate import Machine
    from animato.training.jobs import estimate_on_folder, train_on_folder

    settings = recipe_settings(recipe, overrides)
    if dry_run:
        estimate = estimate_on_folder(settings, data, output, Machine(processes, price, tflops))
        if as_json:
            print_json(dataclasses.asdict(estimate))
        else:
            typer.echo("\n".join(in_options(line) for line in estimate.sentences()))
        return
    result = train_on_folder(settings, data, output, None if as_json else _print_progress)
    if os.environ.get("RANK", "0") != "0":
        return
    for note in result.notes:
        print_line(f"note: {note}")
    if as_json:
        print_json({"model": str(result.model), "episodes": result.episodes, "notes": result.notes})
    else:
        typer.echo(f"{result.model} after {result.episodes} episodes")


def _print_progress(progress: Progress) -> None:
    if progress.kind == "validation":
        measured = "  ".join(f"{name} {value:.3f}" for name, value in progress.figures.items())
        typer.echo(f"{'':>8} validation  {measured}", err=True)
        return
    left = (progress.total - progress.done) / max(progress.speed, 1e-9)
    figures = progress.figures
    printed = "  ".join(f"{name} {figures[key]:.2f}" for name, key in _PRINTED_FIGURES if key in figures)
    typer.echo(
        f"{progress.done:>8}/{progress.total}  {progress.speed:5.1f}/s  {left / 60:6.0f} min left  {printed}",
        err=True,
    )


_PRINTED_FIGURES = (
    ("generator", "loss_drawer"),
    ("discriminator", "loss_critic"),
    ("pixel", "loss_pixel"),
    ("accuracy real", "critic_real_right"),
    ("accuracy generated", "critic_fake_right"),
    ("diversity", "drawn_spread"),
)
