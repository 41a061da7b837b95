"""`animato train-portrait`: train the portrait renderer's networks on a prepared folder."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from animato.cli.from_recipe import with_overrides
from animato.cli.option_names import in_options
from animato.cli.output_path import output_path
from animato.cli.plan_options import Price, Processes, Tflops
from animato.cli.printing import print_json
from animato.settings.portrait import (
    PORTRAIT_RECIPES,
    PortraitTrainSettings,
    SampleSettings,
    portrait_recipe_settings,
)

if TYPE_CHECKING:
    from animato.training.loop import Progress


@with_overrides(PortraitTrainSettings, base="shipped", sample_settings=SampleSettings)
def train_portrait(
    data: Annotated[Path, typer.Option("--data", metavar="DIR", help="A folder made by `animato data prepare`.")],
    output: Annotated[
        Path,
        typer.Option(
            "-o", "--output", metavar="RUN", parser=output_path, help="Run folder; repeat the command to resume."
        ),
    ],
    overrides: dict[str, Any],
    sample_settings: SampleSettings,
    recipe: Annotated[
        str,
        typer.Option(
            "--recipe",
            metavar="|".join(PORTRAIT_RECIPES),
            help="shipped: as the bundled weights, for a CPU; large: for a million clips and 8 GPUs. Each option below "
            "overrides one setting of the recipe.",
        ),
    ] = "shipped",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Time a few steps, print an estimate of the whole run, then exit.")
    ] = False,
    processes: Processes = 1,
    price: Price = None,
    tflops: Tflops = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Train the networks of the portrait renderer on clips of many people.

    Writes RUN/portrait.safetensors. Prepare DIR with --size 384 --fps 25. Supports distributed training with torchrun.
    """
    from animato.training.estimate import Machine
    from animato.training.portrait.job import estimate_portrait_on_folder, train_portrait_on_folder

    settings = portrait_recipe_settings(recipe, overrides)
    if dry_run:
        machine = Machine(processes, price, tflops)
        estimates = estimate_portrait_on_folder(settings, sample_settings, data, output, machine)
        if as_json:
            print_json([dataclasses.asdict(estimate) for estimate in estimates])
        else:
            typer.echo("\n\n".join(in_options("\n".join(estimate.sentences())) for estimate in estimates))
            typer.echo(f"\nall         {sum(estimate.hours for estimate in estimates):.1f} hours")
        return
    report, count = (None, None) if as_json else (_print_progress, _sample_counter())
    result = train_portrait_on_folder(settings, sample_settings, data, output, report, count)
    if os.environ.get("RANK", "0") != "0":
        return
    if as_json:
        model = None if result.model is None else str(result.model)
        print_json({"model": model, "cases": result.samples, "missing": list(result.missing)})
    elif result.model is None:
        typer.echo(f"{output}: portrait.safetensors is not complete; still to train: {', '.join(result.missing)}")
    else:
        typer.echo(f"{result.model}")


def _sample_counter() -> Callable[[int], None]:
    printed = 0

    def count(samples: int) -> None:
        nonlocal printed
        if samples - printed >= 500:
            typer.echo(f"{samples:>8} samples", err=True)
            printed = samples

    return count


def _print_progress(progress: Progress) -> None:
    figures = "  ".join(f"{name} {value:.3f}" for name, value in progress.figures.items())
    if progress.kind == "validation":
        typer.echo(f"{'':>8} {progress.name} validation  {figures}", err=True)
        return
    left = (progress.total - progress.done) / progress.speed
    typer.echo(
        f"{progress.done:>8}/{progress.total}  {progress.name}  {progress.speed:5.2f}/s  {left / 60:6.0f} min left"
        f"  {figures}",
        err=True,
    )
