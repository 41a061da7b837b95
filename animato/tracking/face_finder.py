"""Find all faces in a picture, with refined landmarks."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import numpy as np

from animato.errors import FaceError
from animato.runtime.engine import Engine
from animato.tracking.detector import Detection, Detector
from animato.tracking.landmarker import Landmarker, RegionOfInterest, region_from_detection, region_from_points
from animato.types import Face, Frame

MIN_PRESENCE = 0.5
"""Below this the landmark network says that no face is there."""

MOST_LOOKS = 5
"""Looks at a new face, at most."""

REFERENCE_LOOKS = 9
"""Looks at a photo, and at a driver's neutral frame: what errs there errs in every frame of the video."""

ALONE = 0.25
"""Beside a face of this share of the picture's longer side no smaller ones are searched for."""

SURE = 0.9
"""Presence that a smaller face beside a larger one needs: a pattern must not become a second person."""

STILL_SHIFT = 0.04
STILL_SCALE = 0.05
STILL_ANGLE = math.radians(4.0)
"""The region stays while the new one differs by less than this share of its side, its size and its angle."""


def choose_face(faces: list[Face], width: int, choice: str) -> int:
    """Return the index of the face that a choice names, from left to right.

    Args:
        faces: at least one tracked face.
        width: width of the frame in pixels (used in messages only).
        choice: "largest", "left", "right", or a number counted from 1 at the left.

    Raises:
        FaceError: the number names no face.
    """
    centres = [float(face.points[:, 0].mean()) for face in faces]
    if choice == "left":
        return int(np.argmin(centres))
    if choice == "right":
        return int(np.argmax(centres))
    if choice == "largest":
        return int(np.argmax([face_width(face) for face in faces]))
    order = np.argsort(centres)
    number = int(choice)
    if not 1 <= number <= len(faces):
        raise FaceError(
            f"there is no face number {number}: {len(faces)} found, counted from the left",
            where=f"frame {width} px wide, faces at x = {', '.join(f'{centres[i]:.0f}' for i in order)}",
            hint="`face=largest`",
        )
    return int(order[number - 1])


def face_width(face: Face) -> float:
    """Return the size of a face in pixels: the longer side of the box of its mesh."""
    low, high = face.points[:, :2].min(axis=0), face.points[:, :2].max(axis=0)
    return float((high - low).max())


class FaceFinder:
    """Detector and landmarker together: every face of a picture, with refined landmarks.

    Args:
        engine: runs the networks; one of its own where none is given.
    """

    def __init__(self, engine: Engine | None = None) -> None:
        self.engine = engine or Engine()
        self._detector: Detector | None = None
        self.landmarker = Landmarker(self.engine)

    @property
    def detector(self) -> Detector:
        """The detector, built at its first use (a motion file as driver never needs a second look)."""
        if self._detector is None:
            self._detector = Detector(self.engine)
        return self._detector

    def find(self, frame: Frame, *, quick: bool = False) -> list[Face]:
        """Return every face of a frame, largest detection first, each refined by two to five looks.

        Args:
            frame: H x W x 3 uint8 RGB.
            quick: look once at the whole picture only, not for small or turned faces.
        """
        levels = self.detector.levels(frame)
        faces = self._faces(frame, next(levels))
        if quick:
            return faces
        if faces:
            return self._with_smaller(frame, faces, next(levels, []))
        # Turned faces come before small ones: upside down, the features of a large face pass for small faces.
        for detections in itertools.chain(self._turned(frame), levels):
            faces = self._faces(frame, detections)
            if faces:
                break
        return faces

    def refined(self, frame: Frame, face: Face) -> Face:
        """Return a face's landmarks as the mean of many looks: for the one picture that others are compared with.

        Args:
            frame: H x W x 3 uint8 RGB.
            face: as found in it.
        """
        looked = self.landmarker.locate(frame, region_from_points(face.points), looks=REFERENCE_LOOKS)
        return looked if looked.score >= MIN_PRESENCE else face

    def _faces(self, frame: Frame, detections: list[Detection]) -> list[Face]:
        return _distinct([face for face in (self._refine(frame, item) for item in detections) if face is not None])

    def _with_smaller(self, frame: Frame, faces: list[Face], detections: list[Detection]) -> list[Face]:
        """Add faces that are too small to be seen beside the ones found; a large face is taken to be alone."""
        if max(face_width(face) for face in faces) > ALONE * max(frame.shape[:2]):
            return faces
        return _distinct([*faces, *(face for face in self._faces(frame, detections) if face.score > SURE)])

    def _turned(self, frame: Frame) -> Iterator[list[Detection]]:
        """Yield faces lying on a side or upside down: scans, and phone pictures that lost their rotation tag."""
        height, width = frame.shape[:2]
        for turns in (1, 3, 2):
            found = self.detector.detect(np.ascontiguousarray(np.rot90(frame, turns)), tiles=False)
            yield [_turn_back(item, turns, width, height) for item in found]

    def _refine(self, frame: Frame, detection: Detection) -> Face | None:
        """Look until the region comes to rest; an upside-down face may pass for a face at the first look or two."""
        region = region_from_detection(detection)
        for look in range(MOST_LOOKS):
            face = self.landmarker.locate(frame, region, blendshapes=look > 0)
            if face.score < MIN_PRESENCE:
                return None
            before, region = region, region_from_points(face.points)
            if look > 0 and is_still(before, region):
                return face
        return face


def _turn_back(item: Detection, turns: int, width: int, height: int) -> Detection:
    points = item.keypoints.astype(np.float64)
    corners = np.array(item.box, np.float64).reshape(2, 2)
    for turn in range(turns, 0, -1):
        # np.rot90 maps (x, y) to (y, side - 1 - x), side being the width before the turn; this is its inverse.
        side = width if turn % 2 == 1 else height
        points = np.stack([side - 1 - points[:, 1], points[:, 0]], axis=1)
        corners = np.stack([side - 1 - corners[:, 1], corners[:, 0]], axis=1)
    low, high = corners.min(axis=0), corners.max(axis=0)
    box = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
    return Detection(box, points.astype(np.float32), item.score)


def _distinct(faces: list[Face]) -> list[Face]:
    """Drop faces that landed on one another."""
    kept: list[Face] = []
    for face in faces:
        centre = face.points[:, :2].mean(axis=0)
        if all(
            np.hypot(*(centre - other.points[:, :2].mean(axis=0))) > 0.3 * max(face_width(face), face_width(other))
            for other in kept
        ):
            kept.append(face)
    return kept


def is_still(old: RegionOfInterest, new: RegionOfInterest) -> bool:
    """Return whether a region has changed so little that it may stay."""
    turn = math.remainder(new.angle - old.angle, 2 * math.pi)
    return (
        math.hypot(new.x - old.x, new.y - old.y) < STILL_SHIFT * old.side
        and abs(new.side / old.side - 1) < STILL_SCALE
        and abs(turn) < STILL_ANGLE
    )
