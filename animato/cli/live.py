"""`animato live`: a camera moves a head, which appears on a page, in a virtual camera or a file."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from animato.cli.ask_consent import consent_of
from animato.cli.from_settings import with_options
from animato.cli.live_console import LiveConsole
from animato.cli.output_path import output_path
from animato.cli.printing import print_json
from animato.errors import InterruptedRunError, UsageError
from animato.settings.consent import ConsentSettings
from animato.settings.live import OF_VIDEOS, LiveSettings
from animato.settings.network import NetworkSettings

if TYPE_CHECKING:
    from animato.live.network_motion import MotionRun
    from animato.live.run import LiveRun


@with_options(LiveSettings, OF_VIDEOS, consent=ConsentSettings, network=NetworkSettings)
def live(
    settings: LiveSettings,
    consent: ConsentSettings,
    network: NetworkSettings,
    head: Annotated[
        list[Path] | None,
        typer.Option(
            "--head",
            metavar="HEAD",
            help="Head file (`animato head save`), or a photo, with --consent. Without one, motion is only passed on, "
            "with --send or --osc.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="PATH", parser=output_path, help="Record to a file, marked and signed."),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the recording if it exists.")] = False,
    seconds: Annotated[float | None, typer.Option("--seconds", min=0.1, help="End after this time.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures at the end as JSON.")] = False,
) -> None:
    """Move a head with a camera, live: for calls, streams and games. Every frame is labelled and watermarked.

    Keys: c neutral now, m mirror, f freeze, h hide, 1 to 5 expressions, [ ] mouth, { } head, q or Ctrl-C end.
    """
    _check_use(head, output, network)
    with ExitStack() as stack:
        run = _opened(head, settings, consent, network, stack, record=output, overwrite=overwrite)
        console = stack.enter_context(LiveConsole(run, seconds, quiet=quiet or as_json))
        try:
            run.loop.run(run.stop, console.update)
        except KeyboardInterrupt:
            kept = f"; {output} is complete" if output is not None and run.loop.report.frames else ""
            raise InterruptedRunError(f"stopped{kept}") from None
        if as_json:
            print_json(run.loop.statistics().to_json())
        elif not quiet:
            typer.echo(run.loop.statistics().sentence())


def _check_use(head: list[Path] | None, output: Path | None, network: NetworkSettings) -> None:
    """Check that there is something to do with the motion."""
    if head is None and not (network.send or network.osc):
        raise UsageError("there is nothing to do with the motion", hint="`head`, `send` or `osc`")
    if head is None and output is not None:
        raise UsageError("without a head there is nothing to record", hint="`head`")


def _opened(
    head: list[Path] | None,
    settings: LiveSettings,
    consent: ConsentSettings,
    network: NetworkSettings,
    stack: ExitStack,
    *,
    record: Path | None,
    overwrite: bool,
) -> LiveRun | MotionRun:
    """Return the run that the options describe; the other arguments are those of `open_live`."""
    from animato.live.network_motion import motion_only, open_motion_sinks, open_received
    from animato.live.run import open_camera, open_live
    from animato.pipeline.casting import head_file_path, load_head
    from animato.runtime.engine import Engine

    given = None if head is None or head_file_path(head) else consent_of(consent)
    engine = Engine(settings.threads, settings.device, settings.backend)
    source = open_received(network, stack)
    sinks = open_motion_sinks(network, settings.camera_fps, stack)
    if head is None:
        source = source or open_camera(settings, engine)
        stack.callback(source.close)
        return motion_only(source, sinks, mirror=settings.mirror)
    person = load_head(list(head), "largest", engine, given)
    return open_live(
        person, settings, engine, stack, record=record, overwrite=overwrite, source=source, motion_sinks=sinks
    )
