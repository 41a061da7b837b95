"""Detect occluded parts of a driver's face: by a hand, a cup, a microphone, or the edge of the picture.

Two signs must agree, because each alone has harmless causes. The coarse pattern of light and dark over a part (its
normalised correlation with the same part a moment ago and in the neutral frame) also changes when a lamp does; fine
skin texture (how well patches of the neutral frame are found again, `tracking.landmark_stabilizer`) also changes
with noise and turning, so it counts only where it has been found until then.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.affine import similarity
from animato.geometry.crop import cut, picture_from_frame
from animato.geometry.landmarks import EYE_LEFT, EYE_RIGHT, LIPS_INNER, LIPS_OUTER, MESH_POINTS, OVAL, canonical_face
from animato.geometry.region_weights import PARTS, part_weights
from animato.geometry.visibility import facing_ratio
from animato.tracking.landmark_stabilizer import LandmarkMatch, skin_patches
from animato.types import Affine, Face, Frame

SIDE = 128
"""Side, in pixels, of the picture of the face in which parts are compared."""
ROOM = 1.3
"""Side of that picture in units of the longer side of the mesh's box."""
BLUR = 2.0
"""Sigma of the blur, pixels: coarse structure only, so noise and pores do not count."""
FLOOR = 10.0
"""Added to brightness, of 255, before its logarithm is taken."""
FACING = (0.3, 0.6)
"""Cosine of the tilt to the camera from which skin begins to count, and from which it counts fully."""
FEWEST = 0.25
"""Share of a region's skin that must face the camera before anything is said of it."""
TEXTURED = 0.45
"""Usual mean weight of a region's patches from which losing them says anything."""
LOST, FOUND = 0.3, 0.5
"""Share of that usual weight below which texture counts as lost, and above which as found again."""
HIDES, SHOWS = 0.75, 0.8
"""Correlation below which a region without its texture is hidden, and above which it is seen again."""
MEMORY = 0.7
"""Seconds over which a region's usual appearance follows what is seen; nothing counts as hidden before that time."""
STRANGE, WORSE, KEPT = 0.55, 0.75, 0.85
"""Correlation below which a region is hidden with its texture only worse than the second share of the usual, as a small
thing before the lips leaves it; and share below which a hidden region stays so."""
FRESH = 0.6
"""Most that the first frame's texture counts as usual: it may be the neutral frame, which shows all of its own."""
AROUND_LIPS = 2.5
"""Canonical centimetres from the lips within which skin belongs to the mouth: a microphone leaves cheeks free."""
OUTSIDE = 0.3
"""Share of a region's outline outside the picture from which it is hidden."""


class OcclusionDetector:
    """Compares each frame of a driver with its neutral frame, region by region.

    Args:
        frame: H x W x 3 uint8 RGB, the neutral frame.
        face: its landmarks.
    """

    def __init__(self, frame: Frame, face: Face) -> None:
        self._placed = picture_from_frame(face.points, ROOM, SIDE)
        points = face.points[:, :2].astype(np.float64)
        self._places = points @ self._placed[:, :2].T + self._placed[:, 2]
        self._facing = facing_ratio(face.points)
        self._neutral = _pattern(frame, self._placed, self._places)
        self.reset()

    def reset(self) -> None:
        """Forget all frames but the neutral one."""
        self._states = [_State(self._neutral) for _ in _regions()]
        self._time: float | None = None
        self._known = 0.0

    def hidden(self, frame: Frame, face: Face, match: LandmarkMatch, time: float) -> NDArray[np.bool_]:
        """Return which of `geometry.region_weights.PARTS` (mouth, eyes, brows) are hidden.

        Args:
            frame: H x W x 3 uint8 RGB.
            face: its landmarks.
            match: of the same frame with the neutral one's skin.
            time: seconds; grows from call to call.
        """
        points = face.points[:, :2].astype(np.float64)
        placed = similarity(points[:MESH_POINTS], self._places[:MESH_POINTS])
        pattern = _pattern(frame, placed, points @ placed[:, :2].T + placed[:, 2])
        facing = np.minimum(facing_ratio(face.points), self._facing)
        seen = np.clip((facing - FACING[0]) / (FACING[1] - FACING[0]), 0, 1)
        step = 0.0 if self._time is None else time - self._time
        self._time, self._known, share = time, self._known + step, 1.0 - float(np.exp(-step / MEMORY))
        looks = [self._look(region, state, pattern, seen, match) for region, state in zip(*self._pairs(), strict=True)]
        parts = np.zeros(len(PARTS), bool)
        for number, (region, state) in enumerate(zip(*self._pairs(), strict=True)):
            others = max(look.texture for other, look in enumerate(looks) if other != number)
            state.update(looks[number], pattern, others, share, self._known >= MEMORY)
            parts |= region.parts & (state.hidden or outside(face, frame, region.outline) > OUTSIDE)
        return parts

    def _pairs(self) -> tuple[tuple[_Region, ...], list[_State]]:
        return _regions(), self._states

    def _look(
        self,
        region: _Region,
        state: _State,
        pattern: NDArray[np.float64],
        seen: NDArray[np.float64],
        match: LandmarkMatch,
    ) -> _Look:
        weight = seen * region.vertices
        if weight.sum() < FEWEST * region.vertices.sum():
            return _Look(False, 1.0, 0.0, 0.0)
        alike = max(_correlation(pattern, before, weight) for before in (self._neutral, state.recent))
        patches = weight[skin_patches()[0]]
        found = float(match.weight @ patches / max(patches.sum(), 1e-6))
        return _Look(True, alike, found, found / max(state.usual or found, 1e-6))


@dataclass(frozen=True)
class _Look:
    """One region in one frame.

    Attributes:
        faces: whether enough of it faces the camera.
        alike: correlation with what it looked like before.
        found: mean weight of its patches.
        texture: the same over what is usual.
    """

    faces: bool
    alike: float
    found: float
    texture: float


class _State:
    """What is known of one region so far: its usual appearance and texture, and whether it is hidden."""

    def __init__(self, neutral: NDArray[np.float64]) -> None:
        self.recent = neutral
        self.usual: float | None = None
        self.hidden = False

    def update(self, look: _Look, pattern: NDArray[np.float64], others: float, share: float, known: bool) -> None:
        """Take in a frame.

        Args:
            look: the region in it.
            pattern: of the frame.
            others: the best texture of the other regions, over what is usual.
            share: by how much the usual follows.
            known: whether enough frames were seen to say anything.
        """
        if not look.faces:
            return
        usual = min(look.found, FRESH) if self.usual is None else self.usual
        changed = look.alike < (SHOWS if self.hidden else HIDES)
        strange = look.alike < STRANGE and look.texture < WORSE
        lost = usual >= TEXTURED and (look.texture < (KEPT if self.hidden else LOST) or strange)
        # Light and turning take the texture of all regions, a hand that of some.
        alone = self.hidden or others > LOST
        self.hidden = known and changed and lost and alone
        if not self.hidden and (not known or (look.alike > SHOWS and look.texture > LOST) or look.texture > FOUND):
            self.recent = self.recent + share * (pattern - self.recent)
            self.usual = usual + share * (look.found - usual)


class _Region:
    """A part of the face that something may lie over.

    Attributes:
        vertices: 468 float64, 1 for those whose skin is compared.
        outline: landmarks that must lie in the picture.
        parts: 3 bool, which parts of the movement are hidden with it.
    """

    def __init__(self, vertices: NDArray[np.bool_], outline: tuple[int, ...], parts: tuple[str, ...]) -> None:
        self.vertices = vertices.astype(np.float64)
        self.outline = np.array(outline)
        self.parts = np.array([part in parts for part in PARTS])


@functools.cache
def _regions() -> tuple[_Region, ...]:
    """Return the surroundings of the lips, left eye with its brow, and right eye with its brow."""
    x = canonical_face().vertices[:, 0]
    skin = np.ones(MESH_POINTS, bool)
    skin[[*LIPS_INNER, *OVAL, *EYE_LEFT, *EYE_RIGHT]] = False
    vertices = canonical_face().vertices
    lower = part_weights()[:, :MESH_POINTS].argmax(axis=0) == PARTS.index("mouth")
    to_lips = np.linalg.norm(vertices[:, None] - vertices[list(LIPS_OUTER)][None], axis=2).min(axis=1)
    upper = ~lower
    lower &= to_lips < AROUND_LIPS
    return (
        _Region(skin & lower, LIPS_OUTER, ("mouth",)),
        _Region(skin & upper & (x < 0), EYE_LEFT, ("eyes", "brows")),
        _Region(skin & upper & (x > 0), EYE_RIGHT, ("eyes", "brows")),
    )


def face_pattern(frame: Frame, face: Face) -> NDArray[np.float64]:
    """Return the logarithm of the coarse brightness at each of the 468 vertices of a face, 468 float64.

    Args:
        frame: H x W x 3 uint8 RGB.
        face: its landmarks.
    """
    placed = picture_from_frame(face.points, ROOM, SIDE)
    return _pattern(frame, placed, face.points[:, :2].astype(np.float64) @ placed[:, :2].T + placed[:, 2])


def odd_ones(patterns: Sequence[NDArray[np.float64]]) -> NDArray[np.bool_]:
    """Return which of several frames of one face show a region as most others do not: something may lie over it.

    Args:
        patterns: of `face_pattern`.
    """
    usual = np.median(np.stack(patterns), axis=0)
    alike = [[_correlation(one, usual, region.vertices) for region in _regions()] for one in patterns]
    return np.asarray(np.min(alike, axis=1) < HIDES)


def _pattern(frame: Frame, placed: Affine, places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the logarithm of the coarse brightness at each of the 468 vertices, `places` in the cut picture."""
    grey = cv2.GaussianBlur(cv2.cvtColor(cut(frame, placed, SIDE), cv2.COLOR_RGB2GRAY), (0, 0), BLUR)
    xy = places[:MESH_POINTS].astype(np.float32)
    read = cv2.remap(grey, xy[:, 0], xy[:, 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.log(read.reshape(-1).astype(np.float64) + FLOOR)


def _correlation(a: NDArray[np.float64], b: NDArray[np.float64], weight: NDArray[np.float64]) -> float:
    """Return the weighted normalised correlation of two patterns (N each), in [-1, 1]."""
    weight = weight / max(float(weight.sum()), 1e-9)
    a, b = a - weight @ a, b - weight @ b
    return float(weight @ (a * b) / max(float(np.sqrt((weight @ (a * a)) * (weight @ (b * b)))), 1e-9))


def outside(face: Face, frame: Frame, outline: NDArray[np.int64]) -> float:
    """Return the share of some landmarks (indices) that lie outside the picture (H x W x 3 uint8 RGB)."""
    height, width = frame.shape[:2]
    xy = face.points[outline, :2]
    return float(((xy < 0) | (xy > (width - 1, height - 1))).any(axis=1).mean())
