"""Print notes, errors and results, as text or with `--json` as JSON."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from animato.cli.option_names import all_in_options, in_options
from animato.errors import AnimatoError

if TYPE_CHECKING:
    from animato.head.report import HeadReport


def print_line(text: str) -> None:
    """Print to standard error; a full or closed stream is ignored."""
    with contextlib.suppress(OSError, ValueError):
        typer.echo(in_options(text), err=True)


def print_json(value: Any) -> None:
    """Print a result to standard output as one JSON object, with settings in messages written as options."""
    typer.echo(json.dumps(all_in_options(value)))


def print_findings(report: HeadReport) -> None:
    """Print the findings of a head's report card to standard output: what to improve first, and what is good."""
    for finding in report.findings():
        typer.echo(f"{'good' if finding.good else 'improve':<8} {in_options(finding.sentence)}")


def print_error(problem: AnimatoError, as_json: bool = False) -> None:
    """Print an error to standard error and, with `as_json`, also to standard output as one JSON object."""
    print_line("\n".join(problem.lines()))
    if as_json:
        with contextlib.suppress(OSError, ValueError):
            print_json({"error": problem.to_json()})


def exit_with(problem: AnimatoError, result_printed: bool) -> NoReturn:
    """End the command with an error.

    Args:
        problem: the error.
        result_printed: whether the result was already printed as JSON; the error is then printed as text only, because
            standard output must contain a single object.

    Raises:
        AnimatoError: the error itself, unless `result_printed`.
        typer.Exit: with the error's exit code, otherwise.
    """
    if not result_printed:
        raise problem
    print_error(problem)
    raise typer.Exit(problem.exit_code)
