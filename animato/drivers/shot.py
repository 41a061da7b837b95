"""One shot of a driver video: find its neutral frame and measure every frame relative to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from animato.drivers.reference_frame import Measurements, ReferenceFrame
from animato.media.cuts import CutDetector
from animato.motion.motion_frame import Factored, MotionFrame, Neutral, factor, neutral_cost, neutral_of, relative_to
from animato.motion.neutral_frame import neutral_costs
from animato.tracking.face_finder import FaceFinder
from animato.tracking.occlusion import face_pattern, outlier_frames
from animato.tracking.tracker import Seed, Tracker
from animato.types import Face, Frame, TimedFrame

SEARCH_SECONDS = 8.0
"""Length of the search for the neutral frame at the start of a shot, in seconds."""
SEARCH_EVERY = 3
"""Frame step of the search; doubled once the panel is full."""
PANEL_SIZE = 8
"""Number of frames whose medians define the person's usual gaze, lids and brows."""
EARLY_STOP_COST = 1.6
"""Cost, relative to a full panel, below which the search ends early."""
MAX_NEUTRAL_COST = 3.5
"""Cost above which the best frame does not count as neutral, and a warning is given."""
OCCLUSION_COST = 5.0
"""Added cost of a frame in which the face may be occluded; landmarks under a hand look like a closed mouth."""
MAX_CANDIDATES = 6
"""Frames kept in memory during the search: the most neutral so far."""


@dataclass(frozen=True)
class Candidate:
    """A candidate for the neutral frame.

    Attributes:
        frame: the image and its time.
        face: tracked in it.
        cost: distance from neutral; see `motion.neutral_frame.neutral_costs`.
    """

    frame: TimedFrame
    face: Face
    cost: float


def most_neutral(frames: Iterable[TimedFrame], track: Callable[[Frame], Face | None]) -> tuple[Candidate | None, float]:
    """Return the most neutral frame of the first shot, or None if it shows no face.

    Args:
        frames: in order of time, from the beginning of the shot.
        track: returns the tracked face of the next frame, or None.

    Returns:
        (the frame, time in seconds of the last frame read: the first of the next shot if a cut ended this one).
    """
    panel: list[Factored] = []
    patterns: list[NDArray[np.float64]] = []
    candidates: list[tuple[int, TimedFrame, Face]] = []
    cuts, last_time = CutDetector(), 0.0
    for index, frame in enumerate(frames):
        last_time = frame.time
        if cuts.is_cut(frame.image) or (frame.time > SEARCH_SECONDS and panel):
            break
        step = SEARCH_EVERY if len(panel) < PANEL_SIZE else 2 * SEARCH_EVERY
        face = track(frame.image) if index % step == 0 else None
        if face is None:
            continue
        panel.append(factor(face, frame.time))
        patterns.append(face_pattern(frame.image, face))
        candidates.append((len(panel) - 1, frame, face))
        costs = neutral_costs(panel) + OCCLUSION_COST * outlier_frames(patterns)
        if len(candidates) > MAX_CANDIDATES:
            candidates.remove(max(candidates, key=lambda item: costs[item[0]]))
        if len(panel) >= PANEL_SIZE and costs.min() < EARLY_STOP_COST:
            break
    if not panel:
        return None, last_time
    costs = neutral_costs(panel) + OCCLUSION_COST * outlier_frames(patterns)
    index, best, face = min(candidates, key=lambda item: costs[item[0]])
    return Candidate(best, face, float(costs[index])), last_time


def as_candidate(frame: TimedFrame, face: Face) -> Candidate:
    """Return a frame that the user chose as the neutral one."""
    return Candidate(frame, face, neutral_cost(factor(face, frame.time)))


class Shot:
    """One shot of a driver, measured relative to its own neutral frame.

    Args:
        candidate: its neutral frame.
        tracker: that tracked the face.
        finder: face detection and landmark networks.
        measurements: what is measured.
    """

    def __init__(self, candidate: Candidate, tracker: Tracker, finder: FaceFinder, measurements: Measurements) -> None:
        image = candidate.frame.image
        face = finder.refined(image, candidate.face)
        self.cost = candidate.cost
        self.seed: Seed = tracker.seed(image, face)
        self._factored = factor(face, candidate.frame.time)
        self.neutral: Neutral = neutral_of(self._factored)
        self.reference = ReferenceFrame(image, face, measurements)
        self._channels = measurements.channels

    @property
    def scale(self) -> float:
        """Scale of the neutral frame: pixels per canonical centimetre."""
        return self._factored.pose.scale

    def measure(self, frame: Frame, face: Face, time: float) -> tuple[Face, MotionFrame, NDArray[np.bool_]]:
        """Return a frame's corrected landmarks, its motion relative to the neutral frame, and which parts are occluded.

        Args:
            frame: H x W x 3 uint8 RGB.
            face: tracked in it.
            time: seconds.
        """
        measured = self.reference.measure(frame, face, time)
        motion = relative_to(self._factored, factor(measured.face, time), self._channels)
        return measured.face, motion, measured.occluded
