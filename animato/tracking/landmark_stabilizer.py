"""Landmark stabilisation: correct landmarks by tracking skin patches of a reference frame (KLT).

The network looks at each frame alone and errs by a third to a half of a pixel at 256, differently in each pose, so a
mole would wander over the face that it drives. Here patches of skin of one frame, the anchor, are searched for in every
other frame, starting where the landmarks expect them (Lucas, Kanade 1981, an image registration of small windows; as in
Bouguet 2000). The differences, weighted by how well a patch was found again and evened out over the face, correct all
landmarks. The correction never adds up over time: each frame is compared with the anchor itself.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.affine import invert, similarity
from animato.geometry.crop import cut, picture_from_frame
from animato.geometry.landmarks import (
    EYE_LEFT,
    EYE_RIGHT,
    IRIS_LEFT,
    IRIS_RIGHT,
    LIPS_INNER,
    MESH_POINTS,
    OVAL,
    POINTS,
    canonical_face,
)
from animato.tracking.patch_matching import PatchSearch
from animato.types import Affine, Face, Frame

SIDE = 160
"""Side, in pixels, of the picture of the face in which skin is searched for."""
ROOM = 1.3
"""Side of that picture in units of the longer side of the mesh's box."""
PATCHES = 140
"""How many places of the skin are searched for."""
WINDOW = 17
"""Side of a patch, pixels."""
GRAIN = 11
"""Brightness is judged against the mean of a square of this side, pixels, so light may change."""
FARTHEST = 3.5
"""A patch found farther than this from where its landmark is, pixels, is another patch."""
LIKENESS = 10.0
"""Mean difference of patches, in levels of the evened picture, at which one counts half."""
EVENING = 0.8
"""Canonical centimetres over which corrections are evened out."""
DOUBT = 0.1
"""Weight of the landmark network's own word, in found patches."""
ODD = 0.5
"""Pixels from its neighbours' correction at which a patch counts half."""

SEARCH = PatchSearch(WINDOW, 10, FARTHEST, LIKENESS, DOUBT, ODD)


@dataclass(frozen=True)
class LandmarkMatch:
    """Where the anchor's patches of skin are in another frame.

    Attributes:
        moved: N x 2 float64, how far each patch lies from its landmark, pixels of the anchor's picture.
        weight: N float64 in [0, 1], how well each patch was found again.
        placed: the anchor's picture from the frame.
    """

    moved: NDArray[np.float64]
    weight: NDArray[np.float64]
    placed: Affine


class LandmarkStabilizer:
    """Holds the landmarks of later frames to the skin of one frame.

    Args:
        frame: H x W x 3 uint8 RGB.
        face: its landmarks.
    """

    def __init__(self, frame: Frame, face: Face) -> None:
        points = face.points[:, :2].astype(np.float64)
        placed = picture_from_frame(points, ROOM, SIDE)
        self._places = points @ placed[:, :2].T + placed[:, 2]
        self._picture = _evened(frame, placed)

    def find(self, frame: Frame, face: Face) -> LandmarkMatch:
        """Search a frame for the anchor's skin.

        Args:
            frame: H x W x 3 uint8 RGB, of the anchor's size.
            face: landmarks as the network found them, pixels of the frame.
        """
        chosen, _ = skin_patches()
        points = face.points[:, :2].astype(np.float64)
        placed = similarity(points[chosen], self._places[chosen])
        now = points[chosen] @ placed[:, :2].T + placed[:, 2]
        moved, weight = SEARCH.find(self._picture, _evened(frame, placed), self._places[chosen], now)
        return LandmarkMatch(moved, weight, placed)

    def correct(self, frame: Frame, face: Face) -> Face:
        """Return the face with its landmarks where the anchor's skin is now; see `corrected`."""
        return corrected(face, self.find(frame, face))


def corrected(face: Face, match: LandmarkMatch) -> Face:
    """Return a face with its landmarks where the anchor's skin is now.

    Where no skin is found again (it turned away, a hand lies over it) the landmarks stay as they are.

    Args:
        face: landmarks as the network found them, pixels of the frame.
        match: of the same face.
    """
    chosen, kernel = skin_patches()
    correction = SEARCH.even_out(kernel, chosen, match.weight, match.moved)
    points = face.points.copy()
    points[:, :2] += correction @ invert(match.placed)[:, :2].T
    return replace(face, points=points)


def _evened(frame: Frame, placed: Affine) -> NDArray[np.uint8]:
    """Return the face in grey, SIDE x SIDE uint8, its contrast made equal everywhere around 128."""
    grey = cv2.cvtColor(cut(frame, placed, SIDE), cv2.COLOR_RGB2GRAY).astype(np.float32)
    grey -= cv2.blur(grey, (GRAIN, GRAIN))
    spread = cv2.sqrt(cv2.blur(grey * grey, (2 * GRAIN + 1, 2 * GRAIN + 1)) + 4.0)
    return np.asarray(cv2.addWeighted(grey / spread, 40.0, grey, 0.0, 128.0, dtype=cv2.CV_8U), np.uint8)


@functools.cache
def skin_patches() -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the landmarks whose surroundings are searched for, and 478 x PATCHES, how near each lies to every point.

    They are spread evenly over the face: no lids and no inner lips, which change when they move, and no outline,
    where the background begins. An iris is where its lids are.
    """
    vertices = canonical_face().vertices
    left_out = {*LIPS_INNER, *EYE_LEFT, *EYE_RIGHT, *OVAL}
    usable = np.array([index for index in range(MESH_POINTS) if index not in left_out])
    chosen = [int(usable[0])]
    distance = np.linalg.norm(vertices[usable] - vertices[chosen[0]], axis=1)
    while len(chosen) < PATCHES:
        chosen.append(int(usable[int(distance.argmax())]))
        distance = np.minimum(distance, np.linalg.norm(vertices[usable] - vertices[chosen[-1]], axis=1))
    places = np.zeros((POINTS, 3))
    places[:MESH_POINTS] = vertices
    for iris, lids in ((IRIS_LEFT, EYE_LEFT), (IRIS_RIGHT, EYE_RIGHT)):
        places[list(iris)] = vertices[list(lids)].mean(axis=0)
    indices = np.array(sorted(chosen))
    apart = np.linalg.norm(places[:, None] - places[indices][None], axis=2)
    return indices, np.exp(-0.5 * (apart / EVENING) ** 2)
