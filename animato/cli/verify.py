"""`animato verify`: print the watermark, credentials and declared source types of a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from animato.cli.from_settings import with_options
from animato.cli.printing import print_error, print_json
from animato.settings.provenance import VerifySettings


@with_options(VerifySettings)
def verify(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Videos, images, or folders of frames.")],
    settings: VerifySettings,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON, one object per file.")] = False,
) -> None:
    """Read content credentials, the invisible watermark and declared signals in FILE, and state their limits.

    Works offline on files of any origin. Exit codes: 0 found, 7 nothing found, 3 a file cannot be read. For several
    files, 3 takes precedence over 7, and 7 over 0.
    """
    from animato.errors import AnimatoError
    from animato.trust.report import FOUND, NOTHING_FOUND, UNREADABLE
    from animato.trust.sealed_verify import Verifier

    verify_file = Verifier().verify_file
    codes = set()
    for path in files:
        try:
            report = verify_file(path, settings)
        except AnimatoError as problem:
            codes.add(problem.exit_code)
            if as_json:
                print_json({"file": path.name, "error": problem.to_json()})
            print_error(problem)
            continue
        codes.add(report.exit_code)
        if as_json:
            print_json(report.to_json())
        else:
            typer.echo(f"{path}")
            typer.echo("\n".join(f"  {sentence}" for sentence in report.sentences()))
    worst = next((code for code in (UNREADABLE, NOTHING_FOUND) if code in codes), max(codes, default=FOUND))
    if worst != FOUND:
        raise typer.Exit(worst)
