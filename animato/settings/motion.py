"""Settings of movement: what is taken from the driver, how strongly, how smoothly."""

from __future__ import annotations

from dataclasses import dataclass

from animato.settings.base import check, setting


@dataclass(frozen=True, kw_only=True)
class MotionSettings:
    """How the driver's movement is applied to the person."""

    motion: str = setting(
        "relative",
        "relative: the photo moves as the driver moves away from its own neutral frame. "
        "absolute: the photo takes the driver's head direction, eye and mouth opening as they are.",
        choices=("relative", "absolute"),
    )
    neutral: float | None = setting(
        None,
        "Time in the driver, in seconds, of its neutral frame (relaxed face, eyes open, mouth closed). "
        "Found by itself when not given.",
        low=0.0,
        unit="seconds",
    )
    pose: float = setting(1.0, "Strength of head movement: 0 none, 1 the driver's own.", low=0.0, high=2.0)
    mouth: float = setting(1.0, "Strength of mouth and jaw movement.", low=0.0, high=2.0)
    eyes: float = setting(1.0, "Strength of blinks and gaze.", low=0.0, high=2.0)
    brows: float = setting(1.0, "Strength of brow movement.", low=0.0, high=2.0)
    surroundings: float = setting(
        1.0,
        "Strength with which hair, neck and shoulders move as the driver's do, beyond following the head; "
        "0: they only follow the head.",
        low=0.0,
        high=1.5,
    )
    neutralise: float = setting(
        0.5,
        "How much of the photo's own expression is taken off before the driver's movement is added: 0 nothing; 0.5 an "
        "open mouth and averted eyes wholly and half of a smile; 1 all of it.",
        low=0.0,
        high=1.0,
    )
    still_head: bool = setting(False, "Keep the head where it is; only the face moves (the same as --pose 0).")
    smooth: float = setting(
        0.5,
        "Smoothing of tracker tremble, 0 (none) to 1; it adds no delay to a file, and fast movement passes.",
        low=0.0,
        high=1.0,
    )
    inside: bool = setting(
        True,
        "Paint teeth, tongue and gap where the driver's open mouth shows them; --no-inside leaves that to the network.",
    )
    shade: float = setting(
        1.0,
        "Strength with which the driver's light and shade (folds, lids, brows) are laid on skin and eyes; 0: none.",
        low=0.0,
        high=1.5,
    )
    anchor: bool = setting(
        True,
        "Hold the driver's landmarks to its skin as the neutral frame shows it, so that nothing wanders over the face.",
    )

    def __post_init__(self) -> None:
        check(self, "motion")

    @property
    def pose_strength(self) -> float:
        """Strength of head movement with `still_head` taken into account."""
        return 0.0 if self.still_head else self.pose
