"""Source views: other pictures of a head, sampled where the animated photo hides or foreshortens it.

A far cheek that turns into view is missing in the photo, or squeezed to a few pixels. Another photo taken from that
side shows it; without one, the mirrored other side of the face is used. Both are composited over the warped photo only
as far as a triangle turns towards the camera: at the photo's own pose the photo is right.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.raster import affine_per_triangle, flow_from_drawing
from animato.geometry.resample import Resampler
from animato.types import Frame, Plane

TURNED_FROM, TURNED_TO = 0.06, 0.3
"""How much more squarely than in the photo (difference of cosines) a triangle is seen when it begins to be taken from
a source view, and when it is taken fully."""

SOFT_EDGE = 0.012
"""Blur of a source view's edge, in shares of the picture's side."""

MATCH_SIDE, MATCH_REACH = 64, 8.0
"""Side at which a source view's brightness is compared with the photo's, and radius of the average there, pixels."""

DARKER, LIGHTER = 0.7, 1.4
"""Least and most by which a source view's brightness is multiplied to fit the photo's."""

ALIKE, UNLIKE = 20.0, 60.0
"""Difference, of 255, up to which two pictures count as showing the same there in another light, and from which as
showing something else: hair before the skin, another fold."""

FEWEST = 8.0
"""ApertureGrid, of MATCH_SIDE squared, that must be alike; with fewer the colour of the skin must do."""

FAINT = np.float32(0.05)
"""How much of the mean is mixed in everywhere, in shares of what is compared nearby."""


@dataclass(frozen=True)
class SourceView:
    """Another picture of the head, and what of it is taken.

    Attributes:
        resampler: its pixels, at the size of the animated crop.
        vertices: V x (2 or 3) float64, where the extended mesh lies in it, pixels.
        better: T + 1 float32 in [0, 1], triangles that it shows better than the animated photo.
        gain: 3 float32, factor on its red, green and blue.
        confidence: T + 1 float32 in [0, 1], triangles that it really shows; all 0 where it is a guess.
    """

    resampler: Resampler
    vertices: NDArray[np.float64]
    better: NDArray[np.float32]
    gain: NDArray[np.float32]
    confidence: NDArray[np.float32]

    def without(self, taken: NDArray[np.bool_]) -> SourceView:
        """Return the same view without the triangles that others have.

        Args:
            taken: T bool, a vector with one entry for each triangle.
        """
        return replace(self, better=self.better * ~np.append(taken, False))

    def composite_patch(self, image: Frame, validity: Plane, scene: Scene) -> None:
        """Composite what this view shows better over the warped photo, and raise the validity there, both in place.

        Args:
            image: S x S x 3 uint8 RGB.
            validity: h x w float32, as in `Warped`.
            scene: the target.
        """
        weight = scene.spread(self.better * scene.turned)
        if not weight.any():
            return
        side, size = scene.drawn.shape[0], image.shape[0]
        affine = affine_per_triangle(scene.vertices, self.vertices, scene.triangles)
        flow = flow_from_drawing(scene.drawn, affine, size / side)
        # Grow first, so that the soft edge lies on the side that the photo shows.
        soft = cv2.GaussianBlur(cv2.dilate(weight, np.ones((7, 7), np.uint8)), (0, 0), SOFT_EDGE * side)
        soft = np.asarray(soft * scene.on_head, np.float32)
        full = cv2.resize(soft, (size, size), interpolation=cv2.INTER_LINEAR)
        other = np.asarray(
            cv2.multiply(self.resampler.copy(flow), np.append(self.gain.astype(np.float64), 1.0)), np.uint8
        )
        if self.confidence.any():
            shown = scene.spread(self.confidence)
            other = _in_light_of(other, image, scene.on_head * validity * shown * (1 - soft))
            validity[:] = np.maximum(validity, soft * shown)
        image[:] = cv2.blendLinear(other, image, full, 1 - full)


@dataclass(frozen=True)
class Scene:
    """What compositing source views needs of a target.

    Attributes:
        triangles: T x 3 int32, of the extended mesh.
        vertices: V x 3 float64, the extended mesh, pixels.
        drawn: h x w int16, number of the triangle at each place.
        turned: T + 1 float32 in [0, 1], how far each triangle is turned towards the camera beyond the photo.
        on_head: h x w float32, 1 where the head is.
    """

    triangles: NDArray[np.int32]
    vertices: NDArray[np.float64]
    drawn: NDArray[np.int16]
    turned: NDArray[np.float32]
    on_head: Plane

    def spread(self, values: NDArray[np.float32]) -> Plane:
        """Return values of triangles (T + 1 float32) at each place of the drawing, h x w float32."""
        return np.take(values, self.drawn, mode="wrap").astype(np.float32)


def turned_more(now: NDArray[np.float64], photo: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return how far triangles count as turned into view, T + 1 float32 in [0, 1].

    Args:
        now: T, from `visibility.facing_cosine`, of the target.
        photo: T, the same of the animated photo.
    """
    ramp = np.clip((np.append(now - photo, 0.0) - TURNED_FROM) / (TURNED_TO - TURNED_FROM), 0, 1)
    return np.asarray(ramp, np.float32)


def _in_light_of(other: Frame, image: Frame, both: Plane) -> Frame:
    """Return a view matched to the photo's brightness, from where both show the same skin, smoothly over the face.

    Args:
        other: S x S x 3 uint8, the view's.
        image: S x S x 3 uint8, the photo's.
        both: h x w float32 in [0, 1], the confidence that both show skin.
    """
    small = (MATCH_SIDE, MATCH_SIDE)
    confidence = cv2.resize(both, small, interpolation=cv2.INTER_AREA)[..., None]
    a, b = (cv2.resize(picture, small, interpolation=cv2.INTER_AREA).astype(np.float32) for picture in (image, other))
    apart = a - b
    confidence = confidence * np.clip((UNLIKE - np.abs(apart).max(axis=2, keepdims=True)) / (UNLIKE - ALIKE), 0, 1)
    if confidence.sum() < FEWEST:
        return other
    # Brightness alone: single colours, spread from an ear or a lip over a cheek, would dye it.
    light = np.stack([picture.mean(axis=2, keepdims=True) * confidence for picture in (a, b)])
    # Far from anything that both show, the mean holds.
    photo, view = (
        cv2.GaussianBlur(plane, (0, 0), MATCH_REACH) + FAINT * plane.sum() / confidence.sum() for plane in light[..., 0]
    )
    field = np.clip(photo / np.maximum(view, 1e-3), DARKER, LIGHTER).astype(np.float32)
    full = cv2.resize(field, other.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.clip(other * full[..., None], 0, 255), np.uint8)
