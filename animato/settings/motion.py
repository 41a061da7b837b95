"""Settings of movement: what is taken from the driver, how strongly, how smoothly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from animato.settings.base import check, setting


@dataclass(frozen=True, kw_only=True)
class MotionSettings:
    """How the driver's movement is applied to the person."""

    motion: Literal["relative", "absolute"] = setting(
        "relative",
        "relative: the photo moves as the driver moves away from its own neutral frame. "
        "absolute: the photo takes the driver's head direction, eye and mouth opening as they are.",
        group="Movement",
    )
    neutral: float | None = setting(
        None,
        "Time in the driver, in seconds, of its neutral frame (relaxed face, eyes open, mouth closed). "
        "Found by itself when not given.",
        low=0.0,
        unit="seconds",
        group="Movement",
    )
    pose: float = setting(
        1.0, "Strength of head movement: 0 none, 1 the driver's own.", low=0.0, high=2.0, group="Movement"
    )
    shift: float = setting(
        1.0,
        "Strength with which the head moves sideways, up and down on its neck, times `pose`. 0: only turns and nods.",
        low=0.0,
        high=2.0,
        group="Movement",
    )
    zoom: float = setting(
        1.0,
        "Strength with which the head comes nearer and goes away, times `pose`.",
        low=0.0,
        high=2.0,
        group="Movement",
    )
    mouth: float = setting(1.0, "Strength of mouth and jaw movement.", low=0.0, high=2.0, group="Movement")
    eyes: float = setting(1.0, "Strength of blinks and gaze.", low=0.0, high=2.0, group="Movement")
    brows: float = setting(1.0, "Strength of brow movement.", low=0.0, high=2.0, group="Movement")
    residual_flow: float = setting(
        1.0,
        "Strength with which hair, neck and shoulders move as the driver's do, beyond following the head; "
        "0: they only follow the head.",
        low=0.0,
        high=1.5,
        group="Movement",
    )
    neutralise: float = setting(
        0.5,
        "How much of the photo's own expression is taken off before the driver's movement is added: 0 nothing; 0.5 an "
        "open mouth and averted eyes wholly and half of a smile; 1 all of it.",
        low=0.0,
        high=1.0,
        group="Movement",
    )
    still_head: bool = setting(
        False, "Keep the head where it is; only the face moves (the same as `pose=0`).", group="Movement"
    )
    still_place: bool = setting(
        False,
        "Keep the place and size of the head; it turns and nods (the same as `shift=0` `zoom=0`).",
        group="Movement",
    )
    stabilize: bool = setting(
        True,
        "Take movement of the camera, and of the whole body, out of head movement; `stabilize=False` leaves it in.",
        group="Movement",
    )
    cuts: Literal["follow", "hold"] = setting(
        "follow",
        "follow: a driver that cuts is measured in each shot from a neutral frame of its own. "
        "hold: only shots like the first one move the head; it rests during the others.",
        group="Movement",
    )
    smooth: float = setting(
        0.5,
        "Smoothing of tracker tremble, 0 (none) to 1; it adds no delay to a file, and fast movement passes.",
        low=0.0,
        high=1.0,
        group="Movement",
    )
    mouth_interior: bool = setting(
        False,
        "Paint teeth, tongue and gap where the driver's open mouth shows them, instead of plausible ones: for drivers "
        "that are the person themselves.",
        group="Advanced",
    )
    expression_light: float = setting(
        0.0,
        "Strength with which light and shade of the driver's skin (folds, forehead) are laid on the person's; 0: none.",
        low=0.0,
        high=1.5,
        group="Advanced",
    )
    stabilize_landmarks: bool = setting(
        True,
        "Hold the driver's landmarks to its skin as the neutral frame shows it, so that nothing wanders over the face.",
        group="Advanced",
    )

    def __post_init__(self) -> None:
        check(self, "motion")

    @property
    def pose_strength(self) -> float:
        """Strength of head movement with `still_head` taken into account."""
        return 0.0 if self.still_head else self.pose

    @property
    def shift_strength(self) -> float:
        """Strength of movement on the neck, times `pose_strength`, with `still_place` taken into account."""
        return 0.0 if self.still_place else self.shift

    @property
    def zoom_strength(self) -> float:
        """Strength of coming nearer and going away, times `pose_strength`, with `still_place` taken into account."""
        return 0.0 if self.still_place else self.zoom
