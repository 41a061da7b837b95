"""Follow the face of a person before a camera: frames in, motion relative to a neutral frame out, without delay."""

from __future__ import annotations

import threading

import numpy as np

from animato.appearance.channels import CHANNELS
from animato.drivers.reference_frame import Measurements
from animato.drivers.shot import Candidate, Shot
from animato.geometry.region_weights import PARTS
from animato.live.protocols import LiveMotion
from animato.motion.dropouts import rest_frame
from animato.motion.motion_frame import Neutral, factor
from animato.motion.neutral_frame import neutral_costs
from animato.motion.occlusions import PartFiller
from animato.motion.smooth import CausalSmoother
from animato.runtime.engine import Engine
from animato.settings.animate import AnimateSettings
from animato.tracking.face_finder import FaceFinder
from animato.tracking.landmarker import RegionOfInterest
from animato.tracking.tracker import Tracker
from animato.types import Face, Frame, TimedFrame

NEUTRAL_SECONDS = 0.6
"""Seconds over which the most neutral frame is chosen: longer than a blink."""


def live_finder(engine: Engine) -> FaceFinder:
    """Return the face networks of live use, on one thread of their own; compiled once per engine."""
    return engine.shared("live face finder", lambda: FaceFinder(Engine(1)))


class FaceFollower:
    """Tracks one person, frame after frame; the live policy beside `drivers.video`, which may look ahead.

    Occluded parts are held from the frame in which that is detected, smoothing is causal, and the neutral frame is the
    best of the first moments with a face, or of those after `calibrate`.

    Args:
        settings: driver_face, smooth, and what is measured.
        finder: face detection and landmark networks.
    """

    def __init__(self, settings: AnimateSettings, finder: FaceFinder) -> None:
        self._settings, self._finder = settings, finder
        self._measurements = Measurements(
            stabilize_landmarks=settings.stabilize_landmarks,
            channels=[channel for channel in CHANNELS if channel.is_enabled(settings)],
            stabilize=settings.stabilize,
        )
        self._tracker = Tracker(settings.driver_face, finder)
        self._wanted = threading.Event()
        self._wanted.set()
        self._candidates: list[tuple[TimedFrame, Face]] = []
        self._shot: Shot | None = None
        self._size: tuple[int, ...] = ()

    def calibrate(self) -> None:
        """Choose the neutral frame anew, from the next frames; may be called from any thread."""
        self._wanted.set()

    def warm_up(self) -> None:
        """Compile the networks, so that the first frame is not late."""
        self._finder.find(np.zeros((256, 256, 3), np.uint8), quick=True)
        self._finder.landmarker.locate(np.zeros((256, 256, 3), np.uint8), RegionOfInterest(128.0, 128.0, 200.0, 0.0))

    def motion(self, image: Frame, captured: float) -> LiveMotion | None:
        """Return the motion of the next frame; None until there is a neutral frame.

        Args:
            image: H x W x 3 uint8 RGB, upright.
            captured: seconds, increasing from call to call.

        Raises:
            FaceError: `driver_face` selects a face that is not there.
        """
        if image.shape != self._size:  # another camera, or another mode: nothing measured before applies
            self._size, self._shot = image.shape, None
            self._tracker.reset()
            self._wanted.set()
        if self._wanted.is_set():
            self._wanted.clear()
            self._candidates, self._begun = [], captured
            self._collecting = True
        face = self._tracker.track(image)
        if self._collecting and face is not None and self._collect(TimedFrame(image, captured), face):
            return None  # that took longer than a frame, and a newer one waits
        shot = self._shot
        if shot is None:
            return None
        if face is None:
            return LiveMotion(rest_frame(shot.neutral, captured), shot.neutral, captured)
        _, motion, occluded = shot.measure(image, face, captured)
        for part, hidden in zip(self._parts, occluded, strict=True):
            motion = part.apply(motion, bool(hidden))
        return LiveMotion(self._smoother(motion), shot.neutral, captured)

    def _collect(self, frame: TimedFrame, face: Face) -> bool:
        """Add a candidate for the neutral frame; once there are enough of them, choose, and return True."""
        if not self._candidates:
            self._begun = frame.time
        self._candidates.append((frame, face))
        if frame.time - self._begun < NEUTRAL_SECONDS:
            return False
        costs = neutral_costs([factor(face, frame.time) for frame, face in self._candidates])
        best = int(np.argmin(costs))
        candidate = Candidate(*self._candidates[best], float(costs[best]))
        self._shot = Shot(candidate, self._tracker, self._finder, self._measurements)
        self._restart(self._shot.neutral)
        self._candidates, self._collecting = [], False
        return True

    def _restart(self, neutral: Neutral) -> None:
        """Forget the motion before a new neutral frame."""
        self._smoother = CausalSmoother(self._settings.smooth)
        self._parts = [PartFiller(name, rest_frame(neutral)) for name in PARTS]
