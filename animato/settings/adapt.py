"""Settings of few-shot adaptation of the 2019 system. No torch in here."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from animato.settings.base import check, setting

MIN_ITERATIONS = 125
MAX_ITERATIONS = 460


@dataclass(frozen=True, kw_only=True)
class AdaptSettings:
    """How a meta-learned model is fine-tuned on the photos of one person (Zakharov et al. 2019, section 3.3)."""

    iterations: int | None = setting(
        None,
        "Maximum number of steps; 0 keeps the feed-forward result. Default: 125 for one photo, up to 460 for 32.",
        low=0,
        high=10_000,
        group="2019 system",
    )
    batch: int = setting(4, "Paper: batch size, at most the number of photos.", low=1, high=64, group="Advanced")
    lr_drawer: float | None = setting(
        None,
        "Peak learning rate of the generator and the AdaIN parameters. Default: the rate used in training.",
        low=0.0,
        high=1.0,
        group="2019 system",
    )
    lr_critic: float | None = setting(
        None,
        "Peak learning rate of the discriminator and the person vector. Default: the rate used in training.",
        low=0.0,
        high=1.0,
        group="2019 system",
    )
    average: float = setting(
        0.972, "Decay per step of the moving average of the weights.", low=0.0, high=0.9999, group="2019 system"
    )
    augment: bool = setting(
        True, "Augment photos with small rotations, scalings and translations.", group="2019 system"
    )
    hold_out: float = setting(
        0.2,
        "Paper: fraction of photos held out for early stopping, given four or more photos.",
        low=0.05,
        high=0.5,
        group="Advanced",
    )
    patience: int = setting(
        8, "Stop after this many validations without improvement.", low=1, high=100, group="2019 system"
    )
    expression_floor: float = setting(
        0.6,
        "Stop when the response of mouth and eyelids to the landmarks falls below this fraction of its best value.",
        low=0.0,
        high=1.0,
        group="2019 system",
    )
    vgg19: Path | None = setting(None, "VGG19 Caffe weights, if the model was trained with them.", group="2019 system")
    vggface: Path | None = setting(
        None, "VGGFace Caffe weights, if the model was trained with them.", group="2019 system"
    )
    seed: int = setting(0, "Random seed.", low=0, group="Advanced")
    device: Literal["auto", "cpu", "cuda"] = setting("auto", "auto, cpu, or cuda.", group="Advanced")
    threads: int = setting(0, "CPU threads; 0 uses the default of torch.", low=0, high=1024, group="Advanced")

    def __post_init__(self) -> None:
        check(self, "adapt")

    def iterations_for(self, photos: int) -> int:
        """Return the maximum number of steps for a number of photos: 125 for 1, 460 from 32, log-linear between."""
        if self.iterations is not None:
            return self.iterations
        fraction = min(1.0, math.log2(max(1, photos)) / 5)
        return round(MIN_ITERATIONS + (MAX_ITERATIONS - MIN_ITERATIONS) * fraction)
