"""`animato head`: save a head file from photos."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from animato.cli.from_settings import with_options
from animato.cli.output_path import output_path
from animato.cli.printing import print_line
from animato.settings.consent import ConsentSettings


@with_options(ConsentSettings)
def head(
    photos: Annotated[
        list[Path], typer.Argument(metavar="PHOTO...", help="1 to 32 photos of one person, or one painting.")
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="PATH", parser=output_path, help="Head file to write, ending in .animato."
        ),
    ],
    settings: ConsentSettings,
    face: Annotated[
        str, typer.Option(help="Face to use in each photo: largest, left, right, or a number from the left.")
    ] = "largest",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the output if it exists.")] = False,
) -> None:
    """Save analysed photos of a person as a head file, which `animato animate` accepts in place of photos.

    The file contains the photos and the consent record, so store it as carefully as the photos.
    """
    from animato.api import Animator

    with Animator() as animator:
        result = animator.head(list(photos), face)
    result.save(output, settings, overwrite=overwrite)
    for warning in result.warnings:
        print_line(f"note: {warning}")
    count = f"{len(result.photos)} photo{'s' * (len(result.photos) > 1)}"
    typer.echo(f"{output}: {count}; {result.photo.name} is animated")
