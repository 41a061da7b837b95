"""Find all faces in an image, with refined landmarks."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterator

import numpy as np

from animato.errors import FaceError
from animato.runtime.engine import Engine
from animato.tracking.detector import Detection, FaceDetector
from animato.tracking.landmarker import Landmarker, RegionOfInterest, region_from_detection, region_from_points
from animato.types import Face, Frame

MIN_PRESENCE = 0.5
"""Presence score of the landmark network below which there is no face."""

MAX_PASSES = 5
"""Maximum number of passes that refine the region of a new face."""

REFERENCE_CROPS = 9
"""Crops averaged for a photo and for a driver's neutral frame, whose landmark errors affect every frame."""

LARGE_FACE = 0.25
"""Width of a face, relative to the longer side of the image, above which smaller ones are not searched for."""

HIGH_PRESENCE = 0.9
"""Presence threshold for a smaller face beside a larger one, and for a retried region; rejects patterns."""

STILL_SHIFT = 0.04
STILL_SCALE = 0.05
STILL_ANGLE = math.radians(4.0)
"""Hysteresis of the region: changes of position and size (relative to its side) and angle below these are ignored."""


def choose_face(faces: list[Face], width: int, choice: str) -> int:
    """Return the index of the chosen face.

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
    """Return the longer side of the mesh's bounding box, pixels."""
    low, high = face.points[:, :2].min(axis=0), face.points[:, :2].max(axis=0)
    return float((high - low).max())


class FaceFinder:
    """Runs detector and landmarker: every face of an image, with refined landmarks.

    Args:
        engine: runs the networks; a new one if None.
    """

    def __init__(self, engine: Engine | None = None) -> None:
        self.engine = engine or Engine()

    # Both are built on first use: a saved head moved by a motion file needs neither.

    @functools.cached_property
    def landmarker(self) -> Landmarker:
        """Finds the landmarks of a face."""
        return Landmarker(self.engine)

    @functools.cached_property
    def detector(self) -> FaceDetector:
        """Finds faces in a picture."""
        return FaceDetector(self.engine)

    def find(self, frame: Frame, *, quick: bool = False) -> list[Face]:
        """Return every face of a frame, largest detection first, each refined in two to five passes.

        Args:
            frame: H x W x 3 uint8 RGB.
            quick: search the whole image only, not tiles or rotated copies.
        """
        levels = self.detector.levels(frame)
        faces = self._faces(frame, next(levels))
        if quick:
            return faces
        if faces:
            return self._add_smaller(frame, faces, next(levels, []))
        # Rotated copies come before tiles: the features of a large upside-down face can be detected as small faces.
        for detections in itertools.chain(self._detect_rotated(frame), levels):
            faces = self._faces(frame, detections)
            if faces:
                break
        return faces

    def refined(self, frame: Frame, face: Face) -> Face:
        """Return a face with landmarks averaged over `REFERENCE_CROPS` perturbed crops, for reference images.

        Args:
            frame: H x W x 3 uint8 RGB.
            face: found in it.
        """
        averaged = self.landmarker.locate(frame, region_from_points(face.points), crops=REFERENCE_CROPS)
        return averaged if averaged.score >= MIN_PRESENCE else face

    def _faces(self, frame: Frame, detections: list[Detection]) -> list[Face]:
        return _distinct(
            [face for face in (self._refine(frame, detection) for detection in detections) if face is not None]
        )

    def _add_smaller(self, frame: Frame, faces: list[Face], detections: list[Detection]) -> list[Face]:
        """Add faces too small to be detected in the whole image, unless a face is large (`LARGE_FACE`)."""
        if max(face_width(face) for face in faces) > LARGE_FACE * max(frame.shape[:2]):
            return faces
        return _distinct([*faces, *(face for face in self._faces(frame, detections) if face.score > HIGH_PRESENCE)])

    def _detect_rotated(self, frame: Frame) -> Iterator[list[Detection]]:
        """Yield the detections in rotated copies: scans, and phone photos without their orientation tag."""
        height, width = frame.shape[:2]
        for turns in (1, 3, 2):
            detections = self.detector.detect(np.ascontiguousarray(np.rot90(frame, turns)), tiles=False)
            yield [_turn_back(detection, turns, width, height) for detection in detections]

    def _refine(self, frame: Frame, detection: Detection) -> Face | None:
        """Iterate until the region converges; early passes may accept an upside-down face."""
        region = region_from_detection(detection)
        for index in range(MAX_PASSES):
            face = self.landmarker.locate(frame, region, blendshapes=index > 0)
            if face.score < MIN_PRESENCE:
                return None
            previous, region = region, region_from_points(face.points)
            if index > 0 and is_still(previous, region):
                return face
        return face


def _turn_back(detection: Detection, turns: int, width: int, height: int) -> Detection:
    points = detection.keypoints.astype(np.float64)
    corners = np.array(detection.box, np.float64).reshape(2, 2)
    for turn in range(turns, 0, -1):
        # np.rot90 maps (x, y) to (y, side - 1 - x), side being the width before the turn; this is its inverse.
        side = width if turn % 2 == 1 else height
        points = np.stack([side - 1 - points[:, 1], points[:, 0]], axis=1)
        corners = np.stack([side - 1 - corners[:, 1], corners[:, 0]], axis=1)
    low, high = corners.min(axis=0), corners.max(axis=0)
    box = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
    return Detection(box, points.astype(np.float32), detection.score)


def _distinct(faces: list[Face]) -> list[Face]:
    """Drop duplicates: faces with nearly the same centre."""
    distinct: list[Face] = []
    for face in faces:
        centre = face.points[:, :2].mean(axis=0)
        if all(
            np.hypot(*(centre - other.points[:, :2].mean(axis=0))) > 0.3 * max(face_width(face), face_width(other))
            for other in distinct
        ):
            distinct.append(face)
    return distinct


def is_still(old: RegionOfInterest, new: RegionOfInterest) -> bool:
    """Return whether a region changed less than the hysteresis."""
    turn = math.remainder(new.angle - old.angle, 2 * math.pi)
    return (
        math.hypot(new.x - old.x, new.y - old.y) < STILL_SHIFT * old.side
        and abs(new.side / old.side - 1) < STILL_SCALE
        and abs(turn) < STILL_ANGLE
    )
