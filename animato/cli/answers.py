"""Print notes, errors and results, as text or with `--json` as JSON."""

from __future__ import annotations

import contextlib
import json
from typing import Any, NoReturn

import typer

from animato.cli.option_names import all_in_options, in_options
from animato.errors import AnimatoError


def print_line(text: str) -> None:
    """Print to standard error; that it is full or closed must not fail a job."""
    with contextlib.suppress(OSError, ValueError):
        typer.echo(in_options(text), err=True)


def print_json(value: Any) -> None:
    """Print a result to standard output as one JSON object; sentences in it name options as the command line does."""
    typer.echo(json.dumps(all_in_options(value)))


def print_error(problem: AnimatoError, as_json: bool = False) -> None:
    """Print an error to standard error and, as one JSON object, to standard output."""
    print_line("\n".join(problem.lines()))
    if as_json:
        with contextlib.suppress(OSError, ValueError):
            print_json({"error": problem.to_json()})


def end_with(problem: AnimatoError, answered: bool) -> NoReturn:
    """End the command with an error.

    Args:
        problem: what is wrong.
        answered: the result was printed as JSON already; a second object must not follow it.

    Raises:
        AnimatoError: the problem itself, unless answered.
        typer.Exit: with its exit code, after its sentence.
    """
    if not answered:
        raise problem
    print_error(problem)
    raise typer.Exit(problem.exit_code)
