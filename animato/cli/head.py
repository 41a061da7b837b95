"""`animato head save | show`: save a head file from photos, and print the report card of a head."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from animato.cli.ask_consent import consent_of
from animato.cli.from_settings import with_options
from animato.cli.help_page import GroupedCommand
from animato.cli.output_path import output_path
from animato.cli.printing import print_findings, print_json, print_line
from animato.settings.consent import ConsentSettings
from animato.settings.engine import EngineSettings

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Save photos of a person as a head; inspect heads.")

Face = Annotated[str, typer.Option(help="Face to use in each photo: largest, left, right, or a number from the left.")]


@app.command(
    cls=GroupedCommand,
    epilog="animato head save me.jpg side.jpg --consent self -o me.animato\n"
    "animato animate me.animato --driver talk -o me.mp4",
)
@with_options(ConsentSettings, engine=EngineSettings)
def save(
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
    engine: EngineSettings,
    consent_clip: Annotated[
        Path | None,
        typer.Option(
            metavar="CLIP",
            help="Video in which the person gives consent (`animato consent phrase`); its face is compared with the "
            "photos. Needs the extra evaluation.",
        ),
    ] = None,
    face: Face = "largest",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the output if it exists.")] = False,
) -> None:
    """Save analysed photos of a person as a head file, which `animato animate` accepts in place of photos.

    The file contains the photos and the consent record, so store it as carefully as the photos.
    """
    from animato.api import Animator
    from animato.media.disk import check_not_input

    check_not_input(output, photos)  # a head file may be given in place of photos
    consent = consent_of(settings)
    with Animator(device=engine.device, backend=engine.backend) as animator:
        result = animator.head(list(photos), face, consent=consent)
        if consent_clip is not None:
            from animato.evaluation.consent_clip import check_clip
            from animato.pipeline.casting import shared_finder

            found = check_clip(consent_clip, result, shared_finder(animator.engine))
            result = replace(result, consent=replace(result.consent, clip=found))
            print_line(f"note: consent clip: {found['verdict']} (cosine {found['cosine']:.3f}); see docs/consent.md")
    result.save(output, overwrite=overwrite)
    for warning in result.warnings:
        print_line(f"note: {warning}")
    count = f"{len(result.photos)} photo{'s' * (len(result.photos) > 1)}"
    typer.echo(f"{output}: {count}; {result.photo.name} is animated")


@app.command(cls=GroupedCommand, epilog="animato head show me.animato\nanimato head show me.jpg side.jpg")
@with_options(EngineSettings)
def show(
    head: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="A head file, or 1 to 32 photos of one person.")
    ],
    settings: EngineSettings,
    face: Face = "largest",
    as_json: Annotated[bool, typer.Option("--json", help="Print the report card as JSON.")] = False,
) -> None:
    """Print the report card of a head: what its photos support, and which photos would help most.

    Photos need no consent for this: no head is made.
    """
    from animato.api import Animator

    with Animator(device=settings.device, backend=settings.backend) as animator:
        report = animator.report(list(head), face)
    if as_json:
        print_json(report.to_json())
        return
    typer.echo(f"{report.photos} photo{'s' * (report.photos > 1)}; {report.photo} is animated")
    print_findings(report)
