"""`animato motion record | make | show | list`: record, make and inspect motion files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from animato.cli.help_page import GroupedCommand
from animato.cli.output_path import output_path
from animato.cli.printing import print_json, print_line
from animato.cli.progress import progress_bar

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Record motion from a video or a sound; inspect motion files."
)

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


@app.command(cls=GroupedCommand, epilog="animato motion record clip.mp4 -o mine.motion")
def record(
    video: Annotated[Path, typer.Argument(metavar="CLIP", help="Video of a face, or sound of a voice.")],
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="PATH", parser=output_path, help="Motion file to write, ending in .motion."
        ),
    ],
    name: Annotated[str, typer.Option(help="Title stored in the file.")] = "",
    attribution: Annotated[str, typer.Option(help="Creator to credit, stored in the file.")] = "",
    licence: Annotated[str, typer.Option(help="Licence of the motion, stored in the file.")] = "",
    start: Annotated[float, typer.Option(help="Start time, in seconds.")] = 0.0,
    end: Annotated[float | None, typer.Option(help="End time, in seconds.")] = None,
    neutral: Annotated[
        float | None, typer.Option(help="Time of the neutral frame, in seconds; detected by default.")
    ] = None,
    face: Annotated[
        str, typer.Option(help="Face to track: largest, left, right, or a number from the left.")
    ] = "largest",
    mouth_interior: Annotated[
        bool,
        typer.Option(
            "--mouth-interior/--no-mouth-interior",
            help="Also store the inside of open mouths (teeth, tongue) on a 16 x 28 grid.",
        ),
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file if it exists.")] = False,
    as_json: AsJson = False,
) -> None:
    """Save the motion of CLIP, without images of the face or its shape."""
    from animato import api
    from animato.settings.animate import AnimateSettings

    settings = AnimateSettings(start=start, end=end, neutral=neutral, driver_face=face, mouth_interior=mouth_interior)
    with progress_bar("recording", quiet=as_json) as progress:
        clip = api.record(
            video,
            output,
            settings,
            name=name,
            attribution=attribution,
            licence=licence,
            overwrite=overwrite,
            progress=progress,
        )
    dropouts = sum(not frame.tracked for frame in clip.frames)
    if as_json:
        print_json({"path": str(output), "frames": len(clip.frames), "dropouts": dropouts})
        return
    typer.echo(f"{output}: {len(clip.frames)} frames, {clip.duration:.2f} s, {output.stat().st_size / 1000:.0f} kB")
    if dropouts:
        print_line(f"note: no face found in {dropouts} frames; their motion was filled in")


@app.command(cls=GroupedCommand, epilog="animato motion make hello.json -o hello.motion")
def make(
    keyframes: Annotated[
        Path, typer.Argument(metavar="KEYFRAMES", help="JSON file of key frames of an expression (docs/controls.md).")
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="PATH", parser=output_path, help="Motion file to write, ending in .motion."
        ),
    ],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file if it exists.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a motion file from key frames."""
    from animato.errors import UsageError
    from animato.media.disk import check_not_input
    from animato.motion.keyframes import load_keyframes
    from animato.motion.motion_file import SUFFIX, save_motion
    from animato.pipeline.output import check_target

    if output.suffix.lower() != SUFFIX:
        raise UsageError("the name of a motion file must end in .motion", where=str(output))
    check_target(output, "motion", overwrite)
    check_not_input(output, [keyframes])
    clip = load_keyframes(keyframes)
    save_motion(output, clip)
    if as_json:
        print_json({"path": str(output), "frames": len(clip.frames), "seconds": clip.duration})
        return
    typer.echo(f"{output}: {len(clip.frames)} frames, {clip.duration:.2f} s, {output.stat().st_size / 1000:.0f} kB")


@app.command(cls=GroupedCommand, epilog="animato motion show talk")
def show(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A motion file, or the name of a bundled motion.")],
    as_json: AsJson = False,
) -> None:
    """Print the properties of a motion file."""
    from animato.appearance.channels import CHANNELS
    from animato.motion.bundled import find_driver
    from animato.motion.motion_file import load_motion

    clip = load_motion(find_driver(str(path)), CHANNELS)
    values = {
        "name": clip.name,
        "frames": len(clip.frames),
        "fps": float(clip.fps),
        "seconds": clip.duration,
        "attribution": clip.attribution,
        "licence": clip.licence,
    }
    if as_json:
        print_json(values)
        return
    for key, value in values.items():
        typer.echo(f"{key:<12} {value}")


@app.command("list", cls=GroupedCommand, epilog="animato motion list")
def list_bundled(as_json: AsJson = False) -> None:
    """List the bundled motions."""
    from animato.motion.bundled import bundled

    names = sorted(bundled())
    if as_json:
        print_json(names)
        return
    for name in names:
        typer.echo(name)
