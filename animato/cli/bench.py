"""`animato bench`: measure speed, time to the first frame and memory on this machine."""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from animato.cli.printing import print_json

if TYPE_CHECKING:
    from animato.pipeline.bench import BenchmarkRun


def bench(
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
    device: Annotated[str, typer.Option(help="Where the renderer's networks run; as of `animato animate`.")] = "cpu",
    backend: Annotated[str, typer.Option(help="Library that runs them; as of `animato animate`.")] = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Measure time per stage, frames per second end to end, time to the first frame and peak memory.

    Each length runs `animato animate` on a crop in a fresh process; memory should not grow with the length.
    """
    from animato import api
    from animato.pipeline.bench import benchmark
    from animato.pipeline.demo import DEMO_PHOTO, demo_consent
    from animato.pipeline.inputs import settings_of
    from animato.runtime.devices import placed
    from animato.settings.animate import AnimateSettings
    from animato.settings.consent import required_consent

    lengths = tuple(seconds or (5.0, 120.0))
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
        results = benchmark(photo, driver, folder, lengths, options, lambda text: typer.echo(text, err=True))
    if as_json:
        print_json([asdict(result) for result in results])
        return
    _print_table(results)


def _print_table(results: list[BenchmarkRun]) -> None:
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
