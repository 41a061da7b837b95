"""`animato animate`: the main job."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from animato.cli.answers import print_json, print_line
from animato.cli.from_settings import with_options
from animato.cli.output_path import output_path
from animato.cli.progress import progress_bar
from animato.settings.animate import AnimateSettings


@with_options(AnimateSettings)
def animate(
    photos: Annotated[
        list[Path],
        typer.Argument(
            metavar="PHOTO...", help="One to 32 photos of one person, one painting, or a head file (`animato head`)."
        ),
    ],
    driver: Annotated[
        str,
        typer.Option(
            "--driver", "-d", metavar="CLIP", help="Video or .motion file that gives the movement, or a bundled name."
        ),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="PATH",
            parser=output_path,
            help="Video to make: .mp4, .webm, .gif, or a folder for PNG frames.",
        ),
    ],
    settings: AnimateSettings,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the output if it exists.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Make a video of the person in PHOTO moved by CLIP. It is marked and signed; `animato verify` reads that back.

    Bundled movements: talk, nod, smile, blink, look (`animato motion list`).
    """
    from animato import api

    with progress_bar("animating", quiet=quiet or as_json) as progress:
        result = api.animate(list(photos), driver, output, settings, overwrite=overwrite, progress=progress)
    if as_json:
        print_json(result.to_json())
        return
    if quiet:
        return
    for sentence in result.warnings:
        print_line(f"note: {sentence}")
    size = f"{result.width} x {result.height}, {result.frames} frames at {float(result.fps):g} a second"
    typer.echo(f"{result.path}: {size}, mark {result.mark_id}")
    if result.jitter is not None:
        against = f", driver {result.driver_jitter:.2f}" if result.driver_jitter is not None else ""
        typer.echo(f"jitter {result.jitter:.2f} px at 256{against} (mean second difference of the landmarks)")
