"""What the evaluation asks of a system under test."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from animato.geometry.affine import move_points
from animato.geometry.crop import crop_from_frame, cut, head_square
from animato.motion.dropouts import GapFiller, Missing
from animato.motion.motion_frame import Factored, MotionFrame, factor, neutral_of, photo_cost, relative_to
from animato.motion.neutral_frame import panel_costs
from animato.types import Face, Frame, Points


@dataclass(frozen=True)
class Photo:
    """One source photo.

    Attributes:
        image: H x W x 3 uint8 RGB, the whole picture.
        face: its landmarks, pixels of that picture.
    """

    image: Frame
    face: Face


@dataclass(frozen=True)
class Crop:
    """The square that is judged.

    Attributes:
        square: left, top, side in pixels of the whole picture (edges, not centres).
        size: side of the crop, pixels.
    """

    square: tuple[float, float, float]
    size: int

    @classmethod
    def around(cls, points: Points, size: int, width: int, height: int) -> Crop:
        """Return the square around a head, moved and if need be shrunk so that it lies inside the picture.

        What lies outside a picture is not known and would be judged as if it were.

        Args:
            points: 478 x 3 float32, pixels of the whole picture.
            size: side of the crop, pixels.
            width: of the whole picture, pixels.
            height: of the whole picture, pixels.
        """
        left, top, wanted = head_square(points)
        side = min(wanted, width, height)
        left, top = left + (wanted - side) / 2, top + (wanted - side) / 2
        # `crop_from_frame` counts from the picture's edge: a square at 0, as large as the picture, is the picture.
        left, top = np.clip(left, 0, width - side), np.clip(top, 0, height - side)
        return cls((float(left), float(top), side), size)

    def cut(self, frame: Frame) -> Frame:
        """Return the crop of a whole picture, size x size x 3 uint8 RGB."""
        return cut(frame, crop_from_frame(self.square, self.size), self.size)

    def move(self, face: Face) -> Face:
        """Return a face of the whole picture in pixels of the crop."""
        return replace(face, points=move_points(crop_from_frame(self.square, self.size), face.points))


@dataclass(frozen=True)
class Drive:
    """What moves the source.

    Attributes:
        faces: landmarks of every frame of the driver, pixels of the driver's frames; None where no face was found.
        wanted: numbers of the frames to render, ascending; each has a face.
        same_clip: whether the photos come from this very clip: a photo's face is then the driver's face at that
            moment, and motion from there on is exact.
        fps: frames a second.
        neutral: number of the frame that movement is measured from: the driver's most neutral one or, where driver and
            person move alike, the one of the animated photo. It has a face.
    """

    faces: tuple[Face | None, ...]
    wanted: tuple[int, ...]
    same_clip: bool
    fps: float
    neutral: int


class Subject(Protocol):
    """A system under test. `prepare` is called once for a case, then `render` once."""

    name: str

    def prepare(self, photos: Sequence[Photo], crop: Crop) -> None:
        """Take the source person.

        Args:
            photos: at least one, all of one person, all with the framing of the first.
            crop: the square of the first photo that will be judged.
        """
        ...

    def render(self, drive: Drive) -> Iterator[Frame]:
        """Yield one picture of `crop` for each wanted frame, in order: size x size x 3 uint8 RGB."""
        ...

    def trained_on(self, people: frozenset[str]) -> bool:
        """Return whether any of these people was in the training data."""
        ...

    def about(self) -> Mapping[str, Any]:
        """Return what the report says of the system: settings and hashes of its weights."""
        ...


NEUTRAL_SECONDS = 8.0
NEUTRAL_EVERY = 3
"""Where and how densely the neutral frame is looked for, as the main job does it."""


def neutral_index(faces: Sequence[Face | None], fps: float) -> int:
    """Return the number of the driver's most neutral frame.

    Args:
        faces: landmarks of every frame; at least one frame has a face.
        fps: frames a second.
    """
    seen = [index for index, face in enumerate(faces) if face is not None]
    near = [index for index in seen if index < max(1, round(NEUTRAL_SECONDS * fps)) and index % NEUTRAL_EVERY == 0]

    chosen = near or seen[:1]
    panel = [factor(face, 0.0) for index in chosen if (face := faces[index]) is not None]
    return chosen[int(np.argmin(panel_costs(panel)))]


def best_photo(faces: Sequence[Face | None], photos: Iterable[int]) -> int:
    """Return the number of the frame that the main job would animate.

    Args:
        faces: landmarks of every frame, of the photos as the main job finds them.
        photos: numbers of frames with a face, at least one.
    """

    def cost(index: int) -> float:
        face = faces[index]
        assert face is not None
        return photo_cost(face)

    return min(photos, key=cost)


def find_neutral(drive: Drive) -> Factored:
    """Return the driver's neutral frame."""
    face = drive.faces[drive.neutral]
    assert face is not None
    return factor(face, 0.0)


def movement(drive: Drive, neutral: Factored) -> Iterator[MotionFrame]:
    """Return the driver's movement since its neutral frame, a moment for each frame; gaps are filled."""
    moments = (
        Missing(index / drive.fps) if face is None else relative_to(neutral, factor(face, index / drive.fps))
        for index, face in enumerate(drive.faces)
    )
    return GapFiller(neutral_of(neutral)).fill(moments)
