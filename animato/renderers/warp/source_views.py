"""Source views: other pictures of a head, sampled where the animated photo hides or foreshortens it.

A far cheek that rotation exposes is missing in the photo or covers a few pixels only. Another photo from that side
supplies it, or else the mirrored other side of the face. Both are blended in as a triangle turns towards the camera; at
the photo's own pose only the photo is used.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.channels import channel_max
from animato.geometry.raster import affine_per_triangle, flow_from_drawing
from animato.geometry.resample import Resampler
from animato.types import Frame, Plane

BLEND_START, BLEND_END, BLEND_END_AROUND = 0.06, 0.3, 0.15
"""Gain in the cosine of the viewing angle over the photo at which a source view begins to be blended in, and is used
fully: on the face, and around it, where a photo's pixels are drawn out sooner."""

EDGE_BLUR = 0.012
"""Blur of a source view's edge, as a share of the picture's side."""

MATCH_SIDE, MATCH_SIGMA = 64, 8.0
"""Side at which the brightness of a source view and the photo is compared, and sigma of the average there, pixels."""

MIN_GAIN, MAX_GAIN = 0.7, 1.4
"""Limits of the gain that matches a source view's brightness to the photo's."""

SAME_DIFFERENCE, OTHER_DIFFERENCE = 20.0, 60.0
"""Differences, of 255, up to which two pictures show the same skin in another light, and from which they show different
things, such as hair in front of the skin."""

MIN_CONFIDENCE = 8.0
"""Minimum sum of confidence over MATCH_SIDE squared pixels; below it brightness is not matched."""

MEAN_WEIGHT = np.float32(0.05)
"""Weight of the global mean relative to the local average."""


@dataclass(frozen=True)
class SourceView:
    """Another picture of the head, and the triangles that it supplies.

    Attributes:
        resampler: its pixels, at the size of the animated crop.
        vertices: V x (2 or 3) float64, the extended mesh in it, pixels.
        weight: T + 1 float32 in [0, 1], of the triangles that it supplies.
        gain: 3 float32, factor on red, green and blue.
        confidence: T + 1 float32 in [0, 1], of the triangles; all 0 for the mirror, which is a guess.
    """

    resampler: Resampler
    vertices: NDArray[np.float64]
    weight: NDArray[np.float32]
    gain: NDArray[np.float32]
    confidence: NDArray[np.float32]

    def without(self, triangles: NDArray[np.bool_]) -> SourceView:
        """Return the same view without some triangles.

        Args:
            triangles: vector of T bool, the triangles to remove.
        """
        return replace(self, weight=self.weight * ~np.append(triangles, False))

    def composite(self, image: Frame, validity: Plane, target: CompositeTarget) -> None:
        """Composite this view over the warped photo and raise the validity there, both in place.

        Args:
            image: S x S x 3 uint8 RGB.
            validity: h x w float32, as in `Warped`.
            target: geometry of the frame.
        """
        weight = target.per_pixel(self.weight * target.exposure)
        if not weight.any():
            return
        side, size = target.triangle_map.shape[0], image.shape[0]
        affine = affine_per_triangle(target.vertices, self.vertices, target.triangles)
        flow = flow_from_drawing(target.triangle_map, affine, size / side)
        # Dilate first, so that the soft edge lies outside the exposed area.
        soft = cv2.GaussianBlur(cv2.dilate(weight, np.ones((7, 7), np.uint8)), (0, 0), EDGE_BLUR * side)
        soft = np.asarray(soft * target.on_head, np.float32)
        full = cv2.resize(soft, (size, size), interpolation=cv2.INTER_LINEAR)
        view = np.asarray(
            cv2.multiply(self.resampler.copy(flow), np.append(self.gain.astype(np.float64), 1.0)), np.uint8
        )
        if self.confidence.any():
            shown = target.per_pixel(self.confidence)
            view = _match_brightness(view, image, target.on_head * validity * shown * (1 - soft))
            validity[:] = np.maximum(validity, soft * shown)
        image[:] = cv2.blendLinear(view, image, full, 1 - full)


@dataclass(frozen=True)
class CompositeTarget:
    """Geometry of the target frame onto which source views are composited.

    Attributes:
        triangles: T x 3 int32, of the extended mesh.
        vertices: V x 3 float64, the extended mesh, pixels.
        triangle_map: h x w int16, triangle index of each pixel.
        exposure: T + 1 float32 in [0, 1], blend weight of each triangle, see `exposure_weight`.
        on_head: h x w float32, 1 on the head.
    """

    triangles: NDArray[np.int32]
    vertices: NDArray[np.float64]
    triangle_map: NDArray[np.int16]
    exposure: NDArray[np.float32]
    on_head: Plane

    def per_pixel(self, values: NDArray[np.float32]) -> Plane:
        """Look up values of triangles (T + 1 float32) per pixel, h x w float32."""
        return np.take(values, self.triangle_map, mode="wrap").astype(np.float32)


def exposure_weight(
    target: NDArray[np.float64], photo: NDArray[np.float64], face_triangles: int
) -> NDArray[np.float32]:
    """Return the blend weight of triangles that rotation exposes, T + 1 float32 in [0, 1].

    Args:
        target: T, from `visibility.facing_cosine`, of the target.
        photo: T, the same of the animated photo.
        face_triangles: number of the face's, which come first.
    """
    end = np.where(np.arange(len(target)) < face_triangles, BLEND_END, BLEND_END_AROUND)
    ramp = np.append(np.clip((target - photo - BLEND_START) / (end - BLEND_START), 0, 1), 0.0)
    return np.asarray(ramp, np.float32)


def _match_brightness(view: Frame, photo: Frame, both: Plane) -> Frame:
    """Return a view whose brightness is matched to the photo's where both show the same skin, smooth over the face.

    Args:
        view: S x S x 3 uint8, the warped view.
        photo: S x S x 3 uint8, the warped photo.
        both: h x w float32 in [0, 1], the confidence that both show skin.
    """
    small = (MATCH_SIDE, MATCH_SIDE)
    confidence = cv2.resize(both, small, interpolation=cv2.INTER_AREA)[..., None]
    a, b = (cv2.resize(picture, small, interpolation=cv2.INTER_AREA).astype(np.float32) for picture in (photo, view))
    difference = a - b
    confidence = confidence * np.clip(
        (OTHER_DIFFERENCE - channel_max(np.abs(difference))[..., None]) / (OTHER_DIFFERENCE - SAME_DIFFERENCE), 0, 1
    )
    if confidence.sum() < MIN_CONFIDENCE:
        return view
    # Brightness only: matching colours would tint a cheek with the hue of an ear or a lip.
    brightness = np.stack([picture.mean(axis=2, keepdims=True) * confidence for picture in (a, b)])
    # Far from shared skin, the global mean dominates.
    photo_mean, view_mean = (
        cv2.GaussianBlur(plane, (0, 0), MATCH_SIGMA) + MEAN_WEIGHT * plane.sum() / confidence.sum()
        for plane in brightness[..., 0]
    )
    gain = np.clip(photo_mean / np.maximum(view_mean, 1e-3), MIN_GAIN, MAX_GAIN).astype(np.float32)
    full = cv2.resize(gain, view.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.clip(view * full[..., None], 0, 255), np.uint8)
