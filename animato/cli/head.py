"""`animato head`: save a head file from photos."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from animato.cli.answers import print_line
from animato.cli.from_settings import with_options
from animato.cli.output_path import output_path
from animato.settings.consent import ConsentSettings


@with_options(ConsentSettings)
def head(
    photos: Annotated[
        list[Path], typer.Argument(metavar="PHOTO...", help="One to 32 photos of one person, or one painting.")
    ],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="PATH", parser=output_path, help="Head file to make: .animato."),
    ],
    settings: ConsentSettings,
    face: Annotated[
        str, typer.Option(help="Which face of each photo: largest, left, right, or a number counted from the left.")
    ] = "largest",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the output if it exists.")] = False,
) -> None:
    """Save the photos of a person, and what is found in them, as one file that `animato animate` takes like a photo.

    The file holds the photos and the record of consent; keep it as you keep the photos.
    """
    from animato.api import Animator

    with Animator() as animator:
        made = animator.head(list(photos), face)
    made.save(output, settings, overwrite=overwrite)
    for sentence in made.warnings:
        print_line(f"note: {sentence}")
    typer.echo(f"{output}: {len(made.photos)} photo{'s' * (len(made.photos) > 1)}; animated first: {made.photo.name}")
