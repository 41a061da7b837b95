"""Settings of the portrait renderer's training: samples, losses, schedule. Does not import torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from animato.errors import UsageError
from animato.settings.base import check, from_recipe, setting

NETWORKS = ("mouth", "eye", "head")
MAX_PHOTOS = 3
"""Maximum number of photos per training sample; a batch uses one to all of them."""


@dataclass(frozen=True, kw_only=True)
class SampleSettings:
    """How training samples are built from clips: a true frame, its geometry composite, and source photos."""

    crop: int = setting(
        384,
        "Side of the crops warped by the geometry renderer.",
        low=128,
        high=1024,
        unit="px",
        group="Training samples",
    )
    photos: int = setting(
        6, "Number of source photos per video, the most neutral first.", low=2, high=32, group="Training samples"
    )
    frames: int = setting(75, "Maximum number of target frames per video.", low=1, high=1000, group="Training samples")
    inverse: int = setting(
        3,
        "Inverse-warped samples per still image: the still is the ground truth, a warped copy the source photo.",
        low=0,
        group="Training samples",
    )
    seed: int = setting(0, "Random seed.", low=0, group="Advanced")

    def __post_init__(self) -> None:
        check(self, "samples")


@dataclass(frozen=True, kw_only=True)
class PortraitTrainSettings:
    """Settings of a training run of the portrait renderer's networks."""

    networks: str = setting("mouth,eye,head", f"Comma-separated networks to train: {', '.join(NETWORKS)}.")
    start: Path | None = setting(None, 'Weight file to initialise from, or "shipped". Default: random initialisation.')
    steps: int = setting(6000, "Training steps per network.", low=1)
    batch: int = setting(8, "Samples per step, over all processes.", low=1, high=65536)
    lr: float = setting(6e-4, "Learning rate of painter and encoder.", low=0.0, high=1.0, group="Optimiser")
    lr_critic: float = setting(2e-4, "Learning rate of the discriminator.", low=0.0, high=1.0, group="Optimiser")
    warmup: int = setting(100, "Steps of linear learning rate warm-up.", low=0, group="Optimiser")
    cooldown: float = setting(
        0.4,
        "Fraction of the run, at its end, over which the learning rates decay to 0.",
        low=0.0,
        high=1.0,
        group="Optimiser",
    )
    average: float = setting(
        0.995, "Decay per step of the moving average of the weights.", low=0.0, high=0.999999, group="Optimiser"
    )
    pixel: float = setting(4.0, "Weight of the L1 term.", low=0.0, group="Losses")
    edges: float = setting(4.0, "Weight of the L1 term on image gradients.", low=0.0, group="Losses")
    content: float = setting(2.0, "Weight of the content term (EfficientNet-Lite0 features).", low=0.0, group="Losses")
    landmarks: float = setting(
        0.0, "Weight of the landmark network's feature distance, for mouth and eye.", low=0.0, group="Losses"
    )
    inside: float = setting(4.0, "Extra weight of mouth and eye interiors in the L1 terms.", low=0.0, group="Losses")
    around: float = setting(1.5, "Extra weight of lips and eyelid rims in the L1 terms.", low=0.0, group="Losses")
    paint: float = setting(1.0, "Weight of the L1 term on the paint before masking.", low=0.0, group="Losses")
    calm: float = setting(0.02, "Weight of the mask regulariser where the composite is valid.", low=0.0, group="Losses")
    adversarial: float = setting(0.03, "Weight of the adversarial term, once enabled.", low=0.0, group="Losses")
    features: float = setting(0.5, "Weight of discriminator feature matching, once enabled.", low=0.0, group="Losses")
    critic_from: float = setting(
        0.7,
        "Fraction of the run after which the adversarial terms are enabled; 1: never.",
        low=0.0,
        high=1.0,
        group="Optimiser",
    )
    seed: int = setting(0, "Random seed.", low=0, group="Advanced")
    threads: int = setting(
        0, "CPU threads for the networks; 0 uses the default of torch.", low=0, high=1024, group="Advanced"
    )
    device: Literal["auto", "cpu", "cuda"] = setting("cpu", "auto, cpu, or cuda.")
    precision: Literal["auto", "fp32", "bf16", "fp16"] = setting(
        "fp32", "Autocast: auto (bf16 on GPUs that support it), fp32, bf16, or fp16.", group="Advanced"
    )
    accumulate: int = setting(
        1,
        "Micro-batches per step and process, for batches that do not fit into memory at once.",
        low=1,
        high=1024,
        group="Advanced",
    )
    stream: bool = setting(
        False,
        "Make the samples of every batch from the clips, instead of all samples once on disk: for data sets of which "
        "samples would not fit on a disk.",
    )
    workers: int = setting(
        1, "Threads that make batches ahead; with `stream`, processes.", low=1, high=256, group="Advanced"
    )
    save_minutes: float = setting(
        4.0, "Longest interval between checkpoints.", low=0.0, unit="minutes", group="Checkpoints and logging"
    )
    keep: int = setting(
        2, "Number of checkpoints to keep per network.", low=1, high=1000, group="Checkpoints and logging"
    )
    log_steps: int = setting(50, "Log every this many steps.", low=1, group="Checkpoints and logging")
    validate_steps: int = setting(
        500, "Validate every this many steps; 0: never.", low=0, group="Checkpoints and logging"
    )

    def __post_init__(self) -> None:
        check(self, "train-portrait")
        for name in self.network_list:
            if name not in NETWORKS:
                raise UsageError(f"`networks` cannot be {name!r}", where=f"one of: {', '.join(NETWORKS)}")

    @property
    def network_list(self) -> tuple[str, ...]:
        """Names of the networks, in order."""
        return tuple(word.strip() for word in self.networks.split(","))


PORTRAIT_RECIPES: Mapping[str, Mapping[str, Any]] = {
    "shipped": {},
    # For data sets of the size of VoxCeleb2 (1.1 million clips) on one node of 8 GPUs: 32 samples on each at once,
    # 15 million samples in all, 14 of each clip. The rates stay: Adam needs no smaller ones for a larger batch.
    "large": {
        "stream": True,
        "steps": 60_000,
        "batch": 256,
        "warmup": 1000,
        "average": 0.999,
        "precision": "auto",
        "device": "auto",
        "workers": 12,
        "save_minutes": 15.0,
        "validate_steps": 1000,
    },
}


def portrait_recipe_settings(recipe: str, changes: Mapping[str, Any] | None = None) -> PortraitTrainSettings:
    """Return the settings of a recipe with overrides.

    Args:
        recipe: "shipped" or "large".
        changes: setting to value; None keeps the recipe's value.

    Raises:
        UsageError: unknown recipe or setting, or a value out of range.
    """
    return from_recipe(PortraitTrainSettings, PORTRAIT_RECIPES, recipe, changes)


@dataclass(frozen=True, kw_only=True)
class PortraitAdaptSettings:
    """How the portrait renderer's networks are adapted to the photos of one person."""

    steps: int = setting(
        60, "Portrait: maximum number of steps per network; 0 keeps the embedding of the photos.", low=0
    )
    batch: int = setting(8, "Portrait: pairs of photos per step.", low=1, high=64, group="Portrait")
    lr_painter: float = setting(
        1e-4, "Portrait: learning rate of the painter's decoder.", low=0.0, high=1.0, group="Portrait"
    )
    hold_out: float = setting(
        0.25,
        "Portrait: fraction of photos held out as ground truth for early stopping.",
        low=0.05,
        high=0.5,
        group="Portrait",
    )
    look_steps: int = setting(
        10, "Portrait: validate on the held-out photos every this many steps.", low=1, group="Portrait"
    )
    looks: int = setting(
        4, "Portrait: stop after this many validations without improvement.", low=1, high=100, group="Portrait"
    )
    margin: float = setting(
        0.003,
        "Portrait: minimum relative improvement; below it the person file is left unchanged.",
        low=0.0,
        group="Portrait",
    )
    pairs: int = setting(72, "Portrait: maximum number of photo pairs.", low=2, high=1000, group="Portrait")
    seconds: float = setting(
        50.0,
        "Portrait: time limit for all networks together.",
        low=1.0,
    )
    seed: int = setting(0, "Random seed.", low=0, group="Advanced")
    threads: int = setting(0, "CPU threads; 0 uses the default of torch.", low=0, high=1024, group="Advanced")

    def __post_init__(self) -> None:
        check(self, "adapt-portrait")
