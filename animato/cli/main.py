"""The command line: registers the commands, turns errors into sentences and exit codes."""

from __future__ import annotations

import sys
from typing import Annotated, NoReturn, cast

import typer

from animato.cli import (
    adapt,
    animate,
    bench,
    data,
    demo,
    doctor,
    evaluate,
    models,
    motion,
    train,
    train_portrait,
    verify,
)
from animato.errors import AnimatoError, InterruptedRunError, UsageError
from animato.version import __version__

CommandLineError = cast(type[Exception], typer.BadParameter.__mro__[2])
"""The base of what the parser raises (click's ClickException, which newer typer versions carry inside)."""

HELP = "  try         animato --help, or animato COMMAND --help"

app = typer.Typer(
    name="animato",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # plain help: drawing boxes would double the time to start
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="From photos of a consenting person and a driver, make a marked and signed video of that person talking.",
    epilog="Exit codes: 0 done, 1 our bug, 2 wrong command line, 3 bad input or output, 4 missing part, 5 refused, "
    "6 partly done, 7 nothing found, 130 interrupted.",
)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"animato {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Few-shot talking heads."""


app.command(short_help="Photos and a driver in, a marked and signed video out.")(animate.animate)
app.add_typer(motion.app, name="motion")
app.command(short_help="Read the mark and the credentials of a file.")(verify.verify)
app.command(short_help="The main job on material that comes with the package.")(demo.demo)
app.command(short_help="Speed, first frame and memory on this computer.")(bench.bench)
app.command(short_help="What is installed, what is missing, what to type.")(doctor.doctor)
app.command(short_help="Fine-tune a trained model on photos of a person.")(adapt.adapt)
app.command(short_help="Judge systems on clips, beside simple baselines.")(evaluate.evaluate)
app.add_typer(data.app, name="data")
app.command(short_help="Meta-learn the 2019 system on many people's clips.")(train.train)
app.command("train-portrait", short_help="Train the portrait renderer's networks on many people's clips.")(
    train_portrait.train_portrait
)
app.command(short_help="List every network with parameters and cost.")(models.models)


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and end the process with a documented exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    sys.exit(run(arguments))


def _said(problem: BaseException) -> str:
    message = getattr(problem, "format_message", None)
    return str(message()) if callable(message) else str(problem)


def run(arguments: list[str]) -> int:
    """Run the command line and return the exit code."""
    command = typer.main.get_command(app)
    debug = "--debug" in arguments
    try:
        result = command.main(args=arguments, prog_name="animato", standalone_mode=False)
        code = result if isinstance(result, int) else 0
        if code == InterruptedRunError.exit_code:  # the parser turns Ctrl-C into a silent exit
            typer.echo("animato: stopped", err=True)
        return code
    except AnimatoError as problem:
        if debug:
            raise
        help_line = [HELP] if isinstance(problem, UsageError) and problem.hint is None else []
        typer.echo("\n".join([*problem.lines(), *help_line]), err=True)
        return problem.exit_code
    except typer.Exit as leave:
        return int(leave.exit_code)
    except CommandLineError as problem:
        typer.echo(f"animato: {_said(problem)}", err=True)
        typer.echo(HELP, err=True)
        return 2
    except (typer.Abort, KeyboardInterrupt):
        typer.echo("animato: stopped", err=True)
        return InterruptedRunError.exit_code
    except BrokenPipeError:
        return 0
    except Exception as problem:  # the last net: a bug of ours must not look like a Python crash to a person
        if debug:
            raise
        typer.echo(f"animato: this is a bug: {type(problem).__name__}: {problem}", err=True)
        typer.echo("  try         the same command with --debug after animato, and report what it prints", err=True)
        return 1
