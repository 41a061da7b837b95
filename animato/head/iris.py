"""Iris of a photo: its outline, found in the pixels, and its texture, completed behind the lids."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.smoothstep import smoothstep
from animato.types import Frame, Plane

SEARCH_SHIFT, SEARCH_SCALE = (0.3, 0.15), (0.8, 1.3)
"""Largest shift of the landmarks' circle, across and down, in its radii, and range of radii relative to it."""
STEPS = 7
"""Number of shifts along each axis."""
ANGLES = np.radians(np.arange(-50, 51, 10))
"""Directions from the centre towards either side of the iris; lids cover it above and below."""
RADII = np.linspace(0.6, 1.6, 41)
"""Radii at which the mean along the circle is sampled, in the landmarks' radii."""
MIN_DIRECTIONS = 3
"""Directions on either side, of those above, in which the outline must be visible."""
MIN_CONTRAST = 6.0
"""Rise of brightness from the iris to the white, of 255, below which no iris is found."""
MARGIN, END = 1.12, 1.32
"""Radii of the texture, relative to the iris: opaque up to the first, transparent from the second on."""


class Circle(NamedTuple):
    """Outline of an iris.

    Attributes:
        centre: 2 float64, x and y, pixels.
        radius: pixels.
        found: whether the picture has an edge there; otherwise it is that of the landmarks.
    """

    centre: NDArray[np.float64]
    radius: float
    found: bool


def locate_iris(patch: Frame, aperture: Plane, circle: Circle) -> Circle:
    """Return the circle near the landmarks' that has the strongest edge from dark to bright.

    The integro-differential operator of Daugman (1993), restricted to the sides of the iris that the lids leave free.
    An edge at the limit of the search is not that of an iris.

    Args:
        patch: h x w x 3 uint8 RGB, around an eye.
        aperture: h x w float32 in [0, 1], mask of the aperture.
        circle: of the landmarks, pixels of the patch.
    """
    brightness = cv2.GaussianBlur(cv2.cvtColor(patch, cv2.COLOR_RGB2GRAY), (0, 0), max(0.06 * circle.radius, 0.3))
    axes = [np.linspace(-limit, limit, STEPS) * circle.radius for limit in SEARCH_SHIFT]
    shift_limit = SEARCH_SHIFT[0] * circle.radius
    dx, dy = (shift.ravel() for shift in np.meshgrid(*axes))
    angles = np.stack([ANGLES, np.pi - ANGLES])
    steps = RADII[:, None, None] * circle.radius
    offset_x, offset_y = (steps * np.cos(angles)).astype(np.float32), (steps * np.sin(angles)).astype(np.float32)
    x = (circle.centre[0] + dx)[:, None, None, None].astype(np.float32) + offset_x
    y = (circle.centre[1] + dy)[:, None, None, None].astype(np.float32) + offset_y
    flat = len(dx) * len(RADII), 2 * len(ANGLES)
    maps = np.ascontiguousarray(x.reshape(flat)), np.ascontiguousarray(y.reshape(flat))
    grey = cv2.remap(brightness.astype(np.float32), *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    seen = cv2.remap(aperture, *maps, cv2.INTER_LINEAR) > 0.9
    grey, seen = grey.reshape(x.shape), seen.reshape(x.shape)
    # Rise over a fifth of the radius in every direction; the lower quartile of the weaker side, because an iris has
    # white on both sides, all along its outline, and a reflection has not.
    gap = 4
    both = seen[:, gap:] & seen[:, :-gap]
    ordered = np.sort(np.where(both, grey[:, gap:] - grey[:, :-gap], np.inf), axis=3)
    count = both.sum(axis=3)
    quartile = np.take_along_axis(ordered, (count // 4)[..., None].clip(0, len(ANGLES) - 1), axis=3)[..., 0]
    rise = np.where(count >= MIN_DIRECTIONS, quartile, -np.inf).min(axis=2)
    middle = (RADII[gap:] + RADII[:-gap]) / 2
    candidates = np.flatnonzero((middle >= SEARCH_SCALE[0]) & (middle <= SEARCH_SCALE[1]))
    rise[:, np.setdiff1d(np.arange(len(middle)), candidates)] = -np.inf
    best, radius = np.unravel_index(int(rise.argmax()), rise.shape)
    beyond = abs(dx[best]) >= shift_limit - 1e-6 or radius in (candidates[0], candidates[-1])
    if beyond or rise[best, radius] < MIN_CONTRAST:
        return circle._replace(found=False)
    return Circle(circle.centre + np.array([dx[best], dy[best]]), float(middle[radius]) * circle.radius, True)


def iris_opacity(distance: Plane, radius: float) -> Plane:
    """Return the opacity of an iris at distances from its centre (h x w float32, pixels), float32 in [0, 1]."""
    return 1 - smoothstep(distance / np.float32(radius), MARGIN, END)


def iris_texture(patch: Frame, visible: NDArray[np.uint8], circle: Circle) -> NDArray[np.float32]:
    """Return the iris with a margin of the white around it, completed where lids hide it.

    An iris is nearly symmetric about its centre: hidden pixels take the median colour of the visible ones at the same
    distance, which leaves out reflections and lashes.

    Args:
        patch: h x w x 3 uint8 RGB.
        visible: h x w uint8, 1 where the eyeball is visible.
        circle: of the iris, pixels of the patch.

    Returns:
        h x w x 3 float32.
    """
    y, x = np.mgrid[: patch.shape[0], : patch.shape[1]]
    distance = np.hypot(x - circle.centre[0], y - circle.centre[1]) / circle.radius
    bins = np.linspace(0, END, 13)
    medians, radii = [], []
    for low, high in itertools.pairwise(bins):
        ring = patch[(visible > 0) & (distance >= low) & (distance < high)]
        if len(ring) >= 3:
            medians.append(np.median(ring, axis=0))
            radii.append((low + high) / 2)
    if not medians:
        return patch.astype(np.float32)
    profile = np.array(medians)
    completed = np.stack([np.interp(distance, radii, profile[:, channel]) for channel in range(3)], axis=-1)
    shown = cv2.GaussianBlur(visible.astype(np.float32), (0, 0), max(0.06 * circle.radius, 0.5)) * (visible > 0)
    return np.asarray(completed + shown[..., None] * (patch - completed), np.float32)
