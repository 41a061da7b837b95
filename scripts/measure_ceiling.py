"""Measure the upper bound of painting a part of the face: ground truth pixels composited over the geometry render.

The portrait renderer with ground truth everywhere except in the face gives its error in the face alone.

python scripts/measure_ceiling.py ../shared/data

Uses one photo each of talking people outside the training data of the shipped weights. Results:
docs/results/portrait.md.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from animato.evaluation.crop import Crop
from animato.evaluation.footage import find_footage
from animato.evaluation.regions import Regions, filled
from animato.evaluation.runner import evaluate
from animato.evaluation.systems.base import RenderRequest
from animato.evaluation.systems.portrait import AnimateSystem
from animato.geometry.affine import invert
from animato.geometry.crop import crop_from_frame
from animato.geometry.landmarks import LIPS_INNER, LIPS_OUTER
from animato.geometry.patch import LEFT_EYE, MOUTH, RIGHT_EYE, crop_from_patch
from animato.geometry.pose import fit_pose
from animato.models.portrait.networks import edge_ramp
from animato.settings.evaluation import EvaluateSettings
from animato.tracking.face_finder import FaceFinder
from animato.types import Frame, Plane, Points
from animato.weights.portrait import read_portrait

METRICS = ("akd-lips", "perceptual-face", "l1-mouth", "l1-eyes", "csim")
PART_SIDE = 512
"""Side of the square in which a part is rendered, pixels."""
COARSE_SIGMA = 2.0
"""Sigma in pixels at 256 of the low-pass filter for coarse detail."""


def windows(points: Points, size: int) -> Plane:
    """Return the mask of the patches of mouth and eyes, size x size float32 in [0, 1]."""
    mask = np.zeros((size, size), np.float32)
    for region in (MOUTH, LEFT_EYE, RIGHT_EYE):
        crop_from_window = crop_from_patch(region, points, fit_pose(points), size)
        mask = np.maximum(mask, cv2.warpAffine(edge_ramp(region.side)[0, 0].numpy(), crop_from_window, (size, size)))
    return mask


def part_of(name: str, points: Points, size: int) -> Plane:
    """Return the mask of the replaced part, size x size float32 in [0, 1]."""
    if name.startswith("windows"):
        return windows(points, size)
    if "face" in name:
        face = Regions.of(points, size).face
        face_mask = np.zeros((size, size), np.float32) if face is None else face.astype(np.float32)
        return 1 - face_mask if name == "all but the face" else face_mask
    lip_mask = filled(points, (LIPS_INNER if name == "inside of the lips" else LIPS_OUTER,), size)
    return np.zeros((size, size), np.float32) if lip_mask is None else lip_mask.astype(np.float32)


class TruthComposite:
    """A renderer's frames with a part of the true frame composited over them.

    Args:
        name: of the renderer, of the part (with the geometry renderer), or of both separated by a comma.
        frames: of all clips; the clip that contains the photo is the truth.
        finder: networks to use.
        training_people: people to exclude.
    """

    def __init__(
        self, name: str, frames: Sequence[list[Frame]], finder: FaceFinder, training_people: frozenset[str]
    ) -> None:
        self.name, self._frames, self._training_people = name, frames, training_people
        base, _, part = name.partition(", ") if name.startswith("portrait") else ("geometry", "", name)
        self._part = "" if part == "geometry" else part
        self._system, self._finder = AnimateSystem(base, finder=finder), finder

    def prepare(self, photos: Sequence[Frame]) -> None:
        """Prepare the renderer and find the clip."""
        self._system.prepare(photos)
        photo = photos[0]
        self._truth = next(
            clip
            for clip in self._frames
            if clip[0].shape == photo.shape and any(np.array_equal(f, photo) for f in clip)
        )

    def render(self, request: RenderRequest) -> Iterator[Frame]:
        """Yield the frames with the part replaced."""
        for index, output in zip(request.frames, self._system.render(request), strict=True):
            size = output.shape[1], output.shape[0]
            upscaled = np.asarray(cv2.resize(self._truth[index], size, interpolation=cv2.INTER_CUBIC), np.uint8)
            faces = self._finder.find(upscaled) if self._part else []
            if not faces:
                yield output
                continue
            truth, rendered = upscaled.astype(np.float32), output.astype(np.float32)
            crop = Crop.around(faces[0].points, PART_SIDE, *size)
            square = part_of(self._part, crop.move(faces[0]).points, PART_SIDE)
            frame_from_crop = invert(crop_from_frame(crop.square, PART_SIDE))
            outside = float(self._part.endswith("all but the face"))
            mask = cv2.warpAffine(square, frame_from_crop, size, borderValue=(outside,))[..., None]
            if "coarse" in self._part:
                sigma = (0, 0), COARSE_SIGMA * crop.square[2] / 256
                truth = rendered + cv2.GaussianBlur(truth, *sigma) - cv2.GaussianBlur(rendered, *sigma)
            yield np.clip(rendered + mask * (truth - rendered) + 0.5, 0, 255).astype(np.uint8)

    def trained_on(self, people: frozenset[str]) -> bool:
        """Return whether these people are excluded."""
        return bool(people & self._training_people)

    def about(self) -> Mapping[str, Any]:
        """Return a description."""
        return {"what": f"{self._system.name} with ground truth composited over: {self._part}"}


PARTS = (
    "geometry",
    "inside of the lips",
    "lips with their inside",
    "windows, coarse",
    "windows",
    "face",
    "all but the face",
    "portrait",
    "portrait, all but the face",
)


def main(data: Path) -> None:
    """Print each part's metrics, mean over people, and their ratio to geometry alone."""
    training_people, finder = read_portrait().people, FaceFinder()
    clips = [list(clip.frames()) for clip in find_footage(data, "talking") if not clip.relatives & training_people]
    systems = [TruthComposite(name, clips, finder, training_people) for name in PARTS]
    found = evaluate(
        data, systems, EvaluateSettings(subset="talking", every=6, metrics=",".join(METRICS)), finder=finder
    )
    means = {}
    for name in PARTS:
        people: dict[str, list[list[float]]] = {}
        for row in found.rows:
            if row.system == name and row.problem is None:
                people.setdefault(row.person, []).append([row.values[metric] or 0.0 for metric in METRICS])
        means[name] = np.mean([np.mean(values, axis=0) for values in people.values()], axis=0)
        ratios = "  ".join(
            f"{metric} {value:.4f} ({value / reference:.2f}x)"
            for metric, value, reference in zip(METRICS, means[name], means["geometry"], strict=True)
        )
        print(f"{name:<28} {ratios}", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
