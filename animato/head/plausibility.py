"""Reject false detections: for smileys, dogs and patterns, the landmarks of two crops disagree.

On a real face, the landmark network agrees with itself in a tighter and a wider region, and the detector, another
network, scores high on the face alone, upright. Of 650 faces (portraits, people who talk, rendered heads turned up to
60 degrees) and 48 copies of portraits (darkened, blurred, half covered, painted, sketched) one sketch is refused; of
144 drawn smileys, dogs, cars and patterns in which a face is found 119 are, and 25 are mentioned.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from animato.errors import FaceError
from animato.geometry.landmarks import EYE_CORNERS, MESH_POINTS
from animato.tracking.face_finder import FaceFinder
from animato.tracking.landmarker import REGION_SCALE, RegionOfInterest, cut_region, region_from_points
from animato.types import Face, Frame

LOOKS = (0.8, 1.3)
"""Sides of the two further regions, in units of the first one's."""
ROOMS = (1.4, 1.8, 2.4)
"""Sides of the squares given to the detector, in units of the face's longer side."""
LEAST_SCORE = 0.3
"""Detector score below which there is no detection."""
REFUSED = (0.055, 0.8)
DOUBTED = (0.045, 0.84)
"""Disagreement between the regions (mean distance of landmarks, in distances between the outer eye corners) above
which, and mean score of the detector below which, a face is refused; and from which it is mentioned. Both must hold."""


@dataclass(frozen=True)
class Plausibility:
    """How face-like a found face is.

    Attributes:
        disagreement: mean distance between its landmarks and those of two further regions, in units of the distance
            between the outer corners of the eyes; 0.01 to 0.04 in faces.
        score: mean score of the detector in [0, 1], given the face alone; 0.85 to 0.95 in faces.
    """

    disagreement: float
    score: float

    @property
    def refused(self) -> bool:
        """Whether it is no face that can be animated."""
        return self.disagreement > REFUSED[0] and self.score < REFUSED[1]

    @property
    def doubted(self) -> bool:
        """Whether it may be none."""
        return self.disagreement > DOUBTED[0] and self.score < DOUBTED[1]


def plausibility(frame: Frame, face: Face, finder: FaceFinder) -> Plausibility:
    """Measure how face-like a found face is; takes five passes of small networks.

    Args:
        frame: H x W x 3 uint8 RGB.
        face: found in it.
        finder: whose networks are used.
    """
    region = region_from_points(face.points)
    eyes = float(np.linalg.norm(np.subtract(*(face.points[corner, :2] for corner in EYE_CORNERS))))
    apart = []
    for side in LOOKS:
        near = RegionOfInterest(region.x, region.y, region.side * side, region.angle)
        points = finder.landmarker.locate(frame, near, blendshapes=False).points
        apart.append(np.linalg.norm((points - face.points)[:MESH_POINTS, :2], axis=1).mean())
    scores = []
    for room in ROOMS:
        square = RegionOfInterest(region.x, region.y, region.side * room / REGION_SCALE, region.angle)
        found = finder.detector.detect(cut_region(frame, square), tiles=False, min_score=LEAST_SCORE)
        scores.append(max((item.score for item in found), default=0.0))
    return Plausibility(float(np.mean(apart)) / max(eyes, 1e-6), float(np.mean(scores)))


def no_real_face(name: str, width: int, height: int) -> FaceError:
    """Return the error for a picture whose faces are none."""
    return FaceError(
        f"what looks like a face in {name} cannot be animated: eyes and lips are not where a face has them",
        where=f"{width} x {height}; looks at two scales disagree",
        hint="a photo, painting or drawing of a human face seen from the front",
        more="docs/photos.md",
    )
