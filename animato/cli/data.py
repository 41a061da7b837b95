"""`animato data prepare | check | index | show`: prepare videos and images as shards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from animato.cli.from_settings import with_options
from animato.cli.help_page import GroupedCommand
from animato.cli.output_path import output_path
from animato.cli.printing import exit_with, print_json
from animato.cli.progress import progress_bar
from animato.errors import FileFormatError, InputError, InterruptedRunError, PartlyDoneError
from animato.settings.data import CheckSettings, IndexSettings, PrepareSettings, ShowSettings

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Prepare videos and images for training and evaluation; check, index and show the result.",
)

Prepared = Annotated[Path, typer.Argument(metavar="DIR", help="A folder made by `animato data prepare`.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]

UNREADABLE = ("unreadable", "crashed", "missing")
"""Reasons for dropping a clip that are errors in its file, rather than unsuitable content."""


@app.command(cls=GroupedCommand, epilog="animato data prepare clips -o prepared")
@with_options(PrepareSettings)
def prepare(
    sources: Annotated[
        list[Path], typer.Argument(metavar="SOURCE...", help="Videos, images, or folders of them in any layout.")
    ],
    output: Annotated[
        Path,
        typer.Option(
            "-o", "--output", metavar="DIR", parser=output_path, help="Folder for the shards and manifest.json."
        ),
    ],
    settings: PrepareSettings,
    manifest: Annotated[
        Path | None,
        typer.Option(
            help="CSV with a column `path` and any of person, kind, group, source, licence, attribution, consent, "
            "split. A manifest.csv in SOURCE or its parent folder is used automatically."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Track the face in each clip, crop it, and write crops and landmarks into shards.

    Run the command again to resume, or to add new files. Several processes may write to the same folder.
    """
    from animato.data.prepare import prepare as prepare_data

    try:
        with progress_bar("preparing", quiet=as_json) as progress:
            result = prepare_data(sources, output, settings, manifest, progress)
    except KeyboardInterrupt:
        hint = "run the same command again to resume; finished clips are kept"
        raise InterruptedRunError(f"stopped before {output} was complete", hint=hint) from None
    summary = result.manifest["summary"]
    dropped = result.manifest["dropped"]
    if as_json:
        print_json({"folder": str(output), **summary, "elsewhere": result.elsewhere})
    else:
        for line in _summary_lines(summary, dropped, len(result.unlisted), result.elsewhere):
            typer.echo(line)
        typer.echo(f"{output / 'manifest.json'}")
    if not summary["clips"] and not result.elsewhere:
        where = ", ".join(f"{count} {reason}" for reason, count in summary["dropped"].items())
        exit_with(InputError("no clip could be prepared", where=where), as_json)
    broken = [item["file"] for item in dropped if item["reason"] in UNREADABLE]
    if broken:
        problem = PartlyDoneError(
            f"{len(broken)} files could not be read; the others were prepared",
            where=", ".join(broken[:5]) + (", ..." if len(broken) > 5 else ""),
            hint=f"see the reasons under `dropped` in {output / 'manifest.json'}",
        )
        exit_with(problem, as_json)


@app.command(cls=GroupedCommand, epilog="animato data check prepared")
@with_options(CheckSettings)
def check(folder: Prepared, settings: CheckSettings, as_json: AsJson = False) -> None:
    """Verify checksums, counts and images, and that no person is in two splits. Exit code 3 if there are problems."""
    from animato.data.check import check_folder

    with progress_bar("checking", quiet=as_json) as progress:
        result = check_folder(folder, settings, progress)
    if as_json:
        print_json({"folder": str(folder), **vars(result)})
    else:
        for problem in result.problems:
            typer.echo(problem)
        typer.echo(f"{result.clips} clips, {result.frames} frames in {result.shards} shards; {result.decoded} decoded")
    if result.problems:
        exit_with(FileFormatError(f"{folder} has {len(result.problems)} problems", where=result.problems[0]), as_json)


@app.command(cls=GroupedCommand, epilog="animato data index prepared")
@with_options(IndexSettings)
def index(folder: Prepared, settings: IndexSettings) -> None:
    """Measure pose, light and sharpness of each clip, find near-duplicates, and write index/clips.parquet into DIR.

    Run the command again to resume, or after new clips were prepared. Needs the extra index.
    """
    from animato.data.index import build_index

    with progress_bar("measuring") as progress:
        path = build_index(folder, settings, progress)
    typer.echo(f"{path}")


@app.command(cls=GroupedCommand, epilog="animato data show prepared -o sheet.jpg")
@with_options(ShowSettings)
def show(
    folder: Prepared,
    output: Annotated[
        Path,
        typer.Option("-o", "--output", metavar="FILE", parser=output_path, help="Picture to write, .png or .jpg."),
    ],
    settings: ShowSettings,
) -> None:
    """Write a contact sheet of a prepared folder, or with --stats histograms of its index."""
    from animato.data.show import show_folder
    from animato.data.statistics import show_statistics

    if settings.stats:
        for line in show_statistics(folder, output, settings.split):
            typer.echo(line)
    else:
        width, height = show_folder(folder, output, settings)
        typer.echo(f"{output} ({width} x {height})")


def _summary_lines(
    summary: dict[str, Any], dropped: list[dict[str, Any]], unlisted: int, elsewhere: int
) -> Iterator[str]:
    """Yield the lines of the text summary."""
    yield f"{summary['clips']} clips, {summary['frames']} frames of {summary['people']} people"
    for name, counts in summary["splits"].items():
        yield f"  {name:<6} {counts['people']} people, {counts['clips']} clips, {counts['frames']} frames"
    for reason, count in sorted(summary["dropped"].items()):
        example = next(item for item in dropped if item["reason"] == reason)
        yield f"  dropped {count}: {reason}, for example {example['file']} ({example['detail']})"
    if unlisted:
        yield f"  {unlisted} files are not listed in the manifest and were skipped"
    if elsewhere:
        yield f"  {elsewhere} shards are being written by another process, which will update the manifest"
