"""`animato batch`: render many videos, with resume, one summary and exact exit codes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from animato.cli.from_settings import with_options
from animato.cli.output_path import output_path
from animato.cli.printing import exit_with, print_json, print_line
from animato.cli.progress import progress_bar
from animato.errors import InterruptedRunError, UsageError
from animato.settings.animate import AnimateSettings
from animato.settings.batch import BatchSettings
from animato.settings.consent import ConsentSettings

if TYPE_CHECKING:
    from animato.batch.job import Job
    from animato.batch.jobs_file import Problem

StatusOf = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Print the state of the batch in DIR; nothing is rendered.")
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace outputs that were not made by this batch.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")]


@with_options(AnimateSettings, consent=ConsentSettings, running=BatchSettings)
def batch(
    settings: AnimateSettings,
    consent: ConsentSettings,
    running: BatchSettings,
    jobs: Annotated[
        Path | None,
        typer.Argument(metavar="[JOBS]", help="JSON Lines file, one job a line (docs/batch.md)."),
    ] = None,
    heads: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="In place of JOBS: head files or photos, each to be moved by each driver."),
    ] = None,
    drivers: Annotated[Path | None, typer.Option(metavar="DIR", help="With --heads: videos and motion files.")] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="DIR",
            parser=output_path,
            help="Folder of the outputs and of the journal. Default: the folder of JOBS.",
        ),
    ] = None,
    status: StatusOf = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Render many videos. All jobs are checked first; running the command again resumes.

    Exit code 0 if all jobs are done, 6 if some failed, 2 or 3 if jobs cannot be run (nothing is rendered then).
    """
    if status is not None:
        _print_status(status, as_json)
        return
    folder, found, problems = _jobs(jobs, heads, drivers, output, settings, consent)
    from animato.batch.run import run_batch
    from animato.runtime.executors.choice import executor_of

    executor = executor_of(running.workers, running.ray, settings.threads, isolated=True)
    options: dict[str, Any] = {"problems": problems, "threads": settings.threads, "overwrite": overwrite}
    try:
        with progress_bar("rendering", quiet=quiet or as_json) as progress:
            result = run_batch(found, folder, executor, running, progress=progress, **options)
    except KeyboardInterrupt:
        hint = "run the same command again to resume; finished videos are kept"
        raise InterruptedRunError("stopped before all jobs were done", hint=hint) from None
    if as_json:
        print_json(result.to_json())
    elif not quiet:
        _print_table(result.to_json(), ("done", "skipped", "failed"))
    problem = result.problem()
    if problem is not None:
        exit_with(problem, as_json)


def _jobs(
    jobs: Path | None,
    heads: Path | None,
    drivers: Path | None,
    output: Path | None,
    settings: AnimateSettings,
    consent: ConsentSettings,
) -> tuple[Path, list[Job], list[Problem]]:
    """Return the folder of the batch, its jobs, and the lines that are none."""
    if (jobs is None) == (heads is None and drivers is None) or (heads is None) != (drivers is None):
        raise UsageError(
            "give either a jobs file, or --heads and --drivers",
            hint="animato batch jobs.jsonl, or animato batch --heads heads --drivers clips -o out",
        )
    from animato.batch.jobs_file import cross_jobs, read_jobs

    if jobs is not None:
        folder = output or jobs.parent
        return folder, *read_jobs(jobs, folder, settings, consent.given())
    assert heads is not None and drivers is not None
    if output is None:
        raise UsageError("--heads needs -o", hint="-o out, for example")
    return output, *cross_jobs(heads, drivers, output, settings, consent.given())


def _print_status(folder: Path, as_json: bool) -> None:
    from animato.batch.journal import status_of

    result = status_of(folder)
    if as_json:
        print_json(result)
    else:
        _print_table(result, ("done", "failed", "waiting"))


def _print_table(result: dict[str, Any], states: tuple[str, ...]) -> None:
    for error in result["errors"]:
        print_line(f"failed: {error['output']}: {error['what']}")
    for state in states:
        typer.echo(f"{state:<8} {result[state]:>8}")
    typer.echo(f"{'jobs':<8} {result['jobs']:>8}")
