"""`animato bench stream`: bits and landmark error of motion streams beside x264 of the same call."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import typer

from animato.cli.printing import print_json
from animato.errors import UsageError


def bench_stream(clip: Path | None, as_json: bool) -> None:
    """Measure a clip of a talking person."""
    from animato.live.stream_bench import IP_BYTES, PRESETS, equal_error_kbps, measure_streams
    from animato.tracking.face_finder import FaceFinder

    if clip is None:
        raise UsageError("a stream is measured on a clip of a talking person", hint="`driver=clip.mp4`")
    results = measure_streams(clip, FaceFinder())
    if as_json:
        print_json([asdict(result) for result in results])
        return
    typer.echo(f"{'':<20}{'kbit/s':>10}{'error px':>10}{'95 %':>10}")
    for result in results:
        typer.echo(f"{result.way:<20}{result.kbps:>10.1f}{result.error:>10.3f}{result.error_p95:>10.3f}")
    motion = results[0]
    for preset, _ in PRESETS:
        rate = equal_error_kbps(results, preset)
        if rate is not None:
            typer.echo(f"x264 {preset} at equal error: {rate:.0f} kbit/s, {rate / motion.kbps:.0f} times as much")
    typer.echo(f"headers of UDP and IPv4 add {IP_BYTES * 8 * 25 / 1000:.1f} kbit/s at 25 datagrams per second")
