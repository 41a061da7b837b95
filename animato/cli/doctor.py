"""`animato doctor`: check the installation."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from animato.cli.printing import exit_with, print_json
from animato.errors import MissingPartError


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False) -> None:
    """Check the installation: packages, networks, encoders, credentials and disk space, with fixes for problems.

    The exit code is 4 if `animato animate` cannot run.
    """
    from animato.doctor import run_checks

    results = run_checks()
    broken = [result for result in results if result.state == "broken"]
    if as_json:
        print_json([asdict(result) for result in results])
    else:
        for result in results:
            hint = f"  ->  {result.hint}" if result.hint else ""
            typer.echo(f"{result.state:<8} {result.name:<24} {result.text}{hint}")
    if broken:
        names = ", ".join(result.name for result in broken)
        exit_with(
            MissingPartError(f"`animato animate` cannot run: problems with {names}", hint=broken[0].hint), as_json
        )
    if not as_json:
        typer.echo("animato animate can run")
