"""Settings of the portrait renderer's training: cases, losses, schedule. No torch in here."""

from __future__ import annotations

from dataclasses import dataclass

from animato.errors import UsageError
from animato.settings.base import check, setting

NETWORKS = ("mouth", "eye", "head")
MOST_PHOTOS = 3
"""Photos kept with each case; an episode uses one to all of them."""


@dataclass(frozen=True, kw_only=True)
class CaseSettings:
    """How clips become cases: a true frame, the same frame made by geometry, and photos to fetch from."""

    crop: int = setting(384, "Side of the crops that geometry warps.", low=128, high=1024, unit="px")
    photos: int = setting(6, "Photos chosen from each video, the most neutral first.", low=2, high=32)
    frames: int = setting(75, "Most true frames taken from each video.", low=1, high=1000)
    inverse: int = setting(
        3, "Inverse-warped cases made of each still: the still is the truth, a warped copy of it the photo.", low=0
    )
    seed: int = setting(0, "Start of every random choice.", low=0)

    def __post_init__(self) -> None:
        check(self, "cases")


@dataclass(frozen=True, kw_only=True)
class PortraitTrainSettings:
    """Everything that shapes a training run of the portrait renderer's networks."""

    networks: str = setting("mouth,eye,head", f"Networks to train, with commas between: {', '.join(NETWORKS)}.")
    start: str | None = setting(None, 'Weight file to begin from, or "shipped"; otherwise from nothing.')
    steps: int = setting(6000, "Steps of each network.", low=1)
    batch: int = setting(8, "Cases in one step.", low=1, high=1024)
    lr: float = setting(6e-4, "Learning rate of painter and encoder.", low=0.0, high=1.0)
    lr_critic: float = setting(2e-4, "Learning rate of the critic.", low=0.0, high=1.0)
    warmup: int = setting(100, "Steps over which the rates rise from 0.", low=0)
    cooldown: float = setting(0.4, "Share of the run, at its end, over which the rates fall to 0.", low=0.0, high=1.0)
    average: float = setting(0.995, "Decay of the running average of weights, a step.", low=0.0, high=0.999999)
    pixel: float = setting(4.0, "Weight of the L1 term.", low=0.0)
    edges: float = setting(4.0, "Weight of the L1 term on differences of neighbouring pixels.", low=0.0)
    content: float = setting(2.0, "Weight of the content term (EfficientNet-Lite0 features).", low=0.0)
    landmarks: float = setting(0.0, "Weight of the landmark network's features, for mouth and eye.", low=0.0)
    inside: float = setting(4.0, "Extra weight of what lies behind lids and lips in the L1 terms.", low=0.0)
    around: float = setting(1.5, "Extra weight of the lips, and of the lids' rims, in the L1 terms.", low=0.0)
    paint: float = setting(1.0, "Weight of the L1 term on the paint alone, before the mask.", low=0.0)
    calm: float = setting(0.02, "Weight of the mask where the photo shows what is needed.", low=0.0)
    adversarial: float = setting(0.03, "Weight of the critic's term, once it plays.", low=0.0)
    features: float = setting(0.5, "Weight of feature matching in the critic, once it plays.", low=0.0)
    critic_from: float = setting(0.7, "Share of the run after which the critic plays; 1: never.", low=0.0, high=1.0)
    seed: int = setting(0, "Start of every random choice.", low=0)
    threads: int = setting(0, "Processor threads for the networks; 0 leaves it to torch.", low=0, high=1024)
    device: str = setting("cpu", "cpu, or cuda.", choices=("cpu", "cuda"))
    save_minutes: float = setting(4.0, "A checkpoint at least this often.", low=0.0, unit="minutes")
    keep: int = setting(2, "How many checkpoints of each network to keep.", low=1, high=1000)
    log_steps: int = setting(50, "A line in the log every so many steps.", low=1)
    validate_steps: int = setting(500, "Validation figures and pictures every so many steps.", low=1)

    def __post_init__(self) -> None:
        check(self, "train-portrait")
        for name in self.network_list:
            if name not in NETWORKS:
                raise UsageError(f"--networks cannot be {name!r}", where=f"one of: {', '.join(NETWORKS)}")

    @property
    def network_list(self) -> tuple[str, ...]:
        """Names of the networks, in order."""
        return tuple(word.strip() for word in self.networks.split(","))


@dataclass(frozen=True, kw_only=True)
class PortraitAdaptSettings:
    """How the portrait renderer's networks are adapted to the photos of one person."""

    steps: int = setting(60, "Portrait: most steps of each network; 0 keeps the embedding of the photos.", low=0)
    batch: int = setting(8, "Portrait: pairs of photos in one step.", low=1, high=64)
    lr_painter: float = setting(1e-4, "Portrait: learning rate of the painter's way up.", low=0.0, high=1.0)
    hold_out: float = setting(
        0.25, "Portrait: share of the photos kept aside as truth to decide when to stop.", low=0.05, high=0.5
    )
    look_steps: int = setting(10, "Portrait: validate on the photos kept aside every so many steps.", low=1)
    looks: int = setting(4, "Portrait: stop after so many validations without a better result.", low=1, high=100)
    margin: float = setting(
        0.003,
        "Portrait: share by which the best result must beat the person as they were, or nothing is changed.",
        low=0.0,
    )
    pairs: int = setting(72, "Portrait: most pairs of photos used.", low=2, high=1000)
    seconds: float = setting(
        50.0,
        "Portrait: time for all networks together, a guard for slow machines.",
        low=1.0,
    )
    seed: int = setting(0, "Start of every random choice.", low=0)
    threads: int = setting(0, "Processor threads; 0 leaves it to torch.", low=0, high=1024)

    def __post_init__(self) -> None:
        check(self, "adapt-portrait")
