"""Settings of few-shot adaptation of the 2019 system. No torch in here."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from animato.settings.base import check, setting

FEWEST_ITERATIONS = 125
MOST_ITERATIONS = 460


@dataclass(frozen=True, kw_only=True)
class AdaptSettings:
    """How a meta-learned model is fine-tuned on the photos of one person (Zakharov et al. 2019, section 3.3)."""

    iterations: int | None = setting(
        None,
        "Most optimiser steps; 0 leaves the feed-forward person. Default: 125 for one photo, rising to 460 for 32.",
        low=0,
        high=10_000,
        group="2019 system",
    )
    batch: int = setting(4, "Paper: photos in one step (fewer when there are fewer).", low=1, high=64, group="Advanced")
    lr_drawer: float | None = setting(
        None,
        "Learning rate of the generator and the AdaIN parameters at its highest. Default: as the model was trained.",
        low=0.0,
        high=1.0,
        group="2019 system",
    )
    lr_critic: float | None = setting(
        None,
        "Learning rate of the discriminator and the person's vector at its highest. Default: as the model was trained.",
        low=0.0,
        high=1.0,
        group="2019 system",
    )
    average: float = setting(
        0.972, "Decay of the running average of weights, a step.", low=0.0, high=0.9999, group="2019 system"
    )
    augment: bool = setting(True, "Rotate, scale and shift the photos slightly at every step.", group="2019 system")
    hold_out: float = setting(
        0.2,
        "Paper: share of the photos kept aside to decide when to stop, when there are four or more.",
        low=0.05,
        high=0.5,
        group="Advanced",
    )
    patience: int = setting(
        8, "Stop after so many validations without a better result.", low=1, high=100, group="2019 system"
    )
    expression_floor: float = setting(
        0.6,
        "Stop when mouth and lids follow the landmarks by less than this share of their best response.",
        low=0.0,
        high=1.0,
        group="2019 system",
    )
    vgg19: Path | None = setting(
        None, "VGG19 Caffe weights, when the model was trained with them.", group="2019 system"
    )
    vggface: Path | None = setting(
        None, "VGGFace Caffe weights, when the model was trained with them.", group="2019 system"
    )
    seed: int = setting(0, "Start of every random choice.", low=0, group="Advanced")
    device: Literal["auto", "cpu", "cuda"] = setting("auto", "auto, cpu, or cuda.", group="Advanced")
    threads: int = setting(0, "Processor threads; 0 leaves it to torch.", low=0, high=1024, group="Advanced")

    def __post_init__(self) -> None:
        check(self, "adapt")

    def iterations_for(self, photos: int) -> int:
        """Return the most steps for a number of photos: 125 at 1, 460 at 32 and more, even in powers of two."""
        if self.iterations is not None:
            return self.iterations
        rise = min(1.0, math.log2(max(1, photos)) / 5)
        return round(FEWEST_ITERATIONS + (MOST_ITERATIONS - FEWEST_ITERATIONS) * rise)
