"""`animato bench`: measure speed and memory on this machine, or what the watermark survives."""

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

if TYPE_CHECKING:
    from animato.pipeline.bench import BenchmarkRun


def bench(
    what: Annotated[
        str,
        typer.Argument(
            metavar="[animate|live|loop|mark|stream]", help="What is measured; see below.", show_default=False
        ),
    ] = "animate",
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE...]", help="For mark: videos and pictures to mark. Default: the demo portrait."),
    ] = None,
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
    size: Annotated[int, typer.Option(help="Side of the animated crop in pixels; for mark, the short side.")] = 512,
    threads: Annotated[int, typer.Option(help="CPU threads.")] = 2,
    frames: Annotated[int, typer.Option(help="For mark: frames of each clip.", min=1, max=250)] = 25,
    looks: Annotated[int, typer.Option(help="For mark: looks at pictures without a mark.", min=0)] = 200,
    page: Annotated[Path | None, typer.Option(help="For mark: also write the tables to this Markdown file.")] = None,
    log: Annotated[
        Path | None, typer.Option(help="For mark: file of results so far; a stopped measurement goes on from there.")
    ] = None,
    device: Annotated[str, typer.Option(help="Where the renderer's networks run; as of `animato animate`.")] = "cpu",
    backend: Annotated[str, typer.Option(help="Library that runs them; as of `animato animate`.")] = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Measure time per stage, frames per second end to end, time to the first frame and peak memory; or the watermark.

    animate: each length runs `animato animate` on a crop in a fresh process; memory should not grow with the length.
    live: a clip is played as the camera of `animato live`; frames per second and added delay. loop: the live loop
    alone, behind renderers that take 0 and 300 ms; delay and drops are read from numbers in the pixels.
    mark: clips are marked, handled as videos are (compressed, scaled, cropped, turned), and their ids read back.
    stream: bits and landmark error of the driver's motion as a stream, beside x264.
    """
    if what == "mark":
        _bench_mark(files or [], (size, frames, looks), page, log, as_json)
        return
    _check_other(what, files, page, log)
    if what in ("live", "loop", "stream"):
        _bench_live_parts(what, photo, consent, driver, (seconds or [20.0])[0], size, threads, as_json)
        return
    where = (size, threads, device, backend)
    results = _bench_speed(photo, consent, driver, tuple(seconds or (5.0, 120.0)), where)
    if as_json:
        print_json([asdict(result) for result in results])
        return
    _show(results)


def _check_other(what: str, files: list[Path] | None, page: Path | None, log: Path | None) -> None:
    if what not in ("animate", "live", "loop", "stream"):
        raise UsageError(f"there is no benchmark {what!r}", where="animate, live, loop, mark, stream")
    if files or page or log:
        raise UsageError(f"the benchmark {what} takes no files, page or log", hint="animato bench mark FILE")


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


def _bench_speed(
    photo: Path | None,
    consent: str | None,
    driver: Path | None,
    lengths: tuple[float, ...],
    where: tuple[int, int, str, str],
) -> list[BenchmarkRun]:
    """Render in fresh processes, with a size, threads, device and backend; one measurement for each length."""
    from animato import api
    from animato.pipeline.bench import benchmark
    from animato.pipeline.demo import DEMO_PHOTO, demo_consent
    from animato.pipeline.inputs import settings_of
    from animato.runtime.devices import placed
    from animato.settings.animate import AnimateSettings
    from animato.settings.consent import required_consent

    size, threads, device, backend = where
    chosen = settings_of(None, {"size": size, "threads": threads, "device": device, "backend": backend})
    placed(chosen.device, chosen.backend)  # validate before anything is rendered
    with tempfile.TemporaryDirectory(prefix="animato-bench-") as name:
        folder = Path(name)
        given = demo_consent() if photo is None else required_consent(consent)
        photo = photo or DEMO_PHOTO
        if driver is None:
            driver = folder / "talk.mp4"
            api.animate(photo, "talk", driver, AnimateSettings(frame="crop"), consent=given)
        options = ["--frame", "crop", "--size", str(size), "--threads", str(threads), "--consent", given.ground]
        options += ["--device", chosen.device, "--backend", chosen.backend]
        return benchmark(photo, driver, folder, lengths, options, lambda text: typer.echo(text, err=True))


def _bench_mark(
    files: list[Path], counts: tuple[int, int, int], target: Path | None, log: Path | None, as_json: bool
) -> None:
    """Measure the watermark and print its page."""
    from animato.evaluation.mark_bench import load_clips, measure_mark, page

    size, frames, looks = counts
    if not 64 <= size <= 2160:
        raise UsageError(f"--size is between 64 and 2160, not {size}")
    clips = load_clips(files, size, frames)
    result = measure_mark(clips, looks, lambda text: typer.echo(text, err=True), log)
    text = page(result, list(clips), size, frames)
    if target is not None:
        target.write_text(text, encoding="utf-8")
    if as_json:
        print_json(asdict(result))
    else:
        typer.echo(text)


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
