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
    shift: float = setting(
        1.0,
        "Strength with which the head moves sideways, up and down on its neck, times --pose. 0: only turns and nods.",
        low=0.0,
        high=2.0,
    )
    zoom: float = setting(
        1.0, "Strength with which the head comes nearer and goes away, times --pose.", low=0.0, high=2.0
    )
    mouth: float = setting(1.0, "Strength of mouth and jaw movement.", low=0.0, high=2.0)
    eyes: float = setting(1.0, "Strength of blinks and gaze.", low=0.0, high=2.0)
    brows: float = setting(1.0, "Strength of brow movement.", low=0.0, high=2.0)
    residual_flow: float = setting(
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
    still_place: bool = setting(
        False, "Keep the place and size of the head; it turns and nods (the same as --shift 0 --zoom 0)."
    )
    stabilize: bool = setting(
        True,
        "Take movement of the camera, and of the whole body, out of head movement; --no-stabilize leaves it in.",
    )
    cuts: str = setting(
        "follow",
        "follow: a driver that cuts is measured in each shot from a neutral frame of its own. "
        "hold: only shots like the first one move the head; it rests during the others.",
        choices=("follow", "hold"),
    )
    smooth: float = setting(
        0.5,
        "Smoothing of tracker tremble, 0 (none) to 1; it adds no delay to a file, and fast movement passes.",
        low=0.0,
        high=1.0,
    )
    mouth_interior: bool = setting(
        False,
        "Paint teeth, tongue and gap where the driver's open mouth shows them, instead of plausible ones: for drivers "
        "that are the person themselves.",
    )
    expression_light: float = setting(
        0.0,
        "Strength with which light and shade of the driver's skin (folds, forehead) are laid on the person's; 0: none.",
        low=0.0,
        high=1.5,
    )
    stabilize_landmarks: bool = setting(
        True,
        "Hold the driver's landmarks to its skin as the neutral frame shows it, so that nothing wanders over the face.",
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
