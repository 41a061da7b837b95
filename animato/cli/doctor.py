"""`animato doctor`: what is installed, what runs on what, what is missing."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from animato.cli.answers import end_with
from animato.errors import MissingPartError


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False) -> None:
    """Say what is installed, what runs on what, what is missing and what to type.

    The exit code is 4 if the main job cannot run.
    """
    from animato.render.checkup import examine

    findings = examine()
    broken = [finding for finding in findings if finding.state == "broken"]
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in findings]))
    else:
        for finding in findings:
            hint = f"  ->  {finding.hint}" if finding.hint else ""
            typer.echo(f"{finding.state:<8} {finding.name:<24} {finding.text}{hint}")
    if broken:
        names = ", ".join(finding.name for finding in broken)
        end_with(MissingPartError(f"the main job cannot run here: {names}", hint=broken[0].hint), as_json)
    if not as_json:
        typer.echo("the main job can run")
