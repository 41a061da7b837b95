"""Split a video into segments of one face, which become clips.

The crop of a clip is fixed and the head moves inside it, as in common training sets (first-order motion model,
VoxCeleb). A segment therefore ends when the face is lost, at a cut, or when the head moves too far from its start.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.crop import head_square
from animato.geometry.landmarks import MESH_POINTS
from animato.settings.data import PrepareSettings
from animato.tracking.face_finder import face_width
from animato.tracking.landmark_stabilizer import LandmarkStabilizer
from animato.tracking.tracker import Tracker
from animato.types import Face, Frame, TimedFrame

MAX_SEGMENT_FRAMES = 1500
"""Maximum number of frames of a segment, which bounds memory for long videos."""

CUT_CHANGE = 36.0
"""Threshold of a cut: mean absolute change of a 16 px grey thumbnail between consecutive frames, levels of 255."""

MAX_MOVEMENT = 0.9
"""Maximum movement of a face: side of the union of its boxes over that of its first box, minus one."""

MAX_IMAGE_BYTES = 64_000_000
"""Memory for the images of a segment; a longer or larger one is decoded a second time when its crop is known."""

MIN_CROP_FACES = 1.5
"""Smallest side of a crop, in faces, when the image is too small."""

MAX_SIZE_RATIO = 1.5
"""Maximum ratio of the face size to that in the first frame, and of its inverse."""


@dataclass
class Segment:
    """Consecutive sampled frames with one face in a limited region.

    Attributes:
        numbers: index of each frame in the file, ascending.
        times: seconds from the first frame of the file.
        faces: the tracked faces, in pixels of the video.
        frame_size: width and height of the video, in pixels.
        images: the frames; empty if they take more than `MAX_IMAGE_BYTES`.
    """

    numbers: list[int] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    faces: list[Face] = field(default_factory=list)
    frame_size: tuple[int, int] = (0, 0)
    images: list[Frame] = field(default_factory=list)

    def add(self, number: int, time: float, face: Face, image: Frame) -> None:
        """Append a frame."""
        if len(self.images) == len(self.numbers) < MAX_IMAGE_BYTES // image.nbytes:
            self.images.append(image)
        else:
            self.images.clear()
        self.numbers.append(number)
        self.times.append(time)
        self.faces.append(face)
        self.frame_size = (image.shape[1], image.shape[0])

    @property
    def face_size(self) -> float:
        """Median longer side of the mesh's box, in pixels of the video."""
        return float(np.median([face_width(face) for face in self.faces]))

    def subsampled(self, max_count: int | None) -> Segment:
        """Return at most `max_count` evenly spaced frames, including the first and the last."""
        if max_count is None or len(self.numbers) <= max_count:
            return self
        keep = np.unique(np.linspace(0, len(self.numbers) - 1, max_count).round().astype(int))
        return Segment(
            [self.numbers[i] for i in keep],
            [self.times[i] for i in keep],
            [self.faces[i] for i in keep],
            self.frame_size,
            [self.images[i] for i in keep] if self.images else [],
        )

    def square(self, margin: float) -> tuple[float, float, float]:
        """Return (left, top, side) of the one crop of all frames, in pixels of the video.

        Its centre is the median centre of the heads; its side is the median side, enlarged so that every head is inside
        with a margin of a tenth of its size. If the image is too small, the square is shrunk to no less than
        `MIN_CROP_FACES` faces and shifted, because replicated border pixels are bad training data.
        """
        squares = np.array([head_square(face.points, margin) for face in self.faces])
        centre = np.median(squares[:, :2] + squares[:, 2:] / 2, axis=0)
        face = float(np.median(squares[:, 2])) / margin
        boxes = np.array([_box(item) for item in self.faces])
        low, high = boxes[:, 0].min(axis=0), boxes[:, 1].max(axis=0)
        extent = max(float((centre - low).max()), float((high - centre).max())) + 0.1 * face
        side = max(face * margin, 2 * extent)
        min_side = max(MIN_CROP_FACES * face, float((high - low).max()) + 0.2 * face)
        side = min(side, max(min_side, float(min(self.frame_size))))
        corner = centre - side / 2
        free_space = np.maximum(np.array(self.frame_size, np.float64) - side, 0.0)
        corner = np.clip(corner, 0.0, free_space)
        # Keep the heads inside even where they touch the border of the image.
        corner = np.clip(corner, high + 0.05 * face - side, low - 0.05 * face)
        return float(corner[0]), float(corner[1]), side


@dataclass
class FrameCounts:
    """Frame counts, updated during iteration.

    Attributes:
        frames: frames searched for a face.
        with_face: of those, frames with a face.
    """

    frames: int = 0
    with_face: int = 0


def segments(
    frames: Iterable[TimedFrame], tracker: Tracker, settings: PrepareSettings, counts: FrameCounts
) -> Iterator[Segment]:
    """Yield the segments of a video as they end, with landmarks stabilised against the first frame.

    Args:
        frames: the video, frame by frame.
        tracker: face tracker; reset at every cut.
        settings: `fps` selects the frames to keep.
        counts: updated in place.
    """
    tracker.reset()
    segment = Segment()
    sampler = Sampler(settings.fps)
    previous: NDArray[np.float32] | None = None
    stabilizer: LandmarkStabilizer | None = None
    for number, (image, time) in enumerate((frame.image, frame.time) for frame in frames):
        thumbnail = _thumbnail(image)
        cut = previous is not None and float(np.abs(thumbnail - previous).mean()) > CUT_CHANGE
        previous = thumbnail
        if cut:
            tracker.reset()
            if segment.numbers:
                yield segment
                segment = Segment()
        if not sampler.selects(time):
            continue
        face = tracker.track(image)
        counts.frames += 1
        counts.with_face += face is not None
        if segment.numbers and (
            face is None or not _continues(segment, face) or len(segment.numbers) >= MAX_SEGMENT_FRAMES
        ):
            yield segment
            segment = Segment()
        if face is not None:
            if stabilizer is None or not segment.numbers:
                stabilizer = LandmarkStabilizer(image, face)
            segment.add(number, time, stabilizer.correct(image, face), image)
    if segment.numbers:
        yield segment


class Sampler:
    """Selects frames by time at about `fps` frames per second; None selects all."""

    def __init__(self, fps: float | None) -> None:
        self._step = 1.0 / fps if fps else 0.0
        self._next = -np.inf

    def selects(self, time: float) -> bool:
        """Return whether the frame at `time` (seconds) is kept."""
        if time < self._next - 1e-6:
            return False
        if self._next + self._step > time:
            self._next += self._step
        else:
            self._next = time + self._step
        return True


def _thumbnail(image: Frame) -> NDArray[np.float32]:
    small = cv2.resize(image, (16, 16), interpolation=cv2.INTER_AREA)
    return np.asarray(small.mean(axis=2), np.float32)


def _box(face: Face) -> NDArray[np.float32]:
    mesh = face.points[:MESH_POINTS, :2]
    return np.stack([mesh.min(axis=0), mesh.max(axis=0)])


def _continues(segment: Segment, face: Face) -> bool:
    """Return whether a face is close to the start of its segment in position and size."""
    first, last, current = _box(segment.faces[0]), _box(segment.faces[-1]), _box(face)
    size = float((first[1] - first[0]).max())
    union = np.maximum(np.maximum(first[1], last[1]), current[1]) - np.minimum(
        np.minimum(first[0], last[0]), current[0]
    )
    ratio = face_width(face) / size
    return float(union.max()) <= size * (1 + MAX_MOVEMENT) and 1 / MAX_SIZE_RATIO <= ratio <= MAX_SIZE_RATIO
