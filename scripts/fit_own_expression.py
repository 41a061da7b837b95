"""Fit the two displacement fields that ship as animato/assets/own_expression.npy.

    python scripts/fit_own_expression.py ../shared/data

Displacement of the mesh per centimetre of lip gap and per centimetre of mouth width: least squares over the changes
between a neutral and a smiling photo of one person (London Set) and between the most neutral frame and the others of
one clip (GRID); both CC BY 4.0. The fields are symmetrised.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from animato.geometry.apertures import apertures, mouth_width
from animato.geometry.landmarks import MESH_POINTS
from animato.geometry.mesh import head_topology
from animato.media.image import load_picture
from animato.media.reader import open_video
from animato.motion.motion_frame import Factored, factor, neutral_cost
from animato.motion.photo_expression import FIELDS
from animato.tracking.face_finder import FaceFinder, face_width
from animato.tracking.tracker import Tracker

FRAME_STEP = 5
"""Stride over the frames of a clip."""
MAX_YAW = 25.0
"""Yaw in degrees beyond which a frame is skipped."""
PAIR_WEIGHT = 4.0
"""Weight of a pair of photos relative to a frame of a clip, as frames of a clip are correlated."""


def main(data: Path) -> None:
    """Fit and write the fields."""
    finder, changes, weights = FaceFinder(), [], []
    for neutral in sorted((data / "portraits").glob("l*_neutral.jpg")):
        first, second = (
            _photo(path, finder) for path in (neutral, neutral.with_name(neutral.name.replace("neutral", "smiling")))
        )
        changes.append((first.local, second.local))
        weights.append(PAIR_WEIGHT)
    for clip in sorted((data / "talking").glob("*.mp4")):
        frames = _clip(clip, finder)
        most_neutral = min(frames, key=neutral_cost)
        usable = [frame for frame in frames if frame is not most_neutral and abs(frame.pose.degrees()[0]) < MAX_YAW]
        changes += [(most_neutral.local, frame.local) for frame in usable]
        weights += [1.0] * len(usable)
    amounts = np.array(
        [[_gap(current) - _gap(neutral), mouth_width(current) - mouth_width(neutral)] for neutral, current in changes]
    )
    displacements = np.array([(current - neutral)[:MESH_POINTS].ravel() for neutral, current in changes])
    weighted = amounts * np.array(weights)[:, None]
    fields = np.linalg.solve(weighted.T @ amounts, weighted.T @ displacements).reshape(2, MESH_POINTS, 3)
    fields = (fields + fields[:, head_topology().partner[:MESH_POINTS]] * (-1.0, 1.0, 1.0)) / 2
    residual = _rms(displacements - amounts @ fields.reshape(2, -1))
    np.save(FIELDS, fields.astype(np.float32))
    print(f"{len(changes)} changes; residual {residual:.3f} of {_rms(displacements):.3f} cm")


def _photo(path: Path, finder: FaceFinder) -> Factored:
    image = load_picture(path).image
    return factor(finder.refined(image, max(finder.find(image), key=face_width)), 0.0)


def _clip(path: Path, finder: FaceFinder) -> list[Factored]:
    tracker = Tracker(finder=finder)
    with open_video(path) as reader:
        faces = [tracker.track(frame.image) for index, frame in enumerate(reader) if index % FRAME_STEP == 0]
    return [factor(face, 0.0) for face in faces if face is not None]


def _gap(local: np.ndarray) -> float:
    return float(apertures(local)[2]) * mouth_width(local)


def _rms(displacements: np.ndarray) -> float:
    return float(np.sqrt((displacements.reshape(len(displacements), MESH_POINTS, 3) ** 2).sum(axis=2).mean()))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
