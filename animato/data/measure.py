"""Measure a clip: pose, light, sharpness, opening of the mouth, and a perceptual hash."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.data.clips import ClipFrames
from animato.data.duplicates import perceptual_hash
from animato.geometry.landmarks import BLENDSHAPES, MESH_POINTS
from animato.geometry.pose import fit_pose
from animato.types import Frame, Points

QUANTILES = (0, 25, 50, 75, 100)
"""Percent; the first and the last are the extremes of a clip."""

POSES = tuple(f"{angle}_{quantile}" for angle in ("yaw", "pitch") for quantile in QUANTILES)
"""Names of the pose columns, degrees; signs as in `HeadPose.degrees`."""

MEASURES = (*POSES, "mouth_open", "brightness", "side_light", "sharpness")
"""Names of the measures, see `measure_clip`."""

FACE_SIDE = 256
"""Side in pixels of the square around the face in which sharpness is measured, as for photos."""

GREY_OFFSET = 8.0
"""Grey levels added to both halves of a face, so that the ratio of two dark ones is not noise."""


def measure_clip(frames: ClipFrames) -> dict[str, Any]:
    """Measure a clip.

    Args:
        frames: some frames of the clip, evenly spaced.

    Returns:
        `POSES`: quantiles over the frames of yaw and pitch, degrees. `mouth_open`: largest jawOpen, 0 to 1.
        `brightness`: median over the frames of the mean grey level of the face, 0 to 255. `side_light`: median of the
        natural logarithm of how much brighter the image's right half of the face is. `sharpness`: median of the
        variance of the Laplacian, squared grey levels. `phash`: perceptual hash of the middle frame, 64 bits.
    """
    angles = np.array([fit_pose(points).degrees()[:2] for points in frames.points])
    pose = np.percentile(angles, QUANTILES, axis=0).T.ravel()
    light = np.array([_light(image, points) for image, points in zip(frames.images, frames.points, strict=True)])
    brightness, side_light, sharpness = np.median(light, axis=0).tolist()
    return {
        **dict(zip(POSES, pose.round(1).tolist(), strict=True)),
        "mouth_open": round(float(frames.blendshapes[:, BLENDSHAPES.index("jawOpen")].max()), 3),
        "brightness": round(brightness, 1),
        "side_light": round(side_light, 3),
        "sharpness": round(sharpness, 1),
        "phash": perceptual_hash(frames.images[len(frames.images) // 2]),
    }


def _light(image: Frame, points: Points) -> tuple[float, float, float]:
    """Return brightness, side light and sharpness of the face in one image."""
    xy = points[:MESH_POINTS, :2]
    low = np.clip(np.floor(xy.min(axis=0)), 0, image.shape[0] - 2).astype(int)
    high = np.clip(np.ceil(xy.max(axis=0)) + 1, low + 2, image.shape[0]).astype(int)
    crop = np.ascontiguousarray(image[low[1] : high[1], low[0] : high[0]])
    grey = np.asarray(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY), np.uint8)
    face = np.zeros(grey.shape, np.uint8)
    cv2.fillConvexPoly(face, cv2.convexHull(np.round(xy - low).astype(np.int32)), 1)
    columns = np.arange(grey.shape[1]) + low[0]
    right = (columns > float(xy[:, 0].mean())).astype(np.uint8)
    whole = _mean(grey, face)
    side = np.log((_mean(grey, face * right) + GREY_OFFSET) / (_mean(grey, face * (1 - right)) + GREY_OFFSET))
    scaled = cv2.resize(grey, (FACE_SIDE, FACE_SIDE), interpolation=cv2.INTER_LINEAR)
    return whole, float(side), float(cv2.Laplacian(scaled, cv2.CV_32F).var())


def _mean(grey: NDArray[np.uint8], mask: NDArray[np.uint8]) -> float:
    return float(cv2.mean(grey, mask)[0])
