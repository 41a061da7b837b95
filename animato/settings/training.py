"""Settings of meta-training: sizes, losses, schedule, and the three recipes. No torch in here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from animato.errors import UsageError
from animato.settings.base import check, from_mapping, setting


@dataclass(frozen=True, kw_only=True)
class TrainSettings:
    """Settings of a training run; the defaults are the 2019 paper's where it states them."""

    # Networks (Zakharov et al. 2019, section 3.1; counts as in the authors' lab's later module).
    size: int = setting(256, "Side of pictures and drawings.", low=32, high=256, unit="px")
    channels: int = setting(
        64, "Channels after the first block; they double at each halving.", low=4, high=256, group="Networks"
    )
    max_channels: int = setting(512, "Largest channel count.", low=8, high=1024, group="Networks")
    embed: int = setting(512, "Length of the person embedding.", low=8, high=2048, group="Networks")
    down_blocks: int = setting(4, "Halvings in the generator.", low=1, high=6, group="Networks")
    residual_blocks: int = setting(4, "AdaIN blocks at the smallest size.", low=1, high=9, group="Networks")
    embedder_reduce: int = setting(
        1, "Photos are averaged down this many times for the embedder; 1 in the paper.", low=1, high=4, group="Networks"
    )
    attention: bool = setting(
        False, "Self-attention at 1/8 (down) and 1/4 (up) of the size, as the paper's text has it.", group="Networks"
    )
    scale_base: float = setting(
        0.0,
        "Added to every predicted AdaIN scale: 0 as in the paper, 1 starts near plain normalisation.",
        low=0,
        high=1,
        group="Networks",
    )
    affine_gain: float = setting(
        1.0,
        "Factor on the predicted AdaIN numbers: 1 as in the paper; higher values learn identity sooner.",
        low=0.1,
        high=64,
        group="Networks",
    )
    drawing: Literal["paper", "full"] = setting(
        "paper", "Strokes of the landmark picture: paper, or full (inner lips and irises, too).", group="Networks"
    )

    # Losses.
    weighting: Literal["v1", "v2", "pixel"] = setting(
        "v2", "Loss weights: v1 (May 2019), v2 (September 2019), or pixel (with an L1 term).", group="Losses"
    )
    variant: Literal["fine-tune", "feed-forward"] = setting(
        "fine-tune",
        "fine-tune adds the embedding match loss; feed-forward leaves it out, as the paper's second model does.",
        group="Losses",
    )
    content: Literal["auto", "vgg", "lite0", "none"] = setting(
        "auto",
        "Network of the content loss: vgg (both files must be given), lite0 (the bundled-package network), none, or "
        "auto: vgg when its files are given, else lite0 when installed.",
        group="Losses",
    )
    vgg19: Path | None = setting(
        None, "VGG19 Caffe weights as safetensors (docs/training.md says in which layout).", group="Losses"
    )
    vggface: Path | None = setting(None, "VGGFace Caffe weights as safetensors.", group="Losses")
    focus: float = setting(0.0, "Extra weight of mouth and eyes in the L1 terms.", low=0.0, high=50.0, group="Losses")
    edges: float = setting(
        0.0,
        "Weight of the L1 distance of neighbouring pixels' differences: where an edge stands (not in the paper).",
        low=0.0,
        high=100.0,
        group="Losses",
    )

    # Episodes.
    photos_low: int = setting(1, "Minimum number of source photos per episode.", low=1, high=64, group="Episodes")
    photos_high: int = setting(8, "Maximum number of source photos per episode.", low=1, high=64, group="Episodes")
    batch: int = setting(8, "Episodes in one step, over all processes.", low=1, high=4096)
    augment: bool = setting(False, "Mirror and recolour whole episodes at random (not in the paper).", group="Episodes")

    # Optimiser.
    episodes: int = setting(1_000_000, "Number of training episodes.", low=1)
    lr_drawer: float = setting(5e-5, "Learning rate of embedder and generator.", low=0.0, high=1.0, group="Optimiser")
    lr_critic: float = setting(
        2e-4, "Learning rate of the discriminator and its table of videos.", low=0.0, high=1.0, group="Optimiser"
    )
    beta1: float = setting(
        0.0, "Adam's first decay for embedder and generator; 0 as in the paper.", low=0.0, high=0.99, group="Optimiser"
    )
    critic_steps: int = setting(
        2, "Discriminator steps for one step of embedder and generator.", low=1, high=10, group="Optimiser"
    )
    warmup: int = setting(
        0, "Episodes over which both learning rates rise from 0 (not in the paper).", low=0, group="Optimiser"
    )
    cooldown: float = setting(
        0.0, "Share of the run, at its end, over which both rates fall to 0.", low=0.0, high=1.0, group="Optimiser"
    )
    average: float = setting(
        0.999, "Decay per step of the moving average of the weights.", low=0.0, high=0.999999, group="Optimiser"
    )
    seed: int = setting(
        0, "Random seed; runs with the same seed on the same machine are identical.", low=0, group="Optimiser"
    )

    # Machine.
    device: Literal["auto", "cpu", "cuda"] = setting("auto", "auto, cpu, or cuda.")
    precision: Literal["auto", "fp32", "bf16"] = setting(
        "auto", "auto (bf16 on a GPU that has it), fp32, or bf16.", group="Machine"
    )
    threads: int = setting(
        0, "CPU threads for the networks; 0 uses the default of torch.", low=0, high=1024, group="Machine"
    )
    workers: int = setting(1, "Threads that prefetch the next episodes.", low=1, high=64, group="Machine")
    cache_mb: int = setting(2048, "Memory for decoded frames.", low=0, unit="MB", group="Machine")

    # Checkpoints and logging.
    save_minutes: float = setting(
        10.0, "Longest interval between checkpoints.", low=0.0, unit="minutes", group="Checkpoints and logging"
    )
    save_episodes: int = setting(
        0, "Save a checkpoint every this many episodes; 0: by time only.", low=0, group="Checkpoints and logging"
    )
    keep: int = setting(3, "Number of checkpoints to keep.", low=1, high=1000, group="Checkpoints and logging")
    log_episodes: int = setting(200, "Log every this many episodes.", low=1, group="Checkpoints and logging")
    validate_episodes: int = setting(
        5000, "Validate every this many episodes; 0: never.", low=0, group="Checkpoints and logging"
    )
    validate_people: int = setting(
        8, "People on the validation picture.", low=1, high=64, group="Checkpoints and logging"
    )

    def __post_init__(self) -> None:
        check(self, "train")
        if self.photos_low > self.photos_high:
            raise UsageError(f"`photos_low={self.photos_low}` is above `photos_high={self.photos_high}`", where="train")
        if self.content == "vgg" and not (self.vgg19 and self.vggface):
            raise UsageError("`content=vgg` needs `vgg19=FILE` and `vggface=FILE`", where="train.content")


@dataclass(frozen=True, kw_only=True)
class LossWeights:
    """Weights of the parts of the generator's loss.

    Attributes:
        content: VGG19 features, or those of the bundled network.
        face: VGGFace features on the face's box.
        pixel: mean absolute difference of the pictures, in units of the full range [-1, 1].
        features: feature matching in the discriminator, mean over its layers.
        match: L1 between embedding and the video's vector W_i.
        adversarial: hinge term.
    """

    content: float
    face: float
    pixel: float
    features: float
    match: float
    adversarial: float = 1.0


WEIGHTINGS: Mapping[str, LossWeights] = {
    # Zakharov et al. 2019, arXiv v1 (as in grey-eye/talking-heads and the authors' lab's defaults)
    "v1": LossWeights(content=1e-2, face=2e-3, pixel=0.0, features=10.0, match=80.0),
    # arXiv v2 (as in vincent-thevenin and its forks)
    "v2": LossWeights(content=1.5e-1, face=2.5e-2, pixel=0.0, features=10.0, match=10.0),
    # differs: for small runs; a pixel term carries the first hours, when features say little
    # and the match term is kept out of the way: at 10 it pulls e to W's small start and no person shows for hours
    "pixel": LossWeights(content=1.5e-1, face=2.5e-2, pixel=10.0, features=10.0, match=0.01),
}

LITE0_CONTENT: Mapping[str, float] = {"v1": 4.0, "v2": 20.0, "pixel": 2.0}
"""Weight of the content term when EfficientNet-Lite0 stands in for VGG19 and VGGFace: its distance is relative (each
layer divided by the real picture's mean activation), so the published weights mean nothing for it."""

RECIPES: Mapping[str, Mapping[str, Any]] = {
    "paper": {},
    "small": {
        "size": 128,
        "channels": 16,
        "max_channels": 192,
        "embed": 256,
        # Few halvings: with four, eyes of 14 px pass through one or two places of an 8 px map and come out dark.
        "down_blocks": 3,
        "embedder_reduce": 2,
        "scale_base": 1.0,
        "affine_gain": 8.0,
        "drawing": "full",
        "weighting": "pixel",
        "focus": 40.0,
        "edges": 10.0,
        "augment": True,
        "batch": 4,
        "photos_high": 4,
        "episodes": 26_000,
        "lr_drawer": 5e-4,
        "lr_critic": 5e-4,
        "critic_steps": 1,
        "warmup": 200,
        "cooldown": 0.25,
        "average": 0.99,
        "validate_episodes": 2000,
    },
    "tiny": {
        "size": 64,
        "channels": 16,
        "max_channels": 64,
        "embed": 64,
        "down_blocks": 3,
        "residual_blocks": 2,
        "scale_base": 1.0,
        "affine_gain": 8.0,
        "drawing": "full",
        "weighting": "pixel",
        "batch": 4,
        "photos_high": 2,
        "episodes": 1600,
        "lr_drawer": 5e-4,
        "lr_critic": 5e-4,
        "critic_steps": 2,
        "average": 0.98,
        "log_episodes": 40,
        "validate_episodes": 400,
        "save_minutes": 1.0,
    },
}


def recipe_settings(recipe: str, changes: Mapping[str, Any] | None = None) -> TrainSettings:
    """Return a recipe's settings with some of them changed.

    Args:
        recipe: "tiny", "small" or "paper".
        changes: setting to value; None leaves the recipe's value.

    Raises:
        UsageError: no such recipe or setting, or a value out of range.
    """
    if recipe not in RECIPES:
        raise UsageError(f"no recipe named {recipe!r}", where=f"one of: {', '.join(RECIPES)}")
    asked = {name: value for name, value in (changes or {}).items() if value is not None}
    return from_mapping(TrainSettings, {**RECIPES[recipe], **asked})
