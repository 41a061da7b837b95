"""`animato evaluate`: compare systems on clips with known ground truth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from animato.cli.answers import print_json
from animato.cli.from_settings import with_options
from animato.cli.output_path import output_path
from animato.cli.progress import progress_bar
from animato.errors import InputError
from animato.settings.evaluation import EvaluateSettings


@with_options(EvaluateSettings)
def evaluate(
    data: Annotated[
        Path,
        typer.Option(
            "--data", metavar="DIR", help="A folder of videos in any layout, or one made by `animato data prepare`."
        ),
    ],
    settings: EvaluateSettings,
    output: Annotated[
        Path,
        typer.Option(
            "-o",
            "--output",
            metavar="DIR",
            parser=output_path,
            help="Folder for results.json, table.txt and the pictures.",
        ),
    ] = Path("evaluation"),
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be scored, and stop.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the results as JSON.")] = False,
) -> None:
    """Score systems on clips: identity, pose, expression, lips, eyes, pixels, jitter, failures.

    Every system renders the same frames; the table shows means over people with 95 % intervals. Clips of people that a
    system was trained on are left out.
    """
    from animato.evaluation.report import as_data, table_text, write
    from animato.evaluation.runner import describe_plan
    from animato.evaluation.runner import evaluate as score
    from animato.evaluation.systems.portrait import build_systems

    systems = build_systems(settings)
    if dry_run:
        for line in describe_plan(data, systems, settings):
            typer.echo(line)
        return
    with progress_bar("scoring", quiet=as_json) as told:
        report = None if told is None else lambda done, total, _name: told(done, total)
        found = score(data, systems, settings, report)
    written = write(found, output)
    if as_json:
        print_json(as_data(found))
    else:
        typer.echo(table_text(found), nl=False)
        for path in written:
            typer.echo(str(path))
    if not any(row.problem is None for row in found.rows):
        raise InputError("no clip could be scored", where=found.rows[0].problem, hint="longer clips, or fewer --shots")
