"""Clips of a red disc and a finder that takes the disc for a face: exact landmarks, no networks, no pictures of people.

Run as a program it prepares a folder with that finder, so that tests can kill it:
`python drawn_faces.py FOLDER DIE_AT_FRAME SOURCE...` (0: live).
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from animato.data.prepare import Prepared
from animato.geometry.landmarks import EYE_CORNERS
from animato.settings.data import PrepareSettings
from animato.tracking.landmarker import RegionOfInterest
from animato.types import Face, Frame

Disc = tuple[float, float, float] | None
"""Centre x, centre y and radius in pixels; None where the disc is away."""

WIDTH, HEIGHT = 160, 120

SETTINGS = {"size": 64, "min_face": 16, "min_frames": 4, "clips_per_shard": 2}


def template() -> np.ndarray:
    """Return 478 points in the unit disc, its border included, with the eye corners level."""
    turn = np.arange(478) * 2.399963
    radius = np.sqrt(np.arange(478) / 467).clip(0, 1)
    points = np.stack([np.cos(turn) * radius, np.sin(turn) * radius, 0.1 * radius], axis=1)
    points[EYE_CORNERS[0]] = (-0.5, -0.3, 0.0)
    points[EYE_CORNERS[1]] = (0.5, -0.3, 0.0)
    return points.astype(np.float32)


def face_at(x: float, y: float, radius: float) -> Face:
    """Return the face that a disc stands for."""
    points = template() * np.float32(radius) + np.array([x, y, 0], np.float32)
    return Face(points, np.full(52, 0.25, np.float32), 1.0)


def draw(disc: Disc, background: int = 90, width: int = WIDTH, height: int = HEIGHT) -> Frame:
    """Return a picture of the disc on grey, with a few marks that make crops of different places differ."""
    image = np.full((height, width, 3), background, np.uint8)
    image[::16, :, :2] += 20
    if disc is not None:
        x, y, radius = disc
        cv2.circle(image, (round(x * 16), round(y * 16)), round(radius * 16), (220, 30, 30), -1, cv2.LINE_AA, 4)
    return image


def write_video(path: Path, images: Sequence[Frame], fps: int = 25) -> Path:
    """Write frames as a nearly lossless mp4."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(fps), options={"crf": "4", "preset": "ultrafast"})
        stream.height, stream.width = images[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for image in images:
            for packet in stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path


def write_clip(path: Path, discs: Sequence[Disc] | int = 8, background: int = 90, fps: int = 25) -> Path:
    """Write a clip of a disc, or of a disc that wanders for that many frames."""
    if isinstance(discs, int):
        discs = [(80 + 6 * np.sin(i / 3 + background), 60 + 3 * np.cos(i / 2), 22) for i in range(discs)]
    return write_video(path, [draw(disc, background) for disc in discs], fps)


class DrawnFinder:
    """Finds the disc; stands in for `FaceFinder`, with itself as the landmarker."""

    def __init__(self, threads: int = 1, die_at: int = 0) -> None:
        self.landmarker = self
        self.looks = 0
        self._die_at = die_at

    def locate(self, frame: Frame, region: RegionOfInterest | None = None, blendshapes: bool = True) -> Face:
        self.looks += 1
        if self.looks == self._die_at:
            os.kill(os.getpid(), signal.SIGKILL)
        red = (frame[:, :, 0] > 150) & (frame[:, :, 1] < 90)
        if red.sum() < 60:
            return Face(np.zeros((478, 3), np.float32), np.zeros(52, np.float32), 0.0)
        y, x = np.nonzero(red)
        return face_at(float(x.mean()), float(y.mean()), float(np.sqrt(red.sum() / np.pi)))

    def find(self, frame: Frame, *, quick: bool = False) -> list[Face]:
        face = self.locate(frame)
        return [face] if face.score else []


def open_drawn_finder() -> DrawnFinder:
    """The finder of a worker process."""
    return DrawnFinder()


def open_mortal_finder() -> DrawnFinder:
    """A finder that ends its worker process at the fortieth look."""
    return DrawnFinder(die_at=40)


def end_at_once() -> DrawnFinder:
    """A finder that never opens: the worker process ends."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def prepare_drawn(folder: Path, sources: Sequence[Path], die_at: int = 0, **settings: object) -> Prepared:
    """Prepare with the drawn finder in place of the networks."""
    from animato.data import prepare as module

    real = module.FaceFinder
    module.FaceFinder = lambda threads: DrawnFinder(threads, die_at)  # type: ignore[misc, assignment]
    try:
        return module.prepare(sources, folder, PrepareSettings(**{**SETTINGS, **settings}))  # type: ignore[arg-type]
    finally:
        module.FaceFinder = real  # type: ignore[misc]


if __name__ == "__main__":
    prepare_drawn(Path(sys.argv[1]), [Path(name) for name in sys.argv[3:]], int(sys.argv[2]))
