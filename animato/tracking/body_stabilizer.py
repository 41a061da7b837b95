"""Remove camera and body motion: motion shared with shoulders and background is not head motion.

Corners outside the head of the neutral frame are found again in every other frame (Shi, Tomasi 1994; Lucas, Kanade 1981
with pyramids as in Bouguet 2000), and a similarity is fitted to them by RANSAC (Fischler, Bolles 1981): that of
everything around the head, or that of the shoulders where most of them move against the background, because an animated
head stands on shoulders that keep still. Each frame is compared with the neutral frame itself, so errors do not add up.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.affine import chain, invert, similarity
from animato.geometry.landmarks import CHIN, MESH_POINTS, OVAL
from animato.geometry.pose import fit_pose, local_from_points, points_from_local
from animato.geometry.smoothstep import smoothstep
from animato.types import Affine, Face, Frame, Points

SIDE = 200
"""Longer side, in pixels, of the pictures in which movement is measured."""
CORNERS, QUALITY, APART = 64, 0.005, 5
"""Most corners that are followed, least strength of one as a share of the strongest, and least distance, pixels."""
WINDOW, LEVELS, STEPS = 13, 2, 8
"""Side of a patch in pixels, pyramid levels above the picture, and most steps of the search."""
ERROR = 12.0
"""Mean difference of patches, grey levels, from which a corner counts as lost."""
REPROJECTION = 0.7
"""Distance in pixels within which a corner agrees with a similarity."""
FEWEST, AGREEING = 8, 0.3
"""Corners, and share of those followed, that must agree for a similarity to count."""
MOST_OF_BODY = 0.6
"""Share of the shoulders' corners that must agree before shoulders that move against the background are followed."""
FEWEST_LEFT = 0.5
"""Share of the corners still in the picture below which new ones are taken from the present frame."""
REST, MOVING = 0.8, 1.5
"""Centimetres at the head: sway below the first is left in, and from the second on the camera counts as moving."""
JUMP, DOUBTED = 0.8, 2
"""Centimetres from frame to frame that are an outlier where the head moves by less than half of them, and for how many
frames they are taken for one."""
SETTLE = 1.0
"""Seconds in which what was left in of a moving camera is taken out."""
ROLL_RADIUS, GROWTH_RADIUS = 7.0, 20.0
"""Canonical centimetres; turn roll and growth into centimetres. Growth shows more: `REST` is 4 % of it."""
HEAD_SCALE = np.array([1.5, 1.45, 1.0])
"""Size of head and hair in units of the outline of the face, in its own frame."""
BODY_WIDTH = 1.6
"""Half the width of the shoulders in widths of the face."""


class BodyStabilizer:
    """Measures how the body, or else the camera, has moved since a neutral frame.

    Args:
        frame: H x W x 3 uint8 RGB, the neutral frame.
        face: its landmarks.
    """

    def __init__(self, frame: Frame, face: Face) -> None:
        self._scale = SIDE / max(frame.shape[:2])
        self._face = self._small_points(face)
        pose = fit_pose(self._face)
        self._middle, self._cm = pose.translation[:2], 1.0 / pose.scale
        self._neutral = self._small(frame)
        self.reset()

    def reset(self) -> None:
        """Forget all frames but the neutral one."""
        self._motion: Affine = np.eye(2, 3)
        self._peak = self._removed = self._kept = 0.0
        self._time: float | None = None
        self._last: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None
        self._doubted = 0
        self._take(self._neutral, self._face, np.eye(2, 3))

    def neutral_from_frame(self, frame: Frame, face: Face, time: float) -> Affine | None:
        """Return the map that undoes what body and camera did since the neutral frame; None where they rest.

        Args:
            frame: H x W x 3 uint8 RGB, of the neutral frame's size.
            face: its landmarks.
            time: seconds, growing from call to call.

        Returns:
            2 x 3, pixels of the neutral frame from pixels of this frame.
        """
        picture, points = self._small(frame), self._small_points(face)
        self._motion = self._measure(picture, points)
        vector = self._steady(self._vector(self._motion), self._vector(similarity(*self._heads(points))))
        length = float(np.linalg.norm(vector))
        self._peak = max(self._peak, length)
        kept = self._kept_at(time)
        if length <= kept:
            return None
        self._removed = max(self._removed, length - kept)
        return self._full_size(invert(self._from_vector(vector * (1.0 - kept / length))))

    def _heads(self, points: Points) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return self._face[:MESH_POINTS, :2].astype(np.float64), points[:MESH_POINTS, :2].astype(np.float64)

    def _steady(self, vector: NDArray[np.float64], head: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return a movement without outliers: surroundings that jump for a frame or two while the head does not."""
        if self._last is not None:
            jump, moved = (
                float(np.linalg.norm(now - was)) for now, was in zip((vector, head), self._last, strict=True)
            )
            if jump > JUMP and moved < 0.5 * jump and self._doubted < DOUBTED:
                self._doubted += 1
                self._last = self._last[0] + head - self._last[1], head
                return self._last[0]
        self._doubted, self._last = 0, (vector, head)
        return vector

    def _kept_at(self, time: float) -> float:
        """Return how much movement is left in; it falls slowly, so that nothing is seen of the change."""
        kept = REST * (1.0 - smoothstep(self._peak, REST, MOVING))
        if self._time is not None:
            kept = max(kept, self._kept - REST * (time - self._time) / SETTLE)
        self._kept, self._time = kept, time
        return kept

    @property
    def removed(self) -> float:
        """Largest movement that was undone so far, canonical centimetres at the head."""
        return self._removed

    def _small(self, frame: Frame) -> NDArray[np.uint8]:
        size = round(frame.shape[1] * self._scale), round(frame.shape[0] * self._scale)
        return np.asarray(cv2.cvtColor(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY))

    def _small_points(self, face: Face) -> Points:
        points = face.points * np.float32(self._scale)
        points[:, :2] += 0.5 * self._scale - 0.5
        return points

    def _full_size(self, small: Affine) -> Affine:
        """Return a map between pixels of frames from one between pixels of the small pictures."""
        offset = 0.5 * self._scale - 0.5
        full = small.copy()
        full[:, 2] = (small[:, 2] + small[:, :2] @ np.full(2, offset) - offset) / self._scale
        return full

    def _take(self, picture: NDArray[np.uint8], points: Points, motion: Affine) -> None:
        """Take the corners to follow from a picture in which body and camera have moved by `motion`."""
        mask = _beside_head(picture, points)
        rim = WINDOW // 2
        mask[:rim], mask[-rim:], mask[:, :rim], mask[:, -rim:] = 0, 0, 0, 0
        found = cv2.goodFeaturesToTrack(picture, CORNERS, QUALITY, APART, mask=mask, blockSize=5)
        self._corners: NDArray[np.float32] = (
            np.zeros((0, 2), np.float32) if found is None else np.asarray(found[:, 0], np.float32)
        )
        self._picture, self._base = picture, motion
        width = float(np.ptp(points[:MESH_POINTS, 0]))
        beside = np.abs(self._corners[:, 0] - points[CHIN, 0])
        self._body = (self._corners[:, 1] > points[CHIN, 1]) & (beside < BODY_WIDTH * width)
        self._taken = points

    def _measure(self, picture: NDArray[np.uint8], points: Points) -> Affine:
        """Return how body or camera have moved since the neutral frame, pixels of the small pictures."""
        if len(self._corners) < FEWEST:
            return self._motion
        beside = _beside_head(picture, points)
        expected = self._expected(picture, points, beside)
        usable = self._usable(expected, beside)
        aligned = cv2.warpAffine(
            picture, expected, picture.shape[::-1], flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
        moved = self._follow(np.asarray(aligned, np.uint8), usable)
        if moved is None:
            return self._motion
        since = chain(expected, moved)
        motion = chain(since, self._base)
        if usable.mean() < FEWEST_LEFT:
            self._take(picture, points, motion)
        return motion

    def _expected(self, picture: NDArray[np.uint8], points: Points, beside: NDArray[np.uint8]) -> Affine:
        """Return the likeliest movement since the corners were taken: as a frame ago, none, or the head's own."""
        head = similarity(self._taken[:MESH_POINTS, :2].astype(np.float64), points[:MESH_POINTS, :2].astype(np.float64))
        choices = (chain(self._motion, invert(self._base)), np.eye(2, 3), head)
        known = _at(self._picture, self._corners)
        errors = []
        for choice in choices:
            usable = self._usable(choice, beside)
            there = self._corners @ choice[:, :2].T + choice[:, 2]
            differences = np.abs(_at(picture, there.astype(np.float32)) - known)
            errors.append(float(np.median(differences[usable])) if usable.sum() >= FEWEST else np.inf)
        return choices[int(np.argmin(errors))]

    def _usable(self, motion: Affine, beside: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Return which corners lie in the picture and beside the head after a movement."""
        there = self._corners @ motion[:, :2].T + motion[:, 2]
        height, width = beside.shape
        inside = ((there >= 2) & (there <= (width - 3, height - 3))).all(axis=1)
        at = np.clip(np.rint(there).astype(int), 0, (width - 1, height - 1))
        return np.asarray(inside & (beside[at[:, 1], at[:, 0]] > 0))

    def _follow(self, aligned: NDArray[np.uint8], usable: NDArray[np.bool_]) -> Affine | None:
        """Return the similarity from the corners to where they are now; None where too few agree."""
        if usable.sum() < FEWEST:
            return None
        start = np.ascontiguousarray(self._corners[usable][:, None])
        found, seen, error = cv2.calcOpticalFlowPyrLK(
            self._picture,
            aligned,
            start,
            start.copy(),
            winSize=(WINDOW, WINDOW),
            maxLevel=LEVELS,
            criteria=(cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, STEPS, 0.03),
            flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
        )
        good = (seen[:, 0] > 0) & (error[:, 0] < ERROR)
        start, there = start[:, 0], np.asarray(found[:, 0], np.float32)
        around, body = _agreed(start[good], there[good]), good & self._body[usable]
        if body.sum() < FEWEST or (around is not None and _share(around, start[body], there[body]) >= AGREEING):
            return around
        own = _agreed(start[body], there[body])
        return around if own is None or _share(own, start[body], there[body]) < MOST_OF_BODY else own

    def _vector(self, motion: Affine) -> NDArray[np.float64]:
        """Return a movement as shift at the head, roll and growth: 4 float64, canonical centimetres."""
        shift = (motion[:, :2] @ self._middle + motion[:, 2] - self._middle) * self._cm
        size = float(np.sqrt(abs(np.linalg.det(motion[:, :2]))))
        return np.array([*shift, np.arctan2(motion[1, 0], motion[0, 0]) * ROLL_RADIUS, np.log(size) * GROWTH_RADIUS])

    def _from_vector(self, vector: NDArray[np.float64]) -> Affine:
        """Return the movement of a vector; the inverse of `_vector`."""
        roll, size = vector[2] / ROLL_RADIUS, np.exp(vector[3] / GROWTH_RADIUS)
        turn = size * np.array([[np.cos(roll), -np.sin(roll)], [np.sin(roll), np.cos(roll)]])
        return np.column_stack([turn, self._middle + vector[:2] / self._cm - turn @ self._middle])


def _agreed(start: NDArray[np.float32], there: NDArray[np.float32]) -> Affine | None:
    """Return the similarity that enough corners agree on, or None."""
    if len(start) < FEWEST:
        return None
    fitted, agreeing = cv2.estimateAffinePartial2D(
        start, there, method=cv2.RANSAC, ransacReprojThreshold=REPROJECTION, maxIters=200
    )
    if fitted is None or agreeing.sum() < max(FEWEST, AGREEING * len(start)):
        return None
    return np.asarray(fitted, np.float64)


def _share(motion: Affine, start: NDArray[np.float32], there: NDArray[np.float32]) -> float:
    """Return the share of corners that a similarity puts where they were found."""
    apart = np.linalg.norm(start @ motion[:, :2].T + motion[:, 2] - there, axis=1)
    return float((apart < REPROJECTION).mean())


def _beside_head(picture: NDArray[np.uint8], points: Points) -> NDArray[np.uint8]:
    """Return h x w uint8, 0 where head and hair are, 255 elsewhere.

    Args:
        picture: h x w uint8.
        points: 478 x 3, landmarks, pixels of the picture.
    """
    pose = fit_pose(points)
    oval = local_from_points(points[list(OVAL)], pose)
    centre = oval.mean(axis=0)
    grown = points_from_local(centre + (oval - centre) * HEAD_SCALE, pose)[:, :2]
    mask = np.full(picture.shape, 255, np.uint8)
    cv2.fillConvexPoly(mask, cv2.convexHull(np.rint(grown).astype(np.int32)), 0)
    return mask


def _at(picture: NDArray[np.uint8], points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a picture's grey levels at positions (N x 2 float32), interpolated linearly."""
    if not len(points):
        return np.zeros(0, np.float32)
    found = cv2.remap(picture, points[:, 0], points[:, 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return found.reshape(-1).astype(np.float32)
