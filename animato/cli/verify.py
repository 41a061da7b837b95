"""`animato verify`: print the watermark, credentials and declared source types of a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from animato.cli.from_settings import with_options
from animato.cli.printing import print_error, print_json
from animato.errors import AnimatoError
from animato.settings.provenance import VerifySettings
from animato.trust.text import clean

if TYPE_CHECKING:
    from animato.trust.report import VerifyReport


@with_options(VerifySettings)
def verify(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Videos, images, folders of either.")],
    settings: VerifySettings,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON, one object per file.")] = False,
) -> None:
    """Read content credentials, the invisible watermark and declared signals in FILE, and state their limits.

    Changes nothing. A folder of numbered pictures is one output; of any other folder, every video and picture is read.
    Works offline on files of any origin. Exit codes: 0 found, 7 nothing found, 3 a file cannot be read. For several
    files, 3 takes precedence over 7, and 7 over 0.
    """
    from animato.trust.report import FOUND, NOTHING_FOUND, UNREADABLE
    from animato.trust.sealed_verify import Verifier
    from animato.trust.verify import files_of

    verify_file = Verifier().verify_file
    codes = set()
    for path in files:
        try:
            parts = files_of(path)
        except AnimatoError as problem:
            codes.add(_failed(path, problem, as_json))
            continue
        for part in parts:
            try:
                report = verify_file(part, settings)
            except AnimatoError as problem:
                codes.add(_failed(part, problem, as_json))
                continue
            codes.add(report.exit_code)
            if as_json:
                print_json(report.to_json())
            else:
                _print(part, report)
    worst = next((code for code in (UNREADABLE, NOTHING_FOUND) if code in codes), max(codes, default=FOUND))
    if worst != FOUND:
        raise typer.Exit(worst)


def _print(path: Path, report: VerifyReport) -> None:
    """Print a report: the path, then a heading and its sentences for each answer."""
    typer.echo(clean(path, 300))
    for heading, sentences in report.sections():
        for number, sentence in enumerate(sentences):
            typer.echo(f"  {heading if number == 0 else '':<13}{sentence}")


def _failed(path: Path, problem: AnimatoError, as_json: bool) -> int:
    """Print why a file cannot be verified, and return the exit code."""
    if as_json:
        print_json({"file": clean(path.name, 255), "error": problem.to_json()})
    print_error(problem)
    return problem.exit_code
