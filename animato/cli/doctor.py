"""`animato doctor`: report installed and missing parts."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from animato.cli.answers import end_with, print_json
from animato.errors import MissingPartError


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False) -> None:
    """Say what is installed, what runs on what, what is missing and what to type.

    The exit code is 4 if the main job cannot run.
    """
    from animato.doctor import examine

    warnings = examine()
    broken = [warning for warning in warnings if warning.state == "broken"]
    if as_json:
        print_json([asdict(warning) for warning in warnings])
    else:
        for warning in warnings:
            hint = f"  ->  {warning.hint}" if warning.hint else ""
            typer.echo(f"{warning.state:<8} {warning.name:<24} {warning.text}{hint}")
    if broken:
        names = ", ".join(warning.name for warning in broken)
        end_with(MissingPartError(f"the main job cannot run here: {names}", hint=broken[0].hint), as_json)
    if not as_json:
        typer.echo("the main job can run")
