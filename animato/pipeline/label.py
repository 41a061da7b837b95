"""The visible label: its place in the output, beside the faces, and its drawing into frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from animato.geometry.landmarks import MESH_POINTS
from animato.media.label_patch import LabelPatch, label_patch
from animato.pipeline.actor import Scene
from animato.settings.label import Corner, LabelSettings, label_corner
from animato.types import Frame

FONT_SHARE = 0.042
"""Size of the font relative to the shorter side: 21 px at 512, and 11 px after halving, which is still readable."""
MIN_FONT = 12
"""Smallest font, pixels."""
EDGE_SHARE = 0.025
"""Distance from the edges relative to the shorter side."""
SIZES = (1.0, 0.8, 0.65)
"""Sizes tried one after another where the faces leave little room."""
FACE_MARGIN = 0.12
"""Margin around a face relative to its longer side, for its motion."""
STEPS = 16
"""Positions tried along each edge if no corner is free."""

Box = tuple[float, float, float, float]
"""Left, top, right, bottom, in pixels from the edge of the frame."""


class Label:
    """A label at a fixed place.

    Args:
        patch: the drawn label.
        left: column of its first pixel.
        top: row of its first pixel.
        corner: in which it lies, or the nearest one.
        warnings: a sentence, if it is not where it was wanted.
    """

    def __init__(self, patch: LabelPatch, left: int, top: int, corner: Corner, warnings: tuple[str, ...] = ()) -> None:
        self.patch, self.corner, self.warnings = patch, corner, warnings
        self.rows, self.columns = slice(top, top + patch.height), slice(left, left + patch.width)
        self._kept, self._kept_over_nothing = 1 - patch.opacity, 1 - patch.coverage
        self._alpha = np.rint(255 * patch.coverage).astype(np.uint8)

    def draw(self, frame: Frame) -> None:
        """Draw the label into a frame, in place.

        Args:
            frame: H x W x 3 uint8 RGB, or H x W x 4 uint8 RGBA, not multiplied, in which the label is opaque.
        """
        part = frame[self.rows, self.columns]
        if frame.shape[2] == 3:
            part[:] = cv2.blendLinear(part, self.patch.colours, self._kept, self.patch.opacity)
            return
        # Over nothing, the plate is opaque: what will lie behind it is not known.
        colours = cv2.cvtColor(part, cv2.COLOR_RGBA2RGB)
        part[..., :3] = cv2.blendLinear(colours, self.patch.colours, self._kept_over_nothing, self.patch.coverage)
        np.maximum(part[..., 3], self._alpha, out=part[..., 3])


def scene_label(scene: Scene, settings: LabelSettings, ground: str | None) -> Label | None:
    """Return the label of a scene, or None if it carries none.

    Args:
        scene: what is rendered.
        settings: of the label.
        ground: basis of consent, or None.
    """
    corner = label_corner(settings, ground)
    if corner is None:
        return None
    return place_label(settings.label_text, corner, scene.compositor.width, scene.compositor.height, face_boxes(scene))


def label_warnings(label: Label | None) -> tuple[str, ...]:
    """Return a sentence about a label that is not where it was wanted."""
    return () if label is None else label.warnings


def face_boxes(scene: Scene) -> list[Box]:
    """Return the boxes of the faces of a scene in the output, with a margin for their motion."""
    boxes = []
    for actor, place in zip(scene.actors, scene.compositor.placements, strict=True):
        points = (actor.view.points[:MESH_POINTS, :2] + 0.5) * (place.side / actor.view.size) + (place.left, place.top)
        (x0, y0), (x1, y1) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
        margin = FACE_MARGIN * max(x1 - x0, y1 - y0)
        boxes.append((x0 - margin, y0 - margin, x1 + margin, y1 + margin))
    return boxes


def place_label(text: str, corner: Corner, width: int, height: int, faces: Sequence[Box]) -> Label:
    """Return a label that covers no face: in the corner wanted, else in another, else along an edge, else smaller.

    If the faces fill the picture, it lies where it covers least of them.

    Args:
        text: of the label.
        corner: wanted.
        width: of the output, pixels.
        height: of the output, pixels.
        faces: boxes that are kept free.
    """
    edge = round(EDGE_SHARE * min(width, height))
    least: tuple[float, Label] | None = None
    for share in SIZES:
        patch = _fitting_patch(text, share * FONT_SHARE * min(width, height), width - 2 * edge)
        room = width - patch.width, height - patch.height
        for left, top in _places(corner, *room, edge):
            left, top = max(0, min(left, room[0])), max(0, min(top, room[1]))
            hidden = sum(_shared_area((left, top, left + patch.width, top + patch.height), face) for face in faces)
            if least is None or hidden < least[0]:
                lies = _corner_of(left, top, *room)
                least = hidden, Label(patch, left, top, lies, _warnings(corner, lies, hidden))
            if not hidden:
                return least[1]
    assert least is not None
    return least[1]


def _warnings(wanted: Corner, corner: Corner, hidden: float) -> tuple[str, ...]:
    if hidden:
        return (f"the face fills the picture, so the label covers a part of it at {corner}; `frame=crop` has room",)
    return () if corner == wanted else (f"the label lies at {corner}, because the face is at {wanted}",)


def _fitting_patch(text: str, size: float, width: int) -> LabelPatch:
    """Draw a label; its font is reduced where a long text would be wider than the picture."""
    patch = label_patch(text, max(MIN_FONT, round(size)))
    if patch.width <= width:
        return patch
    return label_patch(text, max(6, int(max(MIN_FONT, round(size)) * width / patch.width)))


def _places(corner: Corner, right: int, bottom: int, edge: int) -> Iterator[tuple[int, int]]:
    """Yield places from the one wanted to the least: four corners, then along bottom, top, right and left."""
    low, high = (edge, bottom - edge) if corner.startswith("top") else (bottom - edge, edge)
    near, far = (edge, right - edge) if corner.endswith("left") else (right - edge, edge)
    yield from ((near, low), (far, low), (near, high), (far, high))
    shares = [step / STEPS for step in range(1, STEPS)]
    for top in (low, high):
        yield from ((round(near + share * (far - near)), top) for share in shares)
    for left in (near, far):
        yield from ((left, round(low + share * (high - low))) for share in shares)


def _shared_area(a: Box, b: Box) -> float:
    return max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))


def _corner_of(left: int, top: int, right: int, bottom: int) -> Corner:
    """Return the corner nearest to a place; `right` and `bottom` are the largest possible values."""
    if 2 * top < bottom:
        return "top-left" if 2 * left < right else "top-right"
    return "bottom-left" if 2 * left < right else "bottom-right"
