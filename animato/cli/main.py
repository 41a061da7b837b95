"""Register the commands, and map errors to messages and exit codes."""

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
    batch,
    bench,
    consent,
    data,
    demo,
    doctor,
    evaluate,
    export,
    head,
    keys,
    live,
    models,
    motion,
    pose,
    standard_streams,
    stop_signals,
    studio,
    train,
    train_parts,
    train_portrait,
    verify,
)
from animato.cli.help_page import GroupedCommand
from animato.cli.printing import print_error, print_line
from animato.errors import AnimatoError, InterruptedRunError, MissingPartError, OutputError, UsageError
from animato.media.disk import output_error
from animato.runtime.memory_errors import is_out_of_memory, out_of_memory
from animato.version import __version__

CommandLineError = cast(type[Exception], typer.BadParameter.__mro__[2])
"""Base class of parser errors: click's ClickException, which newer versions of typer bundle."""

HELP_HINT = "animato --help, or animato COMMAND --help"

ENVIRONMENT_ERRORS = frozenset(
    getattr(errno, name, -1)
    for name in ("ENOSPC", "EDQUOT", "EFBIG", "EACCES", "EPERM", "EROFS", "EIO", "EMFILE", "ENFILE", "ETXTBSY")
)
"""Operating system errors caused by the environment (disk space, permissions, limits) rather than by a bug."""

EXTRA_OF = {"torch": "training", "skimage": "evaluation", "ray": "ray", "fsspec": "storage"}
"""Optional packages, and the extra that installs each."""

app = typer.Typer(
    name="animato",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # plain help: rich would double the start-up time
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Animate photos of a consenting person with a driver video; the output is watermarked and signed.",
    epilog="Exit codes: 0 done, 1 internal error, 2 wrong command line, 3 bad input or output, 4 missing part, "
    "5 refused, 6 partly done, 7 nothing found, 130 interrupted (129 and 143: by SIGHUP and SIGTERM).",
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
    "Render a video of a person moved by a driver.",
    "animato animate me.jpg --driver talk --consent self -o me.mp4",
    "animato animate me.animato --driver clip.mp4 --frame crop --mouth 1.2 -o me.webm",
)
_add(
    batch.batch,
    "Render many videos; resumes, and reports all failures at the end.",
    "animato batch jobs.jsonl -o out --workers 2",
    "animato batch --heads heads --drivers clips -o out --shard 1/4",
    "animato batch --status out",
)
_add(
    pose.pose,
    "Render a still of a person with an expression.",
    "animato pose me.jpg --smile 0.6 --yaw 12 --consent self -o me.png",
)
_add(
    live.live,
    "Move a head with a camera, live, for calls and streams.",
    "animato live --head me.animato",
    "animato live --head me.animato --virtual-camera auto -o call.mp4",
)
app.add_typer(head.app, name="head")
app.add_typer(consent.app, name="consent")
app.add_typer(motion.app, name="motion")
_add(verify.verify, "Read the watermark and content credentials of a file.", "animato verify me.mp4")
app.add_typer(keys.app, name="keys")
_add(studio.studio, "Serve the page and the REST API on this computer.", "animato studio --open")
_add(demo.demo, "Animate a sample photo with a bundled motion.", "animato demo -o out")
_add(
    bench.bench,
    "Measure speed and memory, or what the watermark survives.",
    "animato bench --seconds 5 --seconds 120 --size 512",
    "animato bench mark clip.mp4 --looks 1000",
)
_add(doctor.doctor, "Check the installation.", "animato doctor")
_add(
    adapt.adapt,
    "Fine-tune a trained model on photos of a person.",
    "animato adapt me1.jpg me2.jpg me3.jpg --consent self -o me.animato",
)
_add(
    evaluate.evaluate,
    "Score systems on clips, next to simple baselines.",
    "animato evaluate --data clips --systems still,geometry,portrait -o evaluation",
    "animato evaluate --data clips --protocol cross --limit 10 -o evaluation",
)
app.add_typer(data.app, name="data")
_add(
    train.train,
    "Meta-learn the 2019 system on clips of many people.",
    "animato train --data prepared --recipe small --dry-run -o run",
    "animato train --data prepared --recipe small -o run",
)
_add(
    train_portrait.train_portrait,
    "Train the portrait renderer's networks on clips of many people.",
    "animato train-portrait --data prepared --networks mouth -o run",
    name="train-portrait",
)
_add(
    train_parts.train_parts,
    "Train the network that labels the parts of a head and its depth.",
    "animato train-parts --labelled parts --walls portraits -o run",
    name="train-parts",
)
_add(models.models, "List all networks with parameters and cost.", "animato models")
_add(
    export.export,
    "Write the networks as ONNX files.",
    "animato export networks",
    "animato export networks --network mouth-encoder --network mouth-painter",
)


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and exit with a documented code."""
    stop_signals.install()
    try:
        standard_streams.open_missing()
        code = run(sys.argv[1:] if arguments is None else arguments)
        stop_signals.release()
    except KeyboardInterrupt:  # arrived while an error was being printed
        stop_signals.release()
        print_line("animato: stopped")
        code = stop_signals.exit_code()
    problem = standard_streams.flush_output()
    if problem is not None:
        print_error(problem)
        code = code or problem.exit_code
    if stop_signals.stopped():
        stop_signals.end_process(code)
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
    except typer.Exit as request:
        return int(request.exit_code)
    except SystemExit as request:
        if isinstance(request.__context__, BrokenPipeError):  # the reader closed the pipe
            return 0
        raise
    except (typer.Abort, KeyboardInterrupt):
        return _stopped(as_json)
    except Exception as problem:
        if debug and not isinstance(problem, CommandLineError):
            raise
        return _failed(problem, as_json)


def _failed(problem: Exception, as_json: bool) -> int:
    """Print an error and return its exit code."""
    if isinstance(problem, BrokenPipeError):
        return 0
    if isinstance(problem, InterruptedRunError):
        return _stopped(as_json, problem)
    if stop_signals.stopped():  # any failure after a signal is caused by it
        return _stopped(as_json)
    if isinstance(problem, CommandLineError):
        problem = UsageError(_parser_message(problem))
    if isinstance(problem, UsageError) and problem.hint is None:
        problem.hint = HELP_HINT
    if isinstance(problem, OSError):
        problem = _environment_error(problem)
    if isinstance(problem, ModuleNotFoundError) and problem.name in EXTRA_OF:
        problem = MissingPartError(
            f"this command needs {problem.name}, which is not installed",
            hint=f"pip install 'animato[{EXTRA_OF[problem.name]}]'",
        )
    if not isinstance(problem, AnimatoError) and is_out_of_memory(problem):
        problem = out_of_memory("for this command", problem)
    if not isinstance(problem, AnimatoError):  # a bug: print a message, not a traceback
        problem = AnimatoError(
            f"this is a bug: {type(problem).__name__}: {problem}",
            hint="run animato --debug with the same command, and report the output",
        )
    print_error(problem, as_json)
    return problem.exit_code


def _stopped(as_json: bool, problem: AnimatoError | None = None) -> int:
    problem = problem or InterruptedRunError("stopped")
    problem.exit_code = stop_signals.exit_code()
    print_error(problem, as_json)
    return problem.exit_code


def _environment_error(problem: OSError) -> Exception:
    """Return an operating system error as an `OutputError`; the error itself if it indicates a bug."""
    if traceback.extract_tb(problem.__traceback__)[-1].name == "echo":  # the result could not be printed
        standard_streams.flush_output()
        return output_error("standard output", problem)
    if problem.errno not in ENVIRONMENT_ERRORS:
        return problem
    return OutputError(
        f"the system reports: {problem.strerror}",
        where=None if problem.filename is None else str(problem.filename),
        hint="check free space, permissions and limits; `animato doctor` shows what is needed",
    )


def _parser_message(problem: BaseException) -> str:
    message = getattr(problem, "format_message", None)
    return str(message()) if callable(message) else str(problem)
