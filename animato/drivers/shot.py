"""One shot of a driver video: find its neutral frame and measure every frame relative to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from animato.drivers.reference_frame import ReferenceFrame, Wanted
from animato.media.cuts import CutDetector
from animato.motion.motion_frame import Factored, MotionFrame, Neutral, factor, neutral_cost, neutral_of, relative_to
from animato.motion.neutral_frame import panel_costs
from animato.tracking.face_finder import FaceFinder
from animato.tracking.occlusion import face_pattern, outlier_frames
from animato.tracking.tracker import Seed, Tracker
from animato.types import Face, Frame, TimedFrame

SEARCH_SECONDS = 8.0
"""Length of the search for the neutral frame of a shot."""
SEARCH_EVERY = 3
"""Every how many frames; twice as many once the panel is full."""
PANEL = 8
"""Frames from which gaze, lids and brows count as usual."""
GOOD_ENOUGH = 1.6
"""Cost of a frame, compared with a full panel, that ends the search."""
UNUSUAL = 3.5
"""Cost from which even the best frame is no neutral one."""
COVERED = 5.0
"""Cost of a frame in which something may lie over the face: a hand makes the calmest of mouths."""
KEPT = 6
"""Pictures kept during the search, the most neutral so far: a whole panel of them would fill memory."""


@dataclass(frozen=True)
class Candidate:
    """A frame that may serve as the neutral one.

    Attributes:
        frame: the picture and its time.
        face: tracked in it.
        cost: how far from neutral; see `motion.neutral_frame.panel_costs`.
    """

    frame: TimedFrame
    face: Face
    cost: float


def most_neutral(frames: Iterable[TimedFrame], track: Callable[[Frame], Face | None]) -> tuple[Candidate | None, float]:
    """Return the most neutral frame of the first shot among frames, or None where no face is seen in it.

    Args:
        frames: in order of time, from the beginning of the shot.
        track: returns the followed face of the next frame, or None.

    Returns:
        (the frame, seconds of the last one read: of the next shot's first where the shot ended by a cut).
    """
    panel: list[Factored] = []
    patterns: list[NDArray[np.float64]] = []
    kept: list[tuple[int, TimedFrame, Face]] = []
    cuts, read = CutDetector(), 0.0
    for number, frame in enumerate(frames):
        read = frame.time
        if cuts.is_cut(frame.image) or (frame.time > SEARCH_SECONDS and panel):
            break
        every = SEARCH_EVERY if len(panel) < PANEL else 2 * SEARCH_EVERY
        face = track(frame.image) if number % every == 0 else None
        if face is None:
            continue
        panel.append(factor(face, frame.time))
        patterns.append(face_pattern(frame.image, face))
        kept.append((len(panel) - 1, frame, face))
        costs = panel_costs(panel) + COVERED * outlier_frames(patterns)
        if len(kept) > KEPT:
            kept.remove(max(kept, key=lambda item: costs[item[0]]))
        if len(panel) >= PANEL and costs.min() < GOOD_ENOUGH:
            break
    if not panel:
        return None, read
    costs = panel_costs(panel) + COVERED * outlier_frames(patterns)
    index, best, face = min(kept, key=lambda item: costs[item[0]])
    return Candidate(best, face, float(costs[index])), read


def as_candidate(frame: TimedFrame, face: Face) -> Candidate:
    """Return a frame that was named as the neutral one."""
    return Candidate(frame, face, neutral_cost(factor(face, frame.time)))


class Shot:
    """A shot that is measured from its own neutral frame.

    Args:
        candidate: its neutral frame.
        tracker: in which the face was tracked.
        finder: networks.
        wanted: what is measured.
    """

    def __init__(self, candidate: Candidate, tracker: Tracker, finder: FaceFinder, wanted: Wanted) -> None:
        image = candidate.frame.image
        face = finder.refined(image, candidate.face)
        self.cost = candidate.cost
        self.seed: Seed = tracker.seed(image, face)
        self._factored = factor(face, candidate.frame.time)
        self.neutral: Neutral = neutral_of(self._factored)
        self.reference = ReferenceFrame(image, face, wanted)
        self._channels = wanted.channels

    @property
    def scale(self) -> float:
        """Pixels of the driver's frames in a canonical centimetre of the neutral frame."""
        return self._factored.pose.scale

    def measure(self, frame: Frame, face: Face, time: float) -> tuple[Face, MotionFrame, NDArray[np.bool_]]:
        """Return a frame's measured landmarks, its movement since the neutral frame, and which parts are hidden.

        Args:
            frame: H x W x 3 uint8 RGB.
            face: tracked in it.
            time: seconds.
        """
        reading = self.reference.read(frame, face, time)
        return reading.face, self._moved(reading.face, time), reading.hidden

    def _moved(self, face: Face, time: float) -> MotionFrame:
        return relative_to(self._factored, factor(face, time), self._channels)
