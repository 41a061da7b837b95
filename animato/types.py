"""Value types shared between packages.

Conventions, everywhere in the package:
    frames      H x W x 3 uint8 RGB;
    points      (x, y) or (x, y, z) in pixels, origin at the centre of the top-left pixel, x right, y down, z away
                from the camera (smaller is nearer), same scale as x;
    maps        named `target_from_source`, 2 x 3 float64, so that a chain reads by its neighbours:
                `frame_from_crop @ crop_from_face`;
    time        seconds from the start of the clip, as float.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Frame: TypeAlias = NDArray[np.uint8]
"""A picture: H x W x 3 uint8 RGB."""

Plane: TypeAlias = NDArray[np.float32]
"""One channel: H x W float32; each use states its range."""

Points: TypeAlias = NDArray[np.float32]
"""N x 2 or N x 3 float32, in pixels, origin at the centre of the top-left pixel."""

Affine: TypeAlias = NDArray[np.float64]
"""2 x 3 float64 map of column points (x, y, 1)."""

Box: TypeAlias = tuple[int, int, int, int]
"""Left, top, right and bottom of a part of a picture in pixels, the last two exclusive."""


@dataclass(frozen=True)
class Face:
    """One tracked face in one frame.

    Attributes:
        points: 478 x 3 float32, pixels of the frame; 0..467 the mesh, 468..472 and 473..477 the irises.
        blendshapes: 52 float32 in [0, 1], in the order of `geometry.landmarks.BLENDSHAPES`.
        score: float in [0, 1], face confidence of the tracker.
        channels: name to float32 array, measurements besides landmarks (`motion.channel`); absent if not measured.
    """

    points: Points
    blendshapes: NDArray[np.float32]
    score: float
    channels: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)


@dataclass(frozen=True)
class TimedFrame:
    """A frame of a video and the time at which it is shown.

    Attributes:
        image: H x W x 3 uint8 RGB, upright (rotation already applied).
        time: seconds from the first frame.
    """

    image: Frame
    time: float


@dataclass(frozen=True)
class VideoInfo:
    """Metadata of a video, available before decoding.

    Attributes:
        width: pixels, upright.
        height: pixels, upright.
        fps: average frames a second.
        frames: number of frames as the container states or estimates it; None when unknown.
        duration: seconds; None when unknown.
        has_audio: whether a sound stream is present.
    """

    width: int
    height: int
    fps: Fraction
    frames: int | None
    duration: float | None
    has_audio: bool
