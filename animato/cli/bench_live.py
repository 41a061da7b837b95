"""`animato bench live` and `animato bench loop`: rate and delay of live use, without a camera."""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from animato.cli.printing import print_json

if TYPE_CHECKING:
    from animato.live.bench import LiveBenchmark

CAMERA_FPS = 30
SLOW_RENDERER = 0.3
"""Seconds for a frame of a renderer that no adaptation could save."""


def bench_live(
    photo: Path | None, consent: str | None, driver: Path | None, seconds: float, size: int, threads: int, as_json: bool
) -> None:
    """Measure the real renderer; the arguments are those of `bench`."""
    from animato import api
    from animato.head.head import Head
    from animato.live.bench import bench_head
    from animato.pipeline.bench import loop_clip
    from animato.pipeline.demo import DEMO_PHOTO, demo_consent
    from animato.settings.animate import AnimateSettings
    from animato.settings.consent import required_consent
    from animato.settings.live import LiveSettings

    with tempfile.TemporaryDirectory(prefix="animato-bench-") as name:
        camera, given = Path(name) / "camera.mp4", demo_consent() if photo is None else required_consent(consent)
        settings = LiveSettings(camera=str(camera), size=size, threads=threads, page=False, adapt=False)
        if driver is None:
            driver = Path(name) / "talk.mp4"
            options = AnimateSettings(frame="crop", fps=CAMERA_FPS)
            api.animate(DEMO_PHOTO, "talk", driver, options, consent=demo_consent())
        loop_clip(driver, camera, seconds)
        head = Head.from_photos(photo or DEMO_PHOTO, consent=given)
        _show([bench_head(head, settings)], as_json)


def bench_numbers(seconds: float, as_json: bool) -> None:
    """Measure the live loop from numbers in the pixels, behind a fast and a slow renderer."""
    from animato.live.bench import bench_loop, write_numbered_clip

    with tempfile.TemporaryDirectory(prefix="animato-bench-") as name:
        clip, fps = Path(name) / "numbers.mp4", Fraction(CAMERA_FPS)
        write_numbered_clip(clip, seconds, fps)
        _show([bench_loop(clip, fps, taking) for taking in (0.0, SLOW_RENDERER)], as_json)


def _show(results: list[LiveBenchmark], as_json: bool) -> None:
    if as_json:
        print_json([asdict(result) for result in results])
        return
    for result in results:
        typer.echo(f"{result.name}: {result.frames} frames in {result.seconds:.0f} s, {result.fps:.1f} per second")
        delays = (result.delay_p50, result.delay_p95, result.delay_begin, result.delay_end)
        p50, p95, begin, end = (f"{1000 * delay:.0f}" for delay in delays)
        typer.echo(f"  added delay   {p50} ms, 95 %: {p95} ms; at the beginning {begin}, at the end {end}")
        typer.echo(f"  dropped       {result.dropped:.0%} of the camera's frames")
        if result.milliseconds:
            stages = ", ".join(f"{stage} {taken:.1f}" for stage, taken in result.milliseconds.items())
            typer.echo(f"  ms per frame  {stages}")
