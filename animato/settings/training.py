"""Settings of meta-training: sizes, losses, schedule, and the three recipes. Does not import torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from animato.errors import UsageError
from animato.settings.base import check, from_recipe, setting


@dataclass(frozen=True, kw_only=True)
class TrainSettings:
    """Settings of a training run; the defaults are those of the 2019 paper where it states them."""

    # Networks (Zakharov et al. 2019, section 3.1; counts as in the authors' lab's later module).
    size: int = setting(256, "Side of images and landmark drawings.", low=32, high=256, unit="px")
    channels: int = setting(
        64, "Channels after the first block; doubled at each downsampling.", low=4, high=256, group="Networks"
    )
    max_channels: int = setting(512, "Maximum number of channels.", low=8, high=1024, group="Networks")
    embed: int = setting(512, "Length of the person embedding.", low=8, high=2048, group="Networks")
    down_blocks: int = setting(4, "Downsampling blocks of the generator.", low=1, high=6, group="Networks")
    residual_blocks: int = setting(
        4, "AdaIN residual blocks at the lowest resolution.", low=1, high=9, group="Networks"
    )
    embedder_reduce: int = setting(
        1, "Downscaling factor of the embedder's input photos; 1 in the paper.", low=1, high=4, group="Networks"
    )
    attention: bool = setting(
        False,
        "Self-attention at 1/8 (encoder) and 1/4 (decoder) of the size, as in the paper's text.",
        group="Networks",
    )
    scale_base: float = setting(
        0.0,
        "Constant added to every predicted AdaIN scale: 0 as in the paper, 1 starts near plain normalisation.",
        low=0,
        high=1,
        group="Networks",
    )
    affine_gain: float = setting(
        1.0,
        "Factor on the predicted AdaIN parameters: 1 as in the paper; higher values learn identity sooner.",
        low=0.1,
        high=64,
        group="Networks",
    )
    drawing: Literal["paper", "full"] = setting(
        "paper", "Style of the landmark drawing: paper, or full (adds inner lips and irises).", group="Networks"
    )

    # Losses.
    weighting: Literal["v1", "v2", "pixel"] = setting(
        "v2", "Loss weights: v1 (May 2019), v2 (September 2019), or pixel (with an L1 term).", group="Losses"
    )
    variant: Literal["fine-tune", "feed-forward"] = setting(
        "fine-tune",
        "fine-tune includes the embedding match loss; feed-forward omits it, as in the paper's second model.",
        group="Losses",
    )
    content: Literal["auto", "vgg", "lite0", "none"] = setting(
        "auto",
        "Network of the content loss: vgg (requires both weight files), lite0 (EfficientNet-Lite0 package), none, or "
        "auto: vgg if its files are given, else lite0 if installed.",
        group="Losses",
    )
    vgg19: Path | None = setting(
        None, "VGG19 Caffe weights as safetensors (layout in docs/training.md).", group="Losses"
    )
    vggface: Path | None = setting(None, "VGGFace Caffe weights as safetensors.", group="Losses")
    focus: float = setting(0.0, "Extra weight of mouth and eyes in the L1 terms.", low=0.0, high=50.0, group="Losses")
    edges: float = setting(
        0.0,
        "Weight of the L1 term on image gradients (not in the paper).",
        low=0.0,
        high=100.0,
        group="Losses",
    )

    # Episodes.
    photos_low: int = setting(1, "Minimum number of source photos per episode.", low=1, high=64, group="Episodes")
    photos_high: int = setting(8, "Maximum number of source photos per episode.", low=1, high=64, group="Episodes")
    batch: int = setting(8, "Episodes per step, over all processes.", low=1, high=4096)
    accumulate: int = setting(
        1,
        "Micro-batches per step and process, for batches that do not fit into memory at once.",
        low=1,
        high=4096,
        group="Machine",
    )
    augment: bool = setting(
        False, "Random mirroring and colour jitter of whole episodes (not in the paper).", group="Episodes"
    )

    # Optimiser.
    episodes: int = setting(1_000_000, "Number of training episodes.", low=1)
    lr_drawer: float = setting(5e-5, "Learning rate of embedder and generator.", low=0.0, high=1.0, group="Optimiser")
    lr_critic: float = setting(
        2e-4, "Learning rate of the discriminator and the embedding table.", low=0.0, high=1.0, group="Optimiser"
    )
    beta1: float = setting(
        0.0, "Adam beta1 of embedder and generator; 0 as in the paper.", low=0.0, high=0.99, group="Optimiser"
    )
    critic_steps: int = setting(
        2, "Discriminator steps per step of embedder and generator.", low=1, high=10, group="Optimiser"
    )
    warmup: int = setting(0, "Episodes of linear learning rate warm-up (not in the paper).", low=0, group="Optimiser")
    cooldown: float = setting(
        0.0,
        "Fraction of the run, at its end, over which the learning rates decay to 0.",
        low=0.0,
        high=1.0,
        group="Optimiser",
    )
    average: float = setting(
        0.999, "Decay per step of the moving average of the weights.", low=0.0, high=0.999999, group="Optimiser"
    )
    seed: int = setting(
        0, "Random seed; runs with the same seed on the same machine are identical.", low=0, group="Optimiser"
    )

    # Machine.
    device: Literal["auto", "cpu", "cuda"] = setting("auto", "auto, cpu, or cuda.")
    precision: Literal["auto", "fp32", "bf16", "fp16"] = setting(
        "auto", "Autocast: auto (bf16 on GPUs that support it), fp32, bf16, or fp16.", group="Machine"
    )
    threads: int = setting(
        0, "CPU threads for the networks; 0 uses the default of torch.", low=0, high=1024, group="Machine"
    )
    workers: int = setting(1, "Threads for prefetching episodes.", low=1, high=64, group="Machine")
    cache_mb: int = setting(2048, "Size of the decoded-frame cache.", low=0, unit="MB", group="Machine")

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
        8, "Number of people in the validation image.", low=1, high=64, group="Checkpoints and logging"
    )

    def __post_init__(self) -> None:
        check(self, "train")
        if self.photos_low > self.photos_high:
            raise UsageError(f"`photos_low={self.photos_low}` is above `photos_high={self.photos_high}`", where="train")
        if self.content == "vgg" and not (self.vgg19 and self.vggface):
            raise UsageError("`content=vgg` needs `vgg19=FILE` and `vggface=FILE`", where="train.content")


@dataclass(frozen=True, kw_only=True)
class LossWeights:
    """Weights of the terms of the generator loss.

    Attributes:
        content: VGG19 features, or EfficientNet-Lite0 features.
        face: VGGFace features of the face box.
        pixel: mean absolute difference of the images, in units of the range [-1, 1].
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
    # differs: for small runs. A pixel term, as feature losses give little gradient in the first hours, and a small
    # match term: at 10, e is pulled towards the small initial W and identity does not emerge for hours
    "pixel": LossWeights(content=1.5e-1, face=2.5e-2, pixel=10.0, features=10.0, match=0.01),
}

LITE0_CONTENT: Mapping[str, float] = {"v1": 4.0, "v2": 20.0, "pixel": 2.0}
"""Weight of the content term with EfficientNet-Lite0 instead of VGG19 and VGGFace. Its distance is relative (each layer
is divided by the real image's mean activation), so the published weights do not apply."""

RECIPES: Mapping[str, Mapping[str, Any]] = {
    "paper": {},
    # For data sets of the size of VoxCeleb2 (146,000 videos) on one node of 8 GPUs: 8 episodes on each at once, and
    # every video drawn some 70 times. The rates are the paper's: Adam needs no smaller ones for a larger batch.
    "large": {
        "batch": 64,
        "episodes": 10_000_000,
        "warmup": 64_000,
        "cooldown": 0.1,
        "augment": True,
        "workers": 8,
        "cache_mb": 0,
        "save_minutes": 15.0,
        "log_episodes": 6400,
        "validate_episodes": 320_000,
    },
    "small": {
        "size": 128,
        "channels": 16,
        "max_channels": 192,
        "embed": 256,
        # Three blocks: with four, an eye of 14 px covers one or two positions of an 8 px map and is rendered dark.
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
    """Return the settings of a recipe with overrides.

    Args:
        recipe: "tiny", "small", "paper" or "large".
        changes: setting to value; None keeps the recipe's value.

    Raises:
        UsageError: unknown recipe or setting, or a value out of range.
    """
    return from_recipe(TrainSettings, RECIPES, recipe, changes)
