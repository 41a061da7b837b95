"""Tracking of one face through a video.

The region of the next frame comes from the landmarks of this one, so the detector runs only at the start and after a
loss. Small changes of the region are ignored, because they add jitter to the landmarks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from animato.tracking.face_finder import (
    HIGH_PRESENCE,
    LARGE_FACE,
    MIN_PRESENCE,
    FaceFinder,
    choose_face,
    face_width,
    is_still,
)
from animato.tracking.landmarker import RegionOfInterest, region_from_points
from animato.types import Face, Frame

SAME_FACE_DISTANCE = 0.5
"""Distance, in widths of the smaller face, below which two faces of one frame are the same."""

RETRY_FRAMES = 5
"""Frames after a loss in which the last region is tried too."""

MAX_ROLL = math.radians(60.0)
"""Maximum change of roll between frames; a larger one is a track error."""


@dataclass(frozen=True)
class Seed:
    """Initial state of a tracker: the face to follow, and the others of the same frame.

    Attributes:
        face: the one to follow.
        others: other faces of the same frame.
    """

    face: Face
    others: tuple[Face, ...] = ()


class Tracker:
    """Follows one face from frame to frame.

    Args:
        choice: which face to follow when there are several ("largest", "left", "right" or a number from the left).
        finder: finds faces; a new one if None.
        seed: the face to follow, from another frame of the clip; overrides `choice`.
    """

    def __init__(
        self,
        choice: str = "largest",
        finder: FaceFinder | None = None,
        seed: Seed | None = None,
    ) -> None:
        self._finder = finder or FaceFinder()
        self._choice = choice
        self._seed = seed
        self.reset()

    def reset(self) -> None:
        """Drop the track; detection runs on the next frame, and matches the seed if there is one."""
        self._region: RegionOfInterest | None = None
        self._last_face = self._seed.face if self._seed else None
        self._misses = 0

    def seed(self, frame: Frame, face: Face) -> Seed:
        """Return the seed with which another tracker follows the same person.

        Args:
            frame: H x W x 3 uint8 RGB.
            face: of the person, tracked in the frame.
        """
        quick = face_width(face) > LARGE_FACE * max(frame.shape[:2])
        faces = self._finder.find(frame, quick=quick)
        return Seed(face, tuple(other for other in faces if _distance(other, face) > SAME_FACE_DISTANCE))

    def track(self, frame: Frame) -> Face | None:
        """Return the tracked face in the next frame, or None if it is not found.

        Args:
            frame: H x W x 3 uint8 RGB, the successor of the last frame.
        """
        if self._region is not None:
            face = self._finder.landmarker.locate(frame, self._region)
            if face.score >= MIN_PRESENCE and _plausible(face, frame) and self._similar_roll(face):
                self._update(face)
                return face
        self._region = None
        # The detector does not run on every frame of a long stretch without a face.
        self._misses += 1
        if self._misses > 10 and self._misses % 5 != 1:
            return None
        # A search for small and rotated faces takes a quarter of a second, so it runs on fewer frames still.
        thorough = self._misses % (5 if self._misses <= 10 else 25) == 1
        faces = [face for face in self._finder.find(frame, quick=not thorough) if self._may_match(face)]
        if not faces:
            return self._retry_last_region(frame)
        face = faces[self._pick(faces, frame.shape[1])]
        self._update(face)
        return face

    def _retry_last_region(self, frame: Frame) -> Face | None:
        """Return the face in the last region, if the detector missed it there; else None."""
        if self._last_face is None or self._misses > RETRY_FRAMES:
            return None
        face = self._finder.landmarker.locate(frame, region_from_points(self._last_face.points))
        if face.score < HIGH_PRESENCE or not _plausible(face, frame) or not self._similar_roll(face):
            return None
        self._update(face)
        return face

    def _may_match(self, face: Face) -> bool:
        """Return whether a detected face may be the tracked one: of similar roll, and not one of the seed's others."""
        last = self._last_face
        if last is None:
            return True
        others = self._seed.others if self._seed else ()
        return self._similar_roll(face) and all(_distance(face, last) <= _distance(face, other) for other in others)

    def _similar_roll(self, face: Face) -> bool:
        """Return whether the roll of a face differs from the last by less than `MAX_ROLL`."""
        if self._last_face is None:
            return True
        angle, last_angle = region_from_points(face.points).angle, region_from_points(self._last_face.points).angle
        return abs(math.remainder(angle - last_angle, 2 * math.pi)) < MAX_ROLL

    def _pick(self, faces: list[Face], width: int) -> int:
        if self._last_face is None:
            return choose_face(faces, width, self._choice)
        last_centre = self._last_face.points[:, :2].mean(axis=0)
        return int(np.argmin([np.hypot(*(face.points[:, :2].mean(axis=0) - last_centre)) for face in faces]))

    def _update(self, face: Face) -> None:
        region, current = region_from_points(face.points), self._region
        if current is not None:
            region = current if is_still(current, region) else region
        self._region, self._last_face, self._misses = region, face, 0


def _distance(a: Face, b: Face) -> float:
    """Return the distance between two faces in widths of the smaller one."""
    offset = a.points[:, :2].mean(axis=0) - b.points[:, :2].mean(axis=0)
    return float(np.hypot(*offset)) / max(min(face_width(a), face_width(b)), 1e-6)


def _plausible(face: Face, frame: Frame) -> bool:
    """Return whether a face lies in the frame and has not collapsed to a point."""
    centre = face.points[:, :2].mean(axis=0)
    height, width = frame.shape[:2]
    return bool(-0.1 * width <= centre[0] <= 1.1 * width and -0.1 * height <= centre[1] <= 1.1 * height) and (
        face_width(face) >= 8
    )
