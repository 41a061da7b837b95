"""Measure the frames of a shot against its neutral frame (the reference)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from animato.appearance.channels import CHANNELS
from animato.geometry.affine import move_points
from animato.geometry.landmarks import MESH_POINTS, OVAL
from animato.geometry.region_weights import PARTS
from animato.motion.channel import Channel
from animato.tracking.body_stabilizer import BodyStabilizer
from animato.tracking.landmark_stabilizer import LandmarkMatch, LandmarkStabilizer, corrected
from animato.tracking.occlusion import OcclusionDetector, outside_share
from animato.types import Face, Frame

MIN_SKIN_MATCH = 0.3
"""Mean weight of the matched skin patches above which a frame shows the same person in the same light."""
MAX_SIZE_RATIO, MAX_OFFSET = 1.15, 0.5
"""Limits of the same framing: ratio of face sizes, and offset in face sizes."""


@dataclass(frozen=True)
class Measurements:
    """What is measured relative to a reference frame.

    Attributes:
        stabilize_landmarks: whether landmarks are corrected by skin texture matching.
        channels: read in addition to landmarks.
        stabilize: whether camera and body movement is removed from the landmarks.
    """

    stabilize_landmarks: bool = True
    channels: Sequence[Channel] = CHANNELS
    stabilize: bool = False


@dataclass(frozen=True)
class MeasuredFrame:
    """One frame measured against the reference.

    Attributes:
        face: corrected landmarks in pixels of the reference frame, with channels.
        occluded: 3 bool, which of `geometry.region_weights.PARTS` are occluded.
    """

    face: Face
    occluded: NDArray[np.bool_]


class ReferenceFrame:
    """A neutral frame, prepared for measuring other frames of its shot: skin patches, background, light.

    Args:
        frame: H x W x 3 uint8 RGB, the neutral frame.
        face: its landmarks.
        measurements: what is measured.

    Attributes:
        outside_share: share of the face outline that lies outside the neutral frame.
        unavailable_channels: names of the channels that cannot be read, because the image quality is too low.
    """

    def __init__(self, frame: Frame, face: Face, measurements: Measurements | None = None) -> None:
        self._measurements = measurements or Measurements()
        self._face, self._skin = face, LandmarkStabilizer(frame, face)
        readers = {channel.name: channel.reader(frame, face) for channel in self._measurements.channels}
        self._readers = {name: reader for name, reader in readers.items() if reader is not None}
        self.unavailable_channels = readers.keys() - self._readers.keys()
        self._occlusion = OcclusionDetector(frame, face)
        self.outside_share = outside_share(face, frame, np.array(OVAL))
        self._body = BodyStabilizer(frame, face) if self._measurements.stabilize else None

    @property
    def body_movement(self) -> float:
        """Largest camera or body movement removed so far, in canonical centimetres at the head."""
        return self._body.removed if self._body is not None else 0.0

    def reset(self) -> None:
        """Reset the state between frames; the next frame starts a new pass over the shot."""
        self._occlusion.reset()
        if self._body is not None:
            self._body.reset()

    def matches(self, frame: Frame, face: Face) -> bool:
        """Return whether a frame shows the same person as the reference, at a similar size, position and light.

        Args:
            frame: H x W x 3 uint8 RGB, of the reference's size.
            face: its landmarks.
        """
        size, reference_size = (np.ptp(f.points[:MESH_POINTS, :2], axis=0).max() for f in (face, self._face))
        offset = (face.points - self._face.points)[:MESH_POINTS, :2].mean(axis=0)
        resized = abs(np.log(size / reference_size)) > np.log(MAX_SIZE_RATIO)
        if resized or np.hypot(*offset) > MAX_OFFSET * reference_size:
            return False
        return float(self._skin.track(frame, face).weight.mean()) > MIN_SKIN_MATCH

    def measure(self, frame: Frame, face: Face, time: float | None = None) -> MeasuredFrame:
        """Measure a frame against the reference.

        Args:
            frame: H x W x 3 uint8 RGB, of the reference's size.
            face: landmarks from the network, pixels of the frame.
            time: seconds, increasing from call to call; None skips occlusion detection.
        """
        match = self._skin.track(frame, face)
        occluded = np.zeros(len(PARTS), bool) if time is None else self._occlusion.occluded(frame, face, match, time)
        return MeasuredFrame(self._corrected_face(frame, face, match, time or 0.0), occluded)

    def _corrected_face(self, frame: Frame, face: Face, match: LandmarkMatch, time: float) -> Face:
        in_frame = corrected(face, match) if self._measurements.stabilize_landmarks else face
        neutral_from_frame = None
        if self._body is not None:
            neutral_from_frame = self._body.neutral_from_frame(frame, face, time)
        in_reference = in_frame
        if neutral_from_frame is not None:
            in_reference = replace(in_frame, points=move_points(neutral_from_frame, in_frame.points))
        # Readers sample pixels, so most of them need the landmarks in frame coordinates.
        channels = {
            name: reader.read(frame, in_frame, in_reference, neutral_from_frame)
            for name, reader in self._readers.items()
        }
        return replace(in_reference, channels={name: value for name, value in channels.items() if value is not None})
