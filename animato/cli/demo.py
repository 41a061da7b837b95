"""`animato demo`: animate a sample photo with a bundled motion."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from animato.cli.output_path import output_path


def demo(
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="PATH", parser=output_path, help="Folder for the video and its contact sheet."
        ),
    ] = Path("out"),
    driver: Annotated[str, typer.Option("--driver", "-d", help="A bundled motion, a video or a motion file.")] = "talk",
) -> None:
    """Animate the bundled portrait, which shows a computer-made head, with a bundled motion."""
    from animato import api
    from animato.cli.progress import progress_bar
    from animato.media.contact_sheet import contact_sheet
    from animato.media.disk import output_error
    from animato.pipeline.demo import DEMO_CREDIT, DEMO_PHOTO, demo_consent
    from animato.settings.animate import AnimateSettings

    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise output_error(output, problem) from problem
    video = output / "demo.mp4"
    with progress_bar("animating") as progress:
        result = api.animate(
            DEMO_PHOTO,
            driver,
            video,
            AnimateSettings(frame="crop"),
            consent=demo_consent(),
            overwrite=True,
            progress=progress,
        )
    sheet = contact_sheet(video, output / "demo.jpg")
    typer.echo(
        f"video          {video}  ({result.frames} frames, {result.frames_a_second:.0f} per second, first after "
        f"{result.first_frame_seconds:.1f} s)"
    )
    typer.echo(f"portrait       {DEMO_CREDIT}; ground of consent: {result.consents[0]['ground']}")
    typer.echo(f"contact sheet  {sheet}")
    typer.echo(f"check it with  animato verify {video}")
