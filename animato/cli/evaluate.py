"""`animato evaluate`: score systems on clips with known ground truth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from animato.cli.from_settings import with_options
from animato.cli.output_path import output_path
from animato.cli.printing import print_json
from animato.cli.progress import progress_bar
from animato.errors import InputError
from animato.settings.evaluation import EvaluateSettings


@with_options(EvaluateSettings)
def evaluate(
    data: Annotated[
        Path,
        typer.Option(
            "--data", metavar="DIR", help="A folder of videos in any layout, or a folder from `animato data prepare`."
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
            help="Folder for results.json, table.txt and sample images.",
        ),
    ] = Path("evaluation"),
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be scored, then exit.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the results as JSON.")] = False,
) -> None:
    """Score systems on clips: identity, pose, expression, lips, eyes, pixels, jitter, failures.

    Every system renders the same frames. The table shows means over people with 95 % confidence intervals. Clips of
    people that a system was trained on are excluded.
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
    with progress_bar("scoring", quiet=as_json) as update:
        report = None if update is None else lambda done, total, _name: update(done, total)
        results = score(data, systems, settings, report)
    written = write(results, output)
    if as_json:
        print_json(as_data(results))
    else:
        typer.echo(table_text(results), nl=False)
        for path in written:
            typer.echo(str(path))
    if not any(row.problem is None for row in results.rows):
        raise InputError(
            "no clip could be scored", where=results.rows[0].problem, hint="longer clips, or fewer --shots"
        )
