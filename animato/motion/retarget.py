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
from animato.motion.aperture_profile import gaps_of, set_gaps
from animato.motion.edge_clearance import EdgeRoom
from animato.motion.motion_frame import MotionFrame, Neutral
from animato.motion.neck_limits import face_width_cm, on_neck
from animato.motion.photo_expression import averted, expression_findings, move_gaze, own_expression, without_expression
from animato.settings.motion import MotionSettings
from animato.types import Points

BEYOND = 1.0
"""Movement asked for, in units of what a neck allows, from which it counts as held back."""

BOUNDED_SHARE = 0.02
"""Share of such moments from which a run says so."""


@dataclass(frozen=True)
class Target:
    """Where the person's face must be in one output frame.

    Attributes:
        points: 478 x 3 float32, pixels of the crop.
        pose: its rigid pose.
        channels: name to array, what the driver showed beside it, as strong as wanted (`motion.channel`).
    """

    points: Points
    pose: HeadPose
    channels: Mapping[str, NDArray[Any]] = field(default_factory=dict)


class Retargeter:
    """Applies movement to one person's face.

    Args:
        points: 478 x 3, landmarks of the photo in pixels of the crop.
        neutral: the driver's neutral measures.
        settings: what to take and how strongly.
        blendshapes: 52 float32 in [0, 1], the photo's expression scores; without them its smile is not known.
        edges: of the photo that cut the head: it moves away from them less far; None for none.
        pose: of the landmarks, where it is known already.
    """

    def __init__(
        self,
        points: Points,
        neutral: Neutral,
        settings: MotionSettings,
        blendshapes: NDArray[np.float32] | None = None,
        edges: EdgeRoom | None = None,
        pose: HeadPose | None = None,
    ) -> None:
        self.settings = settings
        self.neutral = neutral
        self._edges = edges
        self.pose = pose or fit_pose(points)
        photo = local_from_points(points, self.pose)
        self._opening = 0.0
        self.local = self._neutralised(photo, blendshapes)
        self._width = face_width_cm(self.local)
        self._moments = self._bounded = 0
        self._gaps = gaps_of(photo)
        self._apertures = apertures(photo)
        strengths = np.array([settings.mouth, settings.eyes, settings.brows])
        self._gain: NDArray[np.float64] = (strengths @ part_weights())[:, None]

    def _neutralised(self, photo: NDArray[np.float64], blendshapes: NDArray[np.float32] | None) -> NDArray[np.float64]:
        """Return the photo's face less its own expression, as far as the driver's replaces it.

        What the driver's neutral frame expresses is in no movement, so the photo's counts by what exceeds it; a driver
        who looks aside there has every gaze measured from it, and is followed.
        """
        own, smile = own_expression(photo, self.pose, blendshapes), self.settings.neutralise
        self._own = own
        # Opening and gaze come from the driver as they are, a smile is part of how the photo looks.
        mouth, eyes = (min(2.0 * smile, 1.0) * min(part, 1.0) for part in (self.settings.mouth, self.settings.eyes))
        surplus = max(0.0, own.opening - max(float(self.neutral.apertures[2]), MOUTH_CLOSED))
        self._opening = surplus * (1.0 - mouth)
        widening = smile * min(self.settings.mouth, 1.0) * max(0.0, own.smile - self.neutral.smile)
        aside = averted(own.gaze - np.array(self.neutral.gaze))
        rest = without_expression(photo, mouth * surplus * mouth_width(photo), widening)
        return move_gaze(rest, -eyes * aside) if aside.any() else rest

    def __call__(self, motion: MotionFrame) -> Target:
        """Return the target face of one moment of movement."""
        local = self.local + motion.expression * self._gain
        local = set_gaps(local, self._wanted_gaps(local, motion))
        local = move_gaze(local, np.zeros(2))  # irises stay inside their eyes, whatever photo and driver add up to
        pose = self._pose(motion)
        pose = pose if self._edges is None else self._edges.bounded(self.pose, pose)
        scaled = {
            name: channel.scaled(motion.channels[name], self.settings, self.pose.scale)
            for name, channel in motion.channels.kinds.items()
        }
        channels = {name: value for name, value in scaled.items() if value is not None}
        return Target(points_from_local(local, pose), pose, channels)

    def _pose(self, motion: MotionFrame) -> HeadPose:
        strength = self.settings.pose_strength
        turn = rotation_exp(rotation_log(motion.rotation) * strength)
        rotation = turn @ self.pose.rotation
        if self.settings.motion == "absolute":
            wanted = motion.rotation @ self.neutral.rotation
            rotation = (
                rotation_exp(rotation_log(wanted @ self.pose.rotation.T) * min(strength, 1.0)) @ self.pose.rotation
            )
        zoom = float(motion.zoom**strength)
        translation = self.pose.translation.copy()
        translation[:2] += strength * motion.shift * self.pose.scale
        asked_for = HeadPose(rotation, translation, self.pose.scale * zoom)
        shift, grow = self.settings.shift_strength, self.settings.zoom_strength
        pose, asked = on_neck(self.pose, asked_for, self._width, shift, grow)
        self._moments += 1
        self._bounded += asked > BEYOND
        return pose

    def warnings(self) -> list[str]:
        """Return sentences about the photo's own expression, and about movement that its head could not follow."""
        warnings = expression_findings(self._own, self.settings.neutralise)
        if self._bounded < max(1.0, BOUNDED_SHARE * self._moments):
            return warnings
        return [
            *warnings,
            f"the driver's head moves or grows by more than a neck allows in {self._bounded / self._moments:.0%} "
            "of the frames; it was held back: `still_place=True` keeps the head in its place, `neutral` may name a "
            "better frame to measure from",
        ]

    def _wanted_gaps(self, local: NDArray[np.float64], motion: MotionFrame) -> list[NDArray[np.float64]]:
        current, now = gaps_of(local), apertures(local)
        eyes = [self._eye_gap(index, current[index], float(now[index]), motion) for index in (0, 1)]
        return [*eyes, self._mouth_gap(current[2], float(now[2]), motion)]

    def _eye_gap(
        self, index: int, current: NDArray[np.float64], now: float, motion: MotionFrame
    ) -> NDArray[np.float64]:
        """Lids: the driver's opening in proportion, so that narrow and wide eyes close at the same moment."""
        own, theirs = float(self._apertures[index]), float(self.neutral.apertures[index])
        driver = float(motion.apertures[index])
        ratio = 1.0 + self.settings.eyes * (driver / max(theirs, EYE_CLOSED) - 1.0)
        if self.settings.motion == "absolute":
            wanted = own + min(self.settings.eyes, 1.0) * (driver - own)
        elif ratio < 1.0:
            wanted = own * max(ratio, 0.0)
        else:
            wanted = own + self.settings.eyes * (driver - theirs)
        closing = 1.0 - smoothstep(driver, EYE_CLOSED, EYE_OPEN)
        wanted *= 1.0 - closing * min(self.settings.eyes, 1.0)
        wanted = max(wanted, 0.0)
        # The gaps' own shape is kept where the moved lids have one; where they crossed, the photo's shape serves.
        proper = smoothstep(now / max(wanted, 1e-6), 0.2, 0.6) if now > 0 else 0.0
        scaled = current * (wanted / max(now, 1e-3))
        gap = proper * scaled + (1.0 - proper) * self._gaps[index] * (wanted / max(own, 0.05))
        gap[:, 1] = np.maximum(gap[:, 1], 0.0)  # lids never cross
        return np.asarray(gap)

    def _mouth_gap(self, current: NDArray[np.float64], now: float, motion: MotionFrame) -> NDArray[np.float64]:
        """Lips: they touch when the driver's touch, never cross, and open as far as the driver's, in mouth widths.

        Of a photo's open mouth, what is not taken off combines with the driver's opening like the larger of the two
        (a cubic mean): they do not add up.
        """
        driver, kept = max(float(motion.apertures[2]), 0.0), self._opening
        own = min(float(self._apertures[2]), max(float(self.neutral.apertures[2]), MOUTH_CLOSED) + kept)
        if self.settings.motion == "absolute":
            kept = 0.0
        wanted = (driver**3 + kept**3) ** (1 / 3) * smoothstep(driver, MOUTH_CLOSED, MOUTH_OPEN)
        wanted = max(own + min(self.settings.mouth, 2.0) * (wanted - own), 0.0)
        proper = smoothstep(now / max(wanted, 1e-6), 0.25, 0.6) if now > 0 else 0.0
        scaled = current * (wanted / max(now, 1e-3))
        plain = np.zeros_like(current)
        arch = np.sin(np.linspace(0, np.pi, len(current) + 2)[1:-1])
        plain[:, 1] = arch / arch.mean() * wanted * mouth_width(self.local)
        result = proper * scaled + (1.0 - proper) * plain
        result[:, 1] = np.maximum(result[:, 1], 0.0)
        return np.asarray(result)
