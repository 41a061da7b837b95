"""Tracking of one face through a video.

The region of the next frame comes from the points of this one, so the detector runs only at the start and after a loss.
Small changes of the region are ignored: a region that follows every pixel makes the points tremble.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from animato.tracking.face_finder import ALONE, MIN_PRESENCE, SURE, FaceFinder, choose_face, face_width, is_still
from animato.tracking.landmarker import RegionOfInterest, region_from_points
from animato.types import Face, Frame

SAME_FACE = 0.5
"""Two faces of one frame nearer than this, in widths of the smaller one, are the same."""

STAYS = 5
"""Frames after a loss in which the face is also looked for where it was last."""

JUMP, JUMP_SIZE, JUMP_ROLL = 0.8, 1.5, math.radians(60.0)
"""Largest change from frame to frame of place (in widths of the face), size (ratio) and roll that is movement."""


@dataclass(frozen=True)
class Seed:
    """Whom a tracker follows: one face of one frame, and those beside it.

    Attributes:
        face: the one to follow.
        others: further faces of the same frame.
    """

    face: Face
    others: tuple[Face, ...] = ()


class Tracker:
    """Follows one face from frame to frame.

    Args:
        choice: which face to follow when there are several ("largest", "left", "right" or a number from the left).
        finder: finds faces; one with an engine of its own where none is given.
        seed: the face to follow, as seen in another frame of the clip; the choice then does not count.
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
        """Forget the face; the next frame is searched anew, for the seed where there is one."""
        self._region: RegionOfInterest | None = None
        self._last = self._seed.face if self._seed else None
        self._misses = 0
        self._started = False

    def seed(self, frame: Frame, face: Face) -> Seed:
        """Return what makes another tracker follow the same person.

        Args:
            frame: H x W x 3 uint8 RGB.
            face: the person's, as tracked in it.
        """
        large = face_width(face) > ALONE * max(frame.shape[:2])
        found = self._finder.find(frame, quick=large)
        return Seed(face, tuple(other for other in found if _apart(other, face) > SAME_FACE))

    def track(self, frame: Frame) -> Face | None:
        """Return the followed face in the next frame, or None where it cannot be seen.

        Args:
            frame: H x W x 3 uint8 RGB, the frame that follows the last one given.
        """
        if self._region is not None:
            face = self._finder.landmarker.locate(frame, self._region)
            if face.score >= MIN_PRESENCE and _plausible(face, frame) and self._continues(face):
                self._keep(face)
                return face
        self._region = None
        # After a loss the detector need not run on every frame of a long empty stretch.
        self._misses += 1
        if self._misses > 10 and self._misses % 5 != 1:
            return None
        # Looking for small and turned faces takes a quarter of a second: not on every frame of an empty stretch.
        thorough = self._misses % (5 if self._misses <= 10 else 25) == 1
        faces = [face for face in self._finder.find(frame, quick=not thorough) if self._may_be(face)]
        if not faces:
            return self._where_it_was(frame)
        face = faces[self._pick(faces, frame.shape[1])]
        self._keep(face)
        return face

    def _where_it_was(self, frame: Frame) -> Face | None:
        """Return the face if it is still where it was last, though the detector misses it; else None."""
        if self._last is None or self._misses > STAYS:
            return None
        face = self._finder.landmarker.locate(frame, region_from_points(self._last.points))
        if face.score < SURE or not _plausible(face, frame) or not self._continues(face):
            return None
        self._keep(face)
        return face

    def _continues(self, face: Face) -> bool:
        """Return whether a face may be the one of the frame before: no jump of place, size or roll."""
        last = self._last
        if last is None:
            return True
        near = _apart(face, last) < JUMP * (1 + self._misses)
        size = abs(math.log(face_width(face) / face_width(last))) < math.log(JUMP_SIZE) * (1 + self._misses)
        return self._upright(face) and (not self._started or (near and size))

    def _may_be(self, face: Face) -> bool:
        """Return whether a face found anew may be the one followed: not rolled over, and nobody else known."""
        last = self._last
        if last is None:
            return True
        others = self._seed.others if self._seed else ()
        return self._upright(face) and all(_apart(face, last) <= _apart(face, other) for other in others)

    def _upright(self, face: Face) -> bool:
        """Return whether a face is rolled as the last one was, within `JUMP_ROLL`."""
        if self._last is None:
            return True
        now, before = region_from_points(face.points).angle, region_from_points(self._last.points).angle
        return abs(math.remainder(now - before, 2 * math.pi)) < JUMP_ROLL

    def _pick(self, faces: list[Face], width: int) -> int:
        if self._last is None:
            return choose_face(faces, width, self._choice)
        was = self._last.points[:, :2].mean(axis=0)
        return int(np.argmin([np.hypot(*(face.points[:, :2].mean(axis=0) - was)) for face in faces]))

    def _keep(self, face: Face) -> None:
        new, old = region_from_points(face.points), self._region
        if old is not None:
            new = old if is_still(old, new) else new
        self._region, self._last, self._misses, self._started = new, face, 0, True


def _apart(a: Face, b: Face) -> float:
    """Return the distance of two faces in widths of the smaller one."""
    between = a.points[:, :2].mean(axis=0) - b.points[:, :2].mean(axis=0)
    return float(np.hypot(*between)) / max(min(face_width(a), face_width(b)), 1e-6)


def _plausible(face: Face, frame: Frame) -> bool:
    """Reject a track that left the picture or collapsed to a point."""
    centre = face.points[:, :2].mean(axis=0)
    height, width = frame.shape[:2]
    return bool(-0.1 * width <= centre[0] <= 1.1 * width and -0.1 * height <= centre[1] <= 1.1 * height) and (
        face_width(face) >= 8
    )
