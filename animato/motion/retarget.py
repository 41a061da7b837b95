"""Retarget a driver's motion to another face: shape from the person, pose and expression from the driver."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from animato.geometry.apertures import (
    EYE_CLOSED,
    EYE_OPEN,
    MOUTH_CLOSED,
    MOUTH_OPEN,
    apertures,
    mouth_width,
)
from animato.geometry.pose import HeadPose, fit_pose, local_from_points, points_from_local, rotation_exp, rotation_log
from animato.geometry.region_weights import part_weights
from animato.geometry.smoothstep import smoothstep
from animato.motion.aperture_profile import aperture_vectors, set_aperture_vectors
from animato.motion.edge_clearance import EdgeLimits
from animato.motion.motion_frame import MotionFrame, Neutral
from animato.motion.neck_limits import face_width_cm, limit_to_neck
from animato.motion.photo_expression import averted, expression_warnings, move_gaze, own_expression, remove_expression
from animato.motion.supported_turn import SupportedTurn, TurnEasing
from animato.settings.motion import MotionSettings
from animato.types import Points

NECK_EXCESS = 1.0
"""Motion, in units of the neck's limits, from which a frame counts as limited."""

LIMITED_SHARE = 0.02
"""Share of limited frames from which a warning is given."""


@dataclass(frozen=True)
class Target:
    """The person's face in one output frame.

    Attributes:
        points: 478 x 3 float32, pixels of the crop.
        pose: its rigid pose.
        channels: name to scaled value (`motion.channel`).
    """

    points: Points
    pose: HeadPose
    channels: Mapping[str, NDArray[Any]] = field(default_factory=dict)


class Retargeter:
    """Applies motion to one person's face.

    Args:
        points: 478 x 3, landmarks of the photo in pixels of the crop.
        neutral: the driver's neutral measures.
        settings: strengths and mode.
        blendshapes: 52 float32 in [0, 1], of the photo; without them its smile is not removed.
        edges: limits of motion away from edges of the photo that crop the head; None for no limits.
        pose: of the landmarks, if already computed.
        turn: supported by the photos of the head; None for no limits. Not used with `turn=free`.
    """

    def __init__(
        self,
        points: Points,
        neutral: Neutral,
        settings: MotionSettings,
        blendshapes: NDArray[np.float32] | None = None,
        edges: EdgeLimits | None = None,
        pose: HeadPose | None = None,
        turn: SupportedTurn | None = None,
    ) -> None:
        self.settings = settings
        self.neutral = neutral
        self._points, self._blendshapes, self._turn = points, blendshapes, turn
        self._edges = edges
        self._turn_easing = TurnEasing(turn if settings.turn == "eased" else None)
        self.pose = pose or fit_pose(points)
        photo = local_from_points(points, self.pose)
        self._remaining_opening = 0.0
        self.local = self._neutralised(photo, blendshapes)
        self._width = face_width_cm(self.local)
        self._frame_count = self._limited_count = 0
        self._aperture_vectors = aperture_vectors(photo)
        self._apertures = apertures(photo)
        strengths = np.array([settings.mouth, settings.eyes, settings.brows])
        self._gain: NDArray[np.float64] = (strengths @ part_weights())[:, None]

    def adjusted(self, neutral: Neutral, settings: MotionSettings) -> Retargeter:
        """Return a retargeter of the same face for other neutral measures and strengths."""
        return Retargeter(self._points, neutral, settings, self._blendshapes, self._edges, self.pose, self._turn)

    def _neutralised(self, photo: NDArray[np.float64], blendshapes: NDArray[np.float32] | None) -> NDArray[np.float64]:
        """Return the photo's canonical landmarks with its own expression removed, by the strength of each part.

        The expression of the driver's neutral frame is not part of the motion, so only the photo's excess over it is
        removed. Gaze is relative to the neutral frame's, so a driver who looks aside there is followed.
        """
        own, strength = own_expression(photo, self.pose, blendshapes), self.settings.neutralise
        self._own = own
        # Opening and gaze are the driver's alone; a slight smile is part of the person's look and is kept by default.
        mouth, eyes = (min(2.0 * strength, 1.0) * min(part, 1.0) for part in (self.settings.mouth, self.settings.eyes))
        surplus = max(0.0, own.opening - max(float(self.neutral.apertures[2]), MOUTH_CLOSED))
        self._remaining_opening = surplus * (1.0 - mouth)
        widening = strength * min(self.settings.mouth, 1.0) * max(0.0, own.smile - self.neutral.smile)
        averted_gaze = averted(own.gaze - np.array(self.neutral.gaze))
        neutral = remove_expression(photo, mouth * surplus * mouth_width(photo), widening)
        return move_gaze(neutral, -eyes * averted_gaze) if averted_gaze.any() else neutral

    def __call__(self, motion: MotionFrame) -> Target:
        """Return the target face of one motion frame."""
        local = self.local + motion.expression * self._gain
        local = set_aperture_vectors(local, self._target_apertures(local, motion))
        local = move_gaze(local, np.zeros(2))  # keeps the sum of photo and driver inside the eyes
        pose = self._pose(motion)
        pose = pose if self._edges is None else self._edges.limit(self.pose, pose)
        scaled = {
            name: channel.scaled(motion.channels[name], self.settings, self.pose.scale)
            for name, channel in motion.channels.definitions.items()
        }
        channels = {name: value for name, value in scaled.items() if value is not None}
        return Target(points_from_local(local, pose), pose, channels)

    def _pose(self, motion: MotionFrame) -> HeadPose:
        strength = self.settings.pose_strength
        rotation = rotation_exp(rotation_log(motion.rotation) * strength) @ self.pose.rotation
        if self.settings.motion == "absolute":
            absolute = motion.rotation @ self.neutral.rotation
            rotation = (
                rotation_exp(rotation_log(absolute @ self.pose.rotation.T) * min(strength, 1.0)) @ self.pose.rotation
            )
        scale = float(motion.scale**strength)
        translation = self.pose.translation.copy()
        translation[:2] += strength * motion.translation * self.pose.scale
        target = self._turn_easing(HeadPose(rotation, translation, self.pose.scale * scale))
        gains = self.settings.shift_strength, self.settings.zoom_strength
        pose, excess = limit_to_neck(self.pose, target, self._width, *gains)
        self._frame_count += 1
        self._limited_count += excess > NECK_EXCESS
        return pose

    def warnings(self) -> list[str]:
        """Return warnings about the photo's own expression, and motion beyond what photos or neck allow."""
        warnings = [*expression_warnings(self._own, self.settings.neutralise), *self._turn_easing.warnings()]
        if self._limited_count < max(1.0, LIMITED_SHARE * self._frame_count):
            return warnings
        return [
            *warnings,
            "the driver's head moves or grows by more than a neck allows in "
            f"{self._limited_count / self._frame_count:.0%} of the frames and is limited: `still_place=True` keeps the "
            "head in place, `neutral` selects a better neutral frame",
        ]

    def _target_apertures(self, local: NDArray[np.float64], motion: MotionFrame) -> list[NDArray[np.float64]]:
        vectors, current = aperture_vectors(local), apertures(local)
        eyes = [self._eye_aperture(index, vectors[index], float(current[index]), motion) for index in (0, 1)]
        return [*eyes, self._mouth_aperture(vectors[2], float(current[2]), motion)]

    def _eye_aperture(
        self, index: int, vectors: NDArray[np.float64], current: float, motion: MotionFrame
    ) -> NDArray[np.float64]:
        """Return the aperture vectors (P x 3) of an eye.

        Apertures below neutral are proportional to the driver's, so that narrow and wide eyes close at the same moment.
        """
        own, neutral = float(self._apertures[index]), float(self.neutral.apertures[index])
        driver = float(motion.apertures[index])
        ratio = 1.0 + self.settings.eyes * (driver / max(neutral, EYE_CLOSED) - 1.0)
        if self.settings.motion == "absolute":
            aperture = own + min(self.settings.eyes, 1.0) * (driver - own)
        elif ratio < 1.0:
            aperture = own * max(ratio, 0.0)
        else:
            aperture = own + self.settings.eyes * (driver - neutral)
        closing = 1.0 - smoothstep(driver, EYE_CLOSED, EYE_OPEN)
        aperture *= 1.0 - closing * min(self.settings.eyes, 1.0)
        aperture = max(aperture, 0.0)
        # Keep the profile of the moved lids where they are open; where they crossed, use the photo's profile.
        shape_weight = smoothstep(current / max(aperture, 1e-6), 0.2, 0.6) if current > 0 else 0.0
        scaled = vectors * (aperture / max(current, 1e-3))
        result = shape_weight * scaled + (1.0 - shape_weight) * self._aperture_vectors[index] * (
            aperture / max(own, 0.05)
        )
        result[:, 1] = np.maximum(result[:, 1], 0.0)  # lids never cross
        return np.asarray(result)

    def _mouth_aperture(self, vectors: NDArray[np.float64], current: float, motion: MotionFrame) -> NDArray[np.float64]:
        """Return the aperture vectors (P x 3) of the mouth.

        The lips touch when the driver's do, never cross, and open as far as the driver's, in mouth widths. A remaining
        opening of the photo is combined with the driver's by a cubic mean, approximately the larger of the two.
        """
        driver, remaining = max(float(motion.apertures[2]), 0.0), self._remaining_opening
        own = min(float(self._apertures[2]), max(float(self.neutral.apertures[2]), MOUTH_CLOSED) + remaining)
        if self.settings.motion == "absolute":
            remaining = 0.0
        aperture = (driver**3 + remaining**3) ** (1 / 3) * smoothstep(driver, MOUTH_CLOSED, MOUTH_OPEN)
        aperture = max(own + min(self.settings.mouth, 2.0) * (aperture - own), 0.0)
        shape_weight = smoothstep(current / max(aperture, 1e-6), 0.25, 0.6) if current > 0 else 0.0
        scaled = vectors * (aperture / max(current, 1e-3))
        arched = np.zeros_like(vectors)
        arch = np.sin(np.linspace(0, np.pi, len(vectors) + 2)[1:-1])
        arched[:, 1] = arch / arch.mean() * aperture * mouth_width(self.local)
        result = shape_weight * scaled + (1.0 - shape_weight) * arched
        result[:, 1] = np.maximum(result[:, 1], 0.0)
        return np.asarray(result)
