"""Remove camera and body motion: motion shared with shoulders and background is not head motion.

Corners outside the head are detected in the neutral frame (Shi, Tomasi 1994) and tracked into every other frame
(pyramidal KLT: Lucas, Kanade 1981; Bouguet 2000). RANSAC (Fischler, Bolles 1981) fits a similarity to all of them, or
to the shoulders' alone where most of these move against the background, because the shoulders of the animated photo
are static. Motion is measured against the neutral frame, so errors do not accumulate.
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
"""Longer side, in pixels, of the images in which motion is estimated."""
MAX_CORNERS, CORNER_QUALITY, MIN_CORNER_DISTANCE = 64, 0.005, 5
"""Maximum number of corners, minimum strength relative to the strongest, and minimum distance in pixels."""
WINDOW, PYRAMID_LEVELS, MAX_ITERATIONS = 13, 2, 8
"""KLT: window side in pixels, pyramid levels above the full resolution, and maximum iterations."""
INLIER_DISTANCE = 0.7
"""RANSAC inlier threshold, pixels."""
MIN_INLIERS, MIN_INLIER_SHARE = 8, 0.3
"""Minimum number of inliers, and minimum share of the tracked corners."""
MIN_BODY_INLIER_SHARE = 0.6
"""Minimum inlier share among the shoulders' corners for a motion of the shoulders alone."""
MIN_TRACKABLE_SHARE = 0.5
"""Share of the corners still trackable below which new ones are detected in the current frame."""
DEADBAND, CAMERA_MOVES = 0.8, 1.5
"""Centimetres at the head: motion below the first is not removed; from the second on the camera counts as moving."""
OUTLIER_JUMP, MAX_OUTLIER_FRAMES = 0.8, 2
"""Centimetres between frames that are an outlier if the head moves by less than half of that, and the number of
consecutive frames that may be rejected."""
DEADBAND_RELEASE = 1.0
"""Seconds in which the deadband closes once the camera moves."""
ROLL_RADIUS, SCALE_RADIUS = 7.0, 20.0
"""Canonical centimetres; convert roll and log scale to centimetres. Scaling is more visible: `DEADBAND` is 4 %."""
HEAD_SCALE = np.array([1.5, 1.45, 1.0])
"""Size of head and hair relative to the face oval, along the axes of the head."""
SHOULDER_HALF_WIDTH = 1.6
"""Half the width of the shoulders, in face widths."""


class BodyStabilizer:
    """Estimates the motion of the body, or of the camera, since a neutral frame.

    Args:
        frame: H x W x 3 uint8 RGB, the neutral frame.
        face: its landmarks.
    """

    def __init__(self, frame: Frame, face: Face) -> None:
        self._scale = SIDE / max(frame.shape[:2])
        self._face = self._downscale_points(face)
        pose = fit_pose(self._face)
        self._head_centre, self._cm_per_pixel = pose.translation[:2], 1.0 / pose.scale
        self._neutral_image = self._downscale(frame)
        self.reset()

    def reset(self) -> None:
        """Forget all frames but the neutral one."""
        self._motion: Affine = np.eye(2, 3)
        self._peak = self._max_removed = self._deadband = 0.0
        self._time: float | None = None
        self._previous: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None
        self._outlier_frames = 0
        self._detect_corners(self._neutral_image, self._face, np.eye(2, 3))

    def neutral_from_frame(self, frame: Frame, face: Face, time: float) -> Affine | None:
        """Return the map that removes body and camera motion since the neutral frame; None if there is none.

        Args:
            frame: H x W x 3 uint8 RGB, of the neutral frame's size.
            face: its landmarks.
            time: seconds, increasing from call to call.

        Returns:
            2 x 3, pixels of the neutral frame from pixels of this frame.
        """
        image, points = self._downscale(frame), self._downscale_points(face)
        self._motion = self._estimate_motion(image, points)
        vector = self._without_outliers(self._vector(self._motion), self._vector(similarity(*self._mesh_pairs(points))))
        length = float(np.linalg.norm(vector))
        self._peak = max(self._peak, length)
        deadband = self._deadband_at(time)
        if length <= deadband:
            return None
        self._max_removed = max(self._max_removed, length - deadband)
        return self._full_resolution(invert(self._from_vector(vector * (1.0 - deadband / length))))

    def _mesh_pairs(self, points: Points) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return self._face[:MESH_POINTS, :2].astype(np.float64), points[:MESH_POINTS, :2].astype(np.float64)

    def _without_outliers(self, vector: NDArray[np.float64], head: NDArray[np.float64]) -> NDArray[np.float64]:
        """Reject outliers: background that jumps for a frame or two while the head does not."""
        if self._previous is not None:
            jump, head_moved = (
                float(np.linalg.norm(current - previous))
                for current, previous in zip((vector, head), self._previous, strict=True)
            )
            if jump > OUTLIER_JUMP and head_moved < 0.5 * jump and self._outlier_frames < MAX_OUTLIER_FRAMES:
                self._outlier_frames += 1
                self._previous = self._previous[0] + head - self._previous[1], head
                return self._previous[0]
        self._outlier_frames, self._previous = 0, (vector, head)
        return vector

    def _deadband_at(self, time: float) -> float:
        """Return the length of motion that is not removed; it decreases slowly, so the transition is invisible."""
        deadband = DEADBAND * (1.0 - smoothstep(self._peak, DEADBAND, CAMERA_MOVES))
        if self._time is not None:
            deadband = max(deadband, self._deadband - DEADBAND * (time - self._time) / DEADBAND_RELEASE)
        self._deadband, self._time = deadband, time
        return deadband

    @property
    def removed(self) -> float:
        """Largest motion removed so far, canonical centimetres at the head."""
        return self._max_removed

    def _downscale(self, frame: Frame) -> NDArray[np.uint8]:
        size = round(frame.shape[1] * self._scale), round(frame.shape[0] * self._scale)
        return np.asarray(cv2.cvtColor(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY))

    def _downscale_points(self, face: Face) -> Points:
        points = face.points * np.float32(self._scale)
        points[:, :2] += 0.5 * self._scale - 0.5
        return points

    def _full_resolution(self, small: Affine) -> Affine:
        """Convert a map between downscaled images to one between full frames."""
        offset = 0.5 * self._scale - 0.5
        full = small.copy()
        full[:, 2] = (small[:, 2] + small[:, :2] @ np.full(2, offset) - offset) / self._scale
        return full

    def _detect_corners(self, image: NDArray[np.uint8], points: Points, motion: Affine) -> None:
        """Detect the corners to track in a downscaled frame whose motion since the neutral frame is `motion`."""
        mask = _outside_head(image, points)
        margin = WINDOW // 2
        mask[:margin], mask[-margin:], mask[:, :margin], mask[:, -margin:] = 0, 0, 0, 0
        detected = cv2.goodFeaturesToTrack(
            image, MAX_CORNERS, CORNER_QUALITY, MIN_CORNER_DISTANCE, mask=mask, blockSize=5
        )
        self._corners: NDArray[np.float32] = (
            np.zeros((0, 2), np.float32) if detected is None else np.asarray(detected[:, 0], np.float32)
        )
        self._reference_image, self._reference_motion = image, motion
        width = float(np.ptp(points[:MESH_POINTS, 0]))
        distance = np.abs(self._corners[:, 0] - points[CHIN, 0])
        self._on_body = (self._corners[:, 1] > points[CHIN, 1]) & (distance < SHOULDER_HALF_WIDTH * width)
        self._reference_points = points

    def _estimate_motion(self, image: NDArray[np.uint8], points: Points) -> Affine:
        """Return the motion of body or camera since the neutral frame, in pixels of the downscaled images."""
        if len(self._corners) < MIN_INLIERS:
            return self._motion
        outside_head = _outside_head(image, points)
        initial = self._initial_motion(image, points, outside_head)
        trackable = self._trackable(initial, outside_head)
        aligned = cv2.warpAffine(
            image, initial, image.shape[::-1], flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
        refinement = self._track_corners(np.asarray(aligned, np.uint8), trackable)
        if refinement is None:
            return self._motion
        since_reference = chain(initial, refinement)
        motion = chain(since_reference, self._reference_motion)
        if trackable.mean() < MIN_TRACKABLE_SHARE:
            self._detect_corners(image, points, motion)
        return motion

    def _initial_motion(self, image: NDArray[np.uint8], points: Points, outside_head: NDArray[np.uint8]) -> Affine:
        """Return the initial estimate with the least photometric error: the last motion, none, or that of the head."""
        head = similarity(
            self._reference_points[:MESH_POINTS, :2].astype(np.float64), points[:MESH_POINTS, :2].astype(np.float64)
        )
        candidates = (chain(self._motion, invert(self._reference_motion)), np.eye(2, 3), head)
        reference = _sample(self._reference_image, self._corners)
        errors = []
        for candidate in candidates:
            trackable = self._trackable(candidate, outside_head)
            positions = self._corners @ candidate[:, :2].T + candidate[:, 2]
            differences = np.abs(_sample(image, positions.astype(np.float32)) - reference)
            errors.append(float(np.median(differences[trackable])) if trackable.sum() >= MIN_INLIERS else np.inf)
        return candidates[int(np.argmin(errors))]

    def _trackable(self, motion: Affine, outside_head: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Return which corners lie in the image and outside the head after a motion."""
        positions = self._corners @ motion[:, :2].T + motion[:, 2]
        height, width = outside_head.shape
        inside = ((positions >= 2) & (positions <= (width - 3, height - 3))).all(axis=1)
        pixels = np.clip(np.rint(positions).astype(int), 0, (width - 1, height - 1))
        return np.asarray(inside & (outside_head[pixels[:, 1], pixels[:, 0]] > 0))

    def _track_corners(self, aligned: NDArray[np.uint8], trackable: NDArray[np.bool_]) -> Affine | None:
        """Return the similarity from the corners to their tracked positions; None with too few inliers."""
        if trackable.sum() < MIN_INLIERS:
            return None
        start = np.ascontiguousarray(self._corners[trackable][:, None])
        tracked, status, _ = cv2.calcOpticalFlowPyrLK(
            self._reference_image,
            aligned,
            start,
            start.copy(),
            winSize=(WINDOW, WINDOW),
            maxLevel=PYRAMID_LEVELS,
            criteria=(cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, MAX_ITERATIONS, 0.03),
            flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
        )
        good = status[:, 0] > 0
        start, end = start[:, 0], np.asarray(tracked[:, 0], np.float32)
        all_motion, on_body = _fit_similarity(start[good], end[good]), good & self._on_body[trackable]
        if on_body.sum() < MIN_INLIERS or (
            all_motion is not None and _inlier_share(all_motion, start[on_body], end[on_body]) >= MIN_INLIER_SHARE
        ):
            return all_motion
        body_motion = _fit_similarity(start[on_body], end[on_body])
        return (
            all_motion
            if body_motion is None or _inlier_share(body_motion, start[on_body], end[on_body]) < MIN_BODY_INLIER_SHARE
            else body_motion
        )

    def _vector(self, motion: Affine) -> NDArray[np.float64]:
        """Return a motion as translation at the head, roll and log scale: 4 float64, canonical centimetres."""
        translation = (motion[:, :2] @ self._head_centre + motion[:, 2] - self._head_centre) * self._cm_per_pixel
        scale = float(np.sqrt(abs(np.linalg.det(motion[:, :2]))))
        return np.array(
            [*translation, np.arctan2(motion[1, 0], motion[0, 0]) * ROLL_RADIUS, np.log(scale) * SCALE_RADIUS]
        )

    def _from_vector(self, vector: NDArray[np.float64]) -> Affine:
        """Return the motion of a vector; the inverse of `_vector`."""
        roll, scale = vector[2] / ROLL_RADIUS, np.exp(vector[3] / SCALE_RADIUS)
        linear = scale * np.array([[np.cos(roll), -np.sin(roll)], [np.sin(roll), np.cos(roll)]])
        return np.column_stack(
            [linear, self._head_centre + vector[:2] / self._cm_per_pixel - linear @ self._head_centre]
        )


def _fit_similarity(start: NDArray[np.float32], end: NDArray[np.float32]) -> Affine | None:
    """Fit a similarity by RANSAC; None with too few inliers."""
    if len(start) < MIN_INLIERS:
        return None
    fitted, inliers = cv2.estimateAffinePartial2D(
        start, end, method=cv2.RANSAC, ransacReprojThreshold=INLIER_DISTANCE, maxIters=200
    )
    if fitted is None or inliers.sum() < max(MIN_INLIERS, MIN_INLIER_SHARE * len(start)):
        return None
    return np.asarray(fitted, np.float64)


def _inlier_share(motion: Affine, start: NDArray[np.float32], end: NDArray[np.float32]) -> float:
    """Return the share of corners within the inlier threshold of a similarity."""
    distance = np.linalg.norm(start @ motion[:, :2].T + motion[:, 2] - end, axis=1)
    return float((distance < INLIER_DISTANCE).mean())


def _outside_head(image: NDArray[np.uint8], points: Points) -> NDArray[np.uint8]:
    """Return h x w uint8: 0 on head and hair, 255 elsewhere.

    Args:
        image: h x w uint8.
        points: 478 x 3, landmarks, pixels of the image.
    """
    pose = fit_pose(points)
    oval = local_from_points(points[list(OVAL)], pose)
    centre = oval.mean(axis=0)
    outline = points_from_local(centre + (oval - centre) * HEAD_SCALE, pose)[:, :2]
    mask = np.full(image.shape, 255, np.uint8)
    cv2.fillConvexPoly(mask, cv2.convexHull(np.rint(outline).astype(np.int32)), 0)
    return mask


def _sample(image: NDArray[np.uint8], points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Sample an image bilinearly at positions (N x 2 float32); grey levels, N float32."""
    if not len(points):
        return np.zeros(0, np.float32)
    sampled = cv2.remap(image, points[:, 0], points[:, 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return sampled.reshape(-1).astype(np.float32)
