"""Options of `--dry-run` that say which machine a training is planned for."""

from __future__ import annotations

from typing import Annotated

import typer

Processes = Annotated[int, typer.Option(min=1, help="--dry-run: number of processes (devices) the run is planned for.")]
Price = Annotated[
    float | None,
    typer.Option(min=0.0, help="--dry-run: hourly price of all these devices. Without it, no cost is stated."),
]
Tflops = Annotated[
    float | None,
    typer.Option(
        min=0.001,
        help="--dry-run: sustained speed of one device in TFLOP/s, for devices that are not at hand. Without it, the "
        "time is the one measured on this machine.",
    ),
]
