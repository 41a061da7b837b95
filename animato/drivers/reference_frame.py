"""Reference frame: compares every frame of a shot with the shot's neutral frame."""

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

SAME_SKIN = 0.3
"""Mean weight of the patches of skin from which a face is the reference's own, in its framing and light."""


SAME_SIZE, SAME_PLACE = 1.15, 0.5
"""Largest ratio of sizes, and largest distance in sizes of the face, of the same framing."""


@dataclass(frozen=True)
class Wanted:
    """Measurements relative to a reference frame.

    Attributes:
        skin: landmarks are corrected by where the skin went.
        channels: what is read beside landmarks.
        stabilize: movement of camera and body is taken out of the landmarks.
    """

    skin: bool = True
    channels: Sequence[Channel] = CHANNELS
    stabilize: bool = False


@dataclass(frozen=True)
class Reading:
    """One frame compared with the reference.

    Attributes:
        face: its landmarks in pixels of the reference frame, with its channels.
        hidden: 3 bool, which of `geometry.region_weights.PARTS` something lies over.
    """

    face: Face
    hidden: NDArray[np.bool_]


class ReferenceFrame:
    """What a neutral frame gives to the reading of other frames: its skin, its surroundings, its light.

    Args:
        frame: H x W x 3 uint8 RGB, the neutral frame.
        face: its landmarks.
        wanted: what is measured.

    Attributes:
        cut: share of the outline of the face that lies outside the neutral frame.
        unread: names of channels that are wanted but for which the picture is too poor.
    """

    def __init__(self, frame: Frame, face: Face, wanted: Wanted | None = None) -> None:
        self._wanted = wanted or Wanted()
        self._face, self._skin = face, LandmarkStabilizer(frame, face)
        readers = {channel.name: channel.reader(frame, face) for channel in self._wanted.channels}
        self._readers = {name: reader for name, reader in readers.items() if reader is not None}
        self.unread = readers.keys() - self._readers.keys()
        self._occlusion = OcclusionDetector(frame, face)
        self.cut = outside_share(face, frame, np.array(OVAL))
        self._body = BodyStabilizer(frame, face) if self._wanted.stabilize else None

    @property
    def body_movement(self) -> float:
        """Largest movement of camera or body that was taken out, canonical centimetres at the head."""
        return self._body.removed if self._body is not None else 0.0

    def reset(self) -> None:
        """Forget all frames that were read: the next one is the first of another reading."""
        self._occlusion.reset()
        if self._body is not None:
            self._body.reset()

    def is_of(self, frame: Frame, face: Face) -> bool:
        """Return whether a face is the reference's own person, about as large, in its place and as lit.

        Args:
            frame: H x W x 3 uint8 RGB, of the reference's size.
            face: its landmarks.
        """
        now, before = (np.ptp(each.points[:MESH_POINTS, :2], axis=0).max() for each in (face, self._face))
        middle = (face.points - self._face.points)[:MESH_POINTS, :2].mean(axis=0)
        if abs(np.log(now / before)) > np.log(SAME_SIZE) or np.hypot(*middle) > SAME_PLACE * before:
            return False
        return float(self._skin.track(frame, face).weight.mean()) > SAME_SKIN

    def read(self, frame: Frame, face: Face, time: float | None = None) -> Reading:
        """Compare a frame with the reference.

        Args:
            frame: H x W x 3 uint8 RGB, of the reference's size.
            face: landmarks as the network found them, pixels of the frame.
            time: seconds, growing from call to call; without it nothing is said of hidden parts.
        """
        match = self._skin.track(frame, face)
        hidden = np.zeros(len(PARTS), bool) if time is None else self._occlusion.occluded(frame, face, match, time)
        return Reading(self._measured(frame, face, match, time or 0.0), hidden)

    def _measured(self, frame: Frame, face: Face, match: LandmarkMatch, time: float) -> Face:
        measured = corrected(face, match) if self._wanted.skin else face
        neutral_from_frame = None
        if self._body is not None:
            neutral_from_frame = self._body.neutral_from_frame(frame, face, time)
        steady = measured
        if neutral_from_frame is not None:
            steady = replace(measured, points=move_points(neutral_from_frame, measured.points))
        # Most of what is read from pixels needs the landmarks where the frame has them.
        read = {n: reader.read(frame, measured, steady, neutral_from_frame) for n, reader in self._readers.items()}
        return replace(steady, channels={name: value for name, value in read.items() if value is not None})
