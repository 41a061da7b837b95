"""`animato animate`: render a video of a person moved by a driver."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from animato.cli.ask_consent import consent_of
from animato.cli.from_settings import with_options
from animato.cli.output_path import output_path
from animato.cli.printing import print_json, print_line
from animato.cli.progress import progress_bar
from animato.settings.animate import AnimateSettings
from animato.settings.consent import ConsentSettings


@with_options(AnimateSettings, consent=ConsentSettings)
def animate(
    photos: Annotated[
        list[Path],
        typer.Argument(
            metavar="PHOTO...", help="1 to 32 photos of one person, one painting, or a head file (`animato head save`)."
        ),
    ],
    driver: Annotated[
        str,
        typer.Option(
            "--driver",
            "-d",
            metavar="CLIP",
            help="Video, sound of a voice, or .motion file that supplies the motion, or the name of a bundled motion.",
        ),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="PATH",
            parser=output_path,
            help="Output: .mp4, .webm, .mov, .gif, or a folder for PNG frames.",
        ),
    ],
    settings: AnimateSettings,
    consent: ConsentSettings,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the output if it exists.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Render a video of the person in PHOTO moved by CLIP. It is watermarked and signed; see `animato verify`.

    Bundled motions: talk, nod, smile, blink, look (`animato motion list`).
    """
    from animato import api
    from animato.pipeline.casting import head_file_path

    given = consent.given() if head_file_path(list(photos)) or settings.person else consent_of(consent)
    with progress_bar("animating", quiet=quiet or as_json) as progress:
        result = api.animate(
            list(photos), driver, output, settings, consent=given, overwrite=overwrite, progress=progress
        )
    if as_json:
        print_json(result.to_json())
        return
    if quiet:
        return
    for warning in result.warnings:
        print_line(f"note: {warning}")
    size = f"{result.width} x {result.height}, {result.frames} frames at {float(result.fps):g} per second"
    typer.echo(f"{result.path}: {size}, watermark {result.mark_id}")
    if result.jitter is not None:
        driver_jitter = f", driver {result.driver_jitter:.2f}" if result.driver_jitter is not None else ""
        typer.echo(f"jitter {result.jitter:.2f} px at 256{driver_jitter} (mean second difference of the landmarks)")
