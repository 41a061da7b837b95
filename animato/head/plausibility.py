"""Reject false detections: for smileys, dogs and patterns, the landmarks of two crops disagree.

On a real face, landmarks from a tighter and a wider crop agree, and the detector has a high score on the upright face
crop. Of 650 faces (portraits, talking people, rendered heads rotated up to 60 degrees) and 48 modified portraits
(darkened, blurred, half covered, painted, sketched) one sketch is rejected; of 144 false detections (drawn smileys,
dogs, cars, patterns) 119 are rejected, and the other 25 get a warning.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from animato.errors import FaceError
from animato.geometry.landmarks import EYE_CORNERS, MESH_POINTS
from animato.tracking.face_finder import FaceFinder
from animato.tracking.landmarker import REGION_SCALE, RegionOfInterest, cut_region, region_from_points
from animato.types import Face, Frame

REGION_SIDES = (0.8, 1.3)
"""Sides of the two other regions, relative to the first."""
DETECTOR_CROPS = (1.4, 1.8, 2.4)
"""Sides of the detector's crops, relative to the longer side of the face."""
MIN_SCORE = 0.3
"""Score threshold of the detector."""
REJECT = (0.055, 0.8)
WARN = (0.045, 0.84)
"""Landmark disagreement (relative to the distance between the outer eye corners) above which, and mean detector score
below which, a face is rejected; and the same for a warning. Both conditions must hold."""


@dataclass(frozen=True)
class Plausibility:
    """Plausibility of a detected face.

    Attributes:
        disagreement: mean distance between its landmarks and those of two other regions, relative to the distance
            between the outer corners of the eyes; 0.01 to 0.04 for faces.
        score: mean detector score in [0, 1] over crops of the face; 0.85 to 0.95 for faces.
    """

    disagreement: float
    score: float

    @property
    def rejected(self) -> bool:
        """Whether it is a false detection."""
        return self.disagreement > REJECT[0] and self.score < REJECT[1]

    @property
    def doubtful(self) -> bool:
        """Whether it may be a false detection."""
        return self.disagreement > WARN[0] and self.score < WARN[1]


def plausibility(frame: Frame, face: Face, finder: FaceFinder) -> Plausibility:
    """Measure the plausibility of a detected face, with five passes of small networks.

    Args:
        frame: H x W x 3 uint8 RGB.
        face: detected in it.
        finder: whose networks are used.
    """
    region = region_from_points(face.points)
    eyes = float(np.linalg.norm(np.subtract(*(face.points[corner, :2] for corner in EYE_CORNERS))))
    distances = []
    for side in REGION_SIDES:
        other_region = RegionOfInterest(region.x, region.y, region.side * side, region.angle)
        points = finder.landmarker.locate(frame, other_region, blendshapes=False).points
        distances.append(np.linalg.norm((points - face.points)[:MESH_POINTS, :2], axis=1).mean())
    scores = []
    for scale in DETECTOR_CROPS:
        square = RegionOfInterest(region.x, region.y, region.side * scale / REGION_SCALE, region.angle)
        detections = finder.detector.detect(cut_region(frame, square), tiles=False, min_score=MIN_SCORE)
        scores.append(max((detection.score for detection in detections), default=0.0))
    return Plausibility(float(np.mean(distances)) / max(eyes, 1e-6), float(np.mean(scores)))


def false_detection(name: str, width: int, height: int) -> FaceError:
    """Return the error for an image with false detections only."""
    return FaceError(
        f"the face in {name} cannot be animated: its eyes and lips cannot be located reliably",
        where=f"{width} x {height}; landmarks from two crops disagree",
        hint="a photo, painting or drawing of a human face seen from the front",
        more="docs/photos.md",
    )
