"""Faces and clips with known answers for the tests of the evaluation."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from animato.evaluation.footage import StoredFrames
from animato.evaluation.metrics import Reference, ScoredFrame
from animato.geometry.landmarks import EYE_LEFT, EYE_RIGHT, canonical_face
from animato.runtime.engine import Engine
from animato.tracking.face_finder import FaceFinder
from animato.types import Face, Frame, Points

os.environ.setdefault("OMP_NUM_THREADS", "1")

SIZE = 256


def drawn_points(scale: float = 9.0, x: float = 128.0, y: float = 128.0) -> Points:
    """The canonical face as 478 points in a 256 px crop; irises in the middle of the lids."""
    mesh = canonical_face().vertices * scale + (x, y, 0.0)
    points = np.concatenate([mesh, np.zeros((10, 3))])
    for first, eye in ((468, EYE_LEFT), (473, EYE_RIGHT)):
        points[first : first + 5] = mesh[list(eye)].mean(axis=0)
    return points.astype(np.float32)


def face_of(points: Points, blendshapes: float = 0.0) -> Face:
    return Face(points.astype(np.float32), np.full(52, blendshapes, np.float32), 1.0)


def noise(seed: int, size: int = SIZE) -> Frame:
    return np.random.default_rng(seed).integers(0, 256, (size, size, 3), dtype=np.uint8)


def scored(
    output: Frame | None = None,
    truth: Frame | None = None,
    points: Points | None = None,
    true_points: Points | None = None,
    index: int = 0,
    size: int = SIZE,
) -> ScoredFrame:
    """One scored frame; what is not given is grey and the drawn face."""
    grey = np.full((size, size, 3), 128, np.uint8)
    true_points = drawn_points() if true_points is None else true_points
    truth = grey if truth is None else truth
    reference = Reference(index, truth, face_of(true_points), (truth,), (face_of(true_points),))
    return ScoredFrame(grey if output is None else output, None if points is None else face_of(points), reference)


@dataclass(frozen=True)
class DrawnFootage:
    """A clip made by a function of the frame number."""

    name: str
    person: str
    picture: Callable[[int], Frame] = field(compare=False)
    count: int = 12
    relatives: frozenset[str] = frozenset({"her"})
    fps: float = 25.0
    source: str = ""
    path: Path | None = None

    @property
    def file(self) -> str:
        return f"drawn/{self.name}.mp4"

    def frames(self) -> Iterator[Frame]:
        for index in range(self.count):
            yield self.picture(index)

    def open(self, *, max_side: int | None = None, start: float = 0.0, end: float | None = None) -> StoredFrames:
        return StoredFrames(self.frames(), self.count, self.fps, start, end)


@pytest.fixture(scope="session")
def astronaut() -> Frame:
    data = pytest.importorskip("skimage.data")
    return np.asarray(data.astronaut(), np.uint8)


@pytest.fixture(scope="session")
def sliding(astronaut: Frame) -> DrawnFootage:
    """A real face that moves two pixels to the left in every frame, twelve frames of 320 x 320."""
    return DrawnFootage(
        "slide", "her", lambda index: np.ascontiguousarray(astronaut[0:320, 60 + 2 * index : 380 + 2 * index])
    )


@pytest.fixture(scope="session")
def finder() -> FaceFinder:
    """The face networks, compiled once for all tests."""
    return FaceFinder(Engine(1))
