"""Register the commands and map errors to messages and exit codes."""

from __future__ import annotations

import errno
import sys
import traceback
from collections.abc import Callable
from typing import Annotated, Any, NoReturn, cast

import typer

from animato.cli import (
    adapt,
    animate,
    bench,
    data,
    demo,
    doctor,
    evaluate,
    head,
    models,
    motion,
    standard_streams,
    stop_signals,
    train,
    train_parts,
    train_portrait,
    verify,
)
from animato.cli.answers import print_error, print_line
from animato.cli.help_page import GroupedCommand
from animato.errors import AnimatoError, InterruptedRunError, MissingPartError, OutputError, UsageError
from animato.media.disk import output_error
from animato.version import __version__

CommandLineError = cast(type[Exception], typer.BadParameter.__mro__[2])
"""The base of what the parser raises (click's ClickException, which newer typer versions carry inside)."""

HELP = "animato --help, or animato COMMAND --help"

SYSTEM_LIMITS = frozenset(
    getattr(errno, name, -1)
    for name in ("ENOSPC", "EDQUOT", "EFBIG", "EACCES", "EPERM", "EROFS", "EIO", "EMFILE", "ENFILE", "ETXTBSY")
)
"""Errors of the system that say something of this computer, not of the program."""

EXTRA_OF = {"torch": "training", "skimage": "demo"}
"""What may be absent after a plain installation, and the extra that brings it."""

app = typer.Typer(
    name="animato",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # plain help: drawing boxes would double the time to start
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="From photos of a consenting person and a driver, make a marked and signed video of that person talking.",
    epilog="Exit codes: 0 done, 1 our bug, 2 wrong command line, 3 bad input or output, 4 missing part, 5 refused, "
    "6 partly done, 7 nothing found, 130 interrupted (129 and 143: by SIGHUP and SIGTERM).",
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


def _add(command: Callable[..., Any], short_help: str, *examples: str, name: str | None = None) -> None:
    app.command(name, cls=GroupedCommand, short_help=short_help, epilog="\n".join(examples))(command)


_add(
    animate.animate,
    "Photos and a driver in, a marked and signed video out.",
    "animato animate me.jpg --driver talk -o me.mp4",
    "animato animate me.jpg --driver clip.mp4 --frame crop --mouth 1.2 -o me.webm",
)
_add(
    head.head,
    "Save the photos of a person, and what is found in them, as one file.",
    "animato head me.jpg side.jpg --consent-basis self --i-have-consent -o me.animato",
    "animato animate me.animato --driver talk -o me.mp4",
)
app.add_typer(motion.app, name="motion")
_add(verify.verify, "Read the mark and the credentials of a file.", "animato verify me.mp4")
_add(demo.demo, "The main job on material that comes with the package.", "animato demo -o out")
_add(
    bench.bench, "Speed, first frame and memory on this computer.", "animato bench --seconds 5 --seconds 120 --size 512"
)
_add(doctor.doctor, "What is installed, what is missing, what to type.", "animato doctor")
_add(
    adapt.adapt,
    "Fine-tune a trained model on photos of a person.",
    "animato adapt me1.jpg me2.jpg me3.jpg --consent-basis self --i-have-consent -o me.animato",
)
_add(
    evaluate.evaluate,
    "Judge systems on clips, beside simple baselines.",
    "animato evaluate --data clips --systems still,geometry,portrait -o evaluation",
    "animato evaluate --data clips --protocol cross --limit 10 -o evaluation",
)
app.add_typer(data.app, name="data")
_add(
    train.train,
    "Meta-learn the 2019 system on many people's clips.",
    "animato train --data prepared --recipe small --dry-run -o run",
    "animato train --data prepared --recipe small -o run",
)
_add(
    train_portrait.train_portrait,
    "Train the portrait renderer's networks on many people's clips.",
    "animato train-portrait --data prepared --networks mouth -o run",
    name="train-portrait",
)
_add(
    train_parts.train_parts,
    "Train the network that labels the parts of a head and its depth.",
    "animato train-parts --labelled parts --walls portraits -o run",
    name="train-parts",
)
_add(models.models, "List every network with parameters and cost.", "animato models")


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and end the process with a documented exit code."""
    stop_signals.install()
    try:
        standard_streams.open_missing()
        code = run(sys.argv[1:] if arguments is None else arguments)
        stop_signals.release()
    except KeyboardInterrupt:  # it came while an error was being printed
        stop_signals.release()
        print_line("animato: stopped")
        code = stop_signals.stop_code()
    problem = standard_streams.flush_output()
    if problem is not None:
        print_error(problem)
        code = code or problem.exit_code
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """Run the command line and return the exit code."""
    command = typer.main.get_command(app)
    debug = "--debug" in arguments
    as_json = "--json" in arguments
    try:
        result = command.main(args=arguments, prog_name="animato", standalone_mode=False)
        code = result if isinstance(result, int) else 0
        # The parser turns Ctrl-C into a silent exit.
        return _stopped(as_json) if code == InterruptedRunError.exit_code else code
    except typer.Exit as leave:
        return int(leave.exit_code)
    except SystemExit as leave:
        if isinstance(leave.__context__, BrokenPipeError):  # whoever read the output has seen enough
            return 0
        raise
    except (typer.Abort, KeyboardInterrupt):
        return _stopped(as_json)
    except Exception as problem:
        if debug and not isinstance(problem, CommandLineError):
            raise
        return _failed(problem, as_json)


def _failed(problem: Exception, as_json: bool) -> int:
    """Say what went wrong and return the exit code."""
    if isinstance(problem, BrokenPipeError):
        return 0
    if isinstance(problem, InterruptedRunError):
        return _stopped(as_json, problem)
    if stop_signals.stopped():  # whatever fails after a signal fails because of it
        return _stopped(as_json)
    if isinstance(problem, CommandLineError):
        problem = UsageError(_said(problem))
    if isinstance(problem, UsageError) and problem.hint is None:
        problem.hint = HELP
    if isinstance(problem, OSError):
        problem = _of_system(problem)
    if isinstance(problem, ModuleNotFoundError) and problem.name in EXTRA_OF:
        problem = MissingPartError(
            f"this needs {problem.name}, which is not installed",
            hint=f"pip install 'animato[{EXTRA_OF[problem.name]}]'",
        )
    if not isinstance(problem, AnimatoError):  # the last net: a bug of ours must not look like a Python crash
        problem = AnimatoError(
            f"this is a bug: {type(problem).__name__}: {problem}",
            hint="the same command with --debug after animato, and report what it prints",
        )
    print_error(problem, as_json)
    return problem.exit_code


def _stopped(as_json: bool, problem: AnimatoError | None = None) -> int:
    problem = problem or InterruptedRunError("stopped")
    problem.exit_code = stop_signals.stop_code()
    print_error(problem, as_json)
    return problem.exit_code


def _of_system(problem: OSError) -> Exception:
    """Return an error of the system as a sentence; itself where it says nothing of this computer."""
    if traceback.extract_tb(problem.__traceback__)[-1].name == "echo":  # the result could not be printed
        standard_streams.flush_output()
        return output_error("standard output", problem)
    if problem.errno not in SYSTEM_LIMITS:
        return problem
    return OutputError(
        f"the system reports: {problem.strerror}",
        where=None if problem.filename is None else str(problem.filename),
        hint="look at room, rights and limits there; `animato doctor` shows what the main job needs",
    )


def _said(problem: BaseException) -> str:
    message = getattr(problem, "format_message", None)
    return str(message()) if callable(message) else str(problem)
