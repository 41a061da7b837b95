"""`animato bench`: measure speed, time to the first frame and memory on this machine."""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from animato.cli.printing import print_json
from animato.errors import UsageError

if TYPE_CHECKING:
    from animato.pipeline.bench import BenchmarkRun


def bench(
    what: Annotated[
        str,
        typer.Argument(metavar="[animate|live|loop|stream]", help="What is measured; see below.", show_default=False),
    ] = "animate",
    photo: Annotated[
        Path | None, typer.Option(help="Photo to animate, with --consent. Default: the portrait of `animato demo`.")
    ] = None,
    consent: Annotated[
        str | None, typer.Option(metavar="self|other|not-a-person", help="Ground of consent for the photo.")
    ] = None,
    driver: Annotated[
        Path | None,
        typer.Option(help="Short clip, looped to each length. Default: a rendering of the bundled motion talk."),
    ] = None,
    seconds: Annotated[
        list[float] | None, typer.Option(help="Length of a run in seconds; may be repeated. Default: 5 and 120.")
    ] = None,
    size: Annotated[int, typer.Option(help="Side of the animated crop in pixels.")] = 512,
    threads: Annotated[int, typer.Option(help="CPU threads.")] = 2,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Measure time per stage, frames per second end to end, time to the first frame and peak memory.

    animate: each length runs `animato animate` on a crop in a fresh process; memory should not grow with the length.
    live: a clip is played as the camera of `animato live`; frames per second and added delay. loop: the live loop
    alone, behind renderers that take 0 and 300 ms; delay and drops are read from numbers in the pixels.
    stream: bits and landmark error of the driver's motion as a stream, beside x264.
    """
    if what in ("live", "loop", "stream"):
        _bench_live_parts(what, photo, consent, driver, (seconds or [20.0])[0], size, threads, as_json)
        return
    if what != "animate":
        raise UsageError(f"there is no benchmark {what!r}", where="animate, live, loop, stream")
    from animato import api
    from animato.pipeline.bench import benchmark
    from animato.pipeline.demo import DEMO_PHOTO, demo_consent
    from animato.settings.animate import AnimateSettings
    from animato.settings.consent import required_consent

    lengths = tuple(seconds or (5.0, 120.0))
    AnimateSettings(size=size, threads=threads)  # validate before anything is rendered
    with tempfile.TemporaryDirectory(prefix="animato-bench-") as name:
        folder = Path(name)
        given = demo_consent() if photo is None else required_consent(consent)
        photo = photo or DEMO_PHOTO
        if driver is None:
            driver = folder / "talk.mp4"
            api.animate(photo, "talk", driver, AnimateSettings(frame="crop"), consent=given)
        options = ["--frame", "crop", "--size", str(size), "--threads", str(threads), "--consent", given.ground]
        results = benchmark(photo, driver, folder, lengths, options, lambda text: typer.echo(text, err=True))
    if as_json:
        print_json([asdict(result) for result in results])
        return
    _show(results)


def _show(results: list[BenchmarkRun]) -> None:
    """Print the runs side by side."""
    stages = list(results[0].milliseconds)
    header = "".join(f"{f'{result.seconds:.0f} s':>10}" for result in results)
    typer.echo(f"{'ms per frame':<22}{header}")
    for stage in stages:
        typer.echo(f"  {stage:<20}" + "".join(f"{result.milliseconds.get(stage, 0):>10.2f}" for result in results))
    rows = (
        ("sum", [f"{sum(result.milliseconds.values()):.1f}" for result in results]),
        ("frames per second", [f"{result.fps:.1f}" for result in results]),
        ("first frame, s", [f"{result.first_frame:.2f}" for result in results]),
        ("whole process, s", [f"{result.wall:.1f}" for result in results]),
        ("peak memory, MB", ["-" if r.peak_mb is None else f"{r.peak_mb:.0f}" for r in results]),
    )
    for label, values in rows:
        typer.echo(f"{label:<22}" + "".join(f"{value:>10}" for value in values))


def _bench_live_parts(
    what: str,
    photo: Path | None,
    consent: str | None,
    driver: Path | None,
    seconds: float,
    size: int,
    threads: int,
    as_json: bool,
) -> None:
    from animato.cli.bench_live import bench_live, bench_numbers
    from animato.cli.bench_stream import bench_stream

    if what == "stream":
        bench_stream(driver, as_json)
    elif what == "loop":
        bench_numbers(seconds, as_json)
    else:
        bench_live(photo, consent, driver, seconds, size, threads, as_json)
