"""Render a closed head over body and plate: depth-tested mesh, soft alpha edges, background that stands still."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.aperture_mask import clear
from animato.geometry.pose import HeadPose, degrees_between
from animato.geometry.raster import affine_per_triangle, flow_from_drawing
from animato.geometry.smoothstep import smoothstep
from animato.head.closed_topology import closed_topology
from animato.head.person_layers import PersonLayers
from animato.head.plate import GROWN_CM
from animato.head.side_chart import texture_places
from animato.renderers.warp.head_opacity import HeadOpacity, drawn_out
from animato.renderers.warp.head_warp import Composed, DrawnHead, HeadCover, HeadWarp, cells_around, nearest_cell
from animato.renderers.warp.moving_body import MovingBody
from animato.types import Frame, Plane

TURN_DEGREES = 6.0
"""Turn away from the photo's pose over which the closed head takes over from the photo's own soft edge."""

RESIDUAL_DEGREES = (3.0, 15.0)
"""Turn over which what the layers lack of the photo fades."""

LOOSE_EDGE = 0.05
"""Share of the person in a pixel of the photo from which on it is next to the person."""

STREAK_CM = 0.15
"""Blur of the head where the photo's pixels are stretched, centimetres."""

RESIDUAL_CELLS = 3.0
"""Width inside the drawn head's edge, in cells of the flow's grid, over which what the layers lack begins to move."""


class LayeredHead:
    """Composes one photo's layers for any pose.

    Args:
        layers: of the photo.
        image: S x S x 3 uint8, the photo.
        pose: of the photo.
    """

    def __init__(self, layers: PersonLayers, image: Frame, pose: HeadPose) -> None:
        self.layers, self._pose, self._size = layers, pose, image.shape[0]
        self._opacity = HeadOpacity(layers, pose)
        self._body = MovingBody(layers, pose, self._size)
        self._side_source = texture_places()
        self._residual: tuple[Frame, Frame] | None = None
        still = self._body.at_rest(layers.plate)
        self._near = self._far = layers.plate, still

    def keep_background(self, image: Frame, rest: Frame, drawn: NDArray[np.bool_]) -> None:
        """Give the plate what the layers lack of the photo where no head is drawn: it stands still.

        What of it is the person, or a loose strand, is left to the residual, which moves with the head. Outside the
        head's box it stays until the head has turned away.

        Args:
            image: S x S x 3 uint8, the photo.
            rest: S x S x 3 uint8, the layers composed at the photo's pose.
            drawn: h x w bool, where the head's mesh is drawn there.
        """
        inside = cv2.distanceTransform(drawn.astype(np.uint8), cv2.DIST_L2, 3) / RESIDUAL_CELLS
        beyond = 1 - cv2.resize(np.clip(inside, 0, 1), (self._size,) * 2)[..., None]
        beyond *= ((self.layers.head_alpha == 0) & (self.layers.body_alpha == 0))[..., None]
        lacking = (image.astype(np.float32) - rest) * beyond
        # Next to the person the photo shows its light and its finest hair: there it gives way to what fills the plate.
        apart = cv2.distanceTransform((self.layers.loose < LOOSE_EDGE).astype(np.uint8), cv2.DIST_L2, 3)
        clean = np.clip(apart / (GROWN_CM * self._pose.scale), 0, 1).astype(np.float32)
        far = lacking * (clean * (1 - self.layers.loose))[..., None]
        lacking[self._box()] = far[self._box()]
        self._near, self._far = self._scene(lacking), self._scene(far)

    def keep_residual(self, image: Frame, rest: Frame, alpha: NDArray[np.uint8] | None = None) -> None:  # noqa: ARG002
        """Remember what the layers lack of the photo at its own pose; it is added there, and fades as the head turns.

        Args:
            image: S x S x 3 uint8, the photo.
            rest: S x S x 3 uint8, the layers composed at the photo's pose.
            alpha: their opacity, as `compose` returns it.
        """
        box = self._box()
        wanted = rest.copy()
        wanted[box] = image[box]
        self._residual = wanted, rest
        (plate, still), far = self._near, self._far
        photo = image.copy()
        photo[box] = still[box]
        self._near = plate, photo
        fades = (far[0] != plate).any(axis=2, keepdims=True)
        self._far = (far[0], np.where(fades, far[1], photo)) if fades.any() else self._near

    def _box(self) -> tuple[slice, slice]:
        """Return rows and columns around the head in the photo."""
        return cells_around(self.layers.head_alpha > 0, 0)

    def compose(self, warp: HeadWarp, pose: HeadPose) -> Composed:
        """Return the warped head over the moved body and the plate.

        Args:
            warp: the head.
            pose: of the target.
        """
        behind, body = self._body.over(*self._behind(pose), warp.vertices, pose)
        drawn = self._drawn_head(warp, pose, body)
        view = np.ascontiguousarray(behind[drawn.box])
        mixed = np.asarray(cv2.blendLinear(drawn.image, view, drawn.alpha, 1 - drawn.alpha), np.uint8)
        behind[drawn.box] = self._with_residual(mixed, drawn)
        return Composed(behind, None, HeadCover(drawn.box, drawn.alpha))

    def _scene(self, lacking: NDArray[np.float32]) -> tuple[Frame, Frame]:
        """Return the plate with what it lacks (S x S x 3 float32), and the same behind the body at rest."""
        plate = np.clip(np.rint(self.layers.plate + lacking), 0, 255).astype(np.uint8)
        return plate, self._body.at_rest(plate)

    def _behind(self, pose: HeadPose) -> tuple[Frame, Frame]:
        """Return the plate, and the same behind the body at rest: loose strands fade as the head turns."""
        share = smoothstep(degrees_between(pose, self._pose), *RESIDUAL_DEGREES)
        if share <= 0 or self._far is self._near:
            return self._near
        if share >= 1:
            return self._far
        plate, still = (
            np.asarray(cv2.addWeighted(near, 1 - share, far, share, 0.0), np.uint8)
            for near, far in zip(self._near, self._far, strict=True)
        )
        return plate, still

    def _drawn_head(self, warp: HeadWarp, pose: HeadPose, body: Plane) -> DrawnHead:
        """Return the head in its own box, over a body of an opacity (S x S float32)."""
        degrees = degrees_between(pose, self._pose)
        warp = warp.around_head()
        box = _in_pixels(cells_around(warp.drawn >= 0, 2), warp.step)
        place = _moved(box, warp.first, warp.step)
        x, y = (cv2.resize(plane, warp.size)[box] for plane in warp.flow)
        kind, longer = self._opacity.kind(warp.drawn), drawn_out(warp)
        alpha = self._opacity.alpha(warp, kind, x, y, box, pose, smoothstep(degrees, 0.0, TURN_DEGREES))
        seen = self._opacity.seen_before(warp, body[place], box, longer)
        if seen is not None:
            alpha = alpha * seen
        head = self._without_streaks(warp, self._opacity.stretch(warp, kind, longer))
        shown = self._opacity.side_share(warp, kind, longer)
        head = self._with_sides(warp, head, shown) if shown.any() else head
        residual = 1 - smoothstep(degrees, *RESIDUAL_DEGREES)
        return DrawnHead(place, np.ascontiguousarray(head[box]), alpha, x, y, residual, warp.apertures)

    def _with_residual(self, image: Frame, drawn: DrawnHead) -> Frame:
        if self._residual is None or drawn.residual <= 0:
            return image
        wanted, rest = (
            np.asarray(cv2.remap(part, drawn.x, drawn.y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8)
            for part in self._residual
        )
        more, less = (np.asarray(cv2.subtract(*pair), np.uint8) for pair in ((wanted, rest), (rest, wanted)))
        rows, columns = drawn.box
        for window, mask in drawn.apertures:  # what the lips' line lacks would be stretched over the open mouth
            for part in (more, less):
                clear(part, (columns.start, rows.start), window, mask)
        # No further than the photo's own colour: where other layers are seen than there, the difference means nothing.
        brighter = cv2.addWeighted(image, 1.0, more, drawn.residual, 0.0)
        brighter = cv2.min(brighter, cv2.max(image, wanted))
        darker = cv2.addWeighted(brighter, 1.0, less, -drawn.residual, 0.0)
        return np.asarray(cv2.max(darker, cv2.min(brighter, wanted)), np.uint8)

    def _without_streaks(self, warp: HeadWarp, stretch: NDArray[np.float32]) -> Frame:
        """Return the head's colours, h x w x 3 uint8, smooth across where the photo's pixels are stretched.

        A pixel drawn out in one direction is a streak as long as its neighbours are sharp in the other.

        Args:
            warp: the head.
            stretch: h x w float32 in [0, 1].
        """
        there = stretch > 0
        if not there.any():
            return warp.image
        box = _in_pixels(cells_around(there, 0), warp.step)
        result = warp.image.copy()
        view = np.ascontiguousarray(result[box])
        soft = cv2.GaussianBlur(view, (0, 0), STREAK_CM * self._pose.scale)
        share = cv2.resize(cv2.GaussianBlur(stretch, (0, 0), 2.0), warp.size)[box]
        result[box] = cv2.blendLinear(soft, view, share, 1 - share)
        return result

    def _with_sides(self, warp: HeadWarp, image: Frame, shown: NDArray[np.float32]) -> Frame:
        """Return the head's colours with the texture of sides and back where that is seen (h x w float32 in [0, 1])."""
        affine = affine_per_triangle(warp.vertices, self._side_source, closed_topology().triangles)
        cells = cells_around(shown > 0, 1)
        first = warp.first[0] + cells[0].start, warp.first[1] + cells[1].start
        flow = flow_from_drawing(warp.drawn[cells], affine, warp.step, first)
        rows, columns = box = _in_pixels(cells, warp.step)
        size = columns.stop - columns.start, rows.stop - rows.start
        index = nearest_cell(shown[cells] > 0)  # elsewhere its map means nothing
        x, y = (cv2.resize(plane.ravel()[index], size, interpolation=cv2.INTER_LINEAR) for plane in flow)
        texture = cv2.remap(self.layers.side, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        soft = cv2.GaussianBlur(shown[cells], (0, 0), 1.2)
        mask = cv2.resize(soft, size, interpolation=cv2.INTER_LINEAR)
        result = image.copy()
        view = result[box]
        view[:] = cv2.blendLinear(texture, np.ascontiguousarray(view), mask, 1 - mask)
        return result


def _in_pixels(cells: tuple[slice, slice], step: float) -> tuple[slice, slice]:
    rows, columns = (slice(round(line.start * step), round(line.stop * step)) for line in cells)
    return rows, columns


def _moved(box: tuple[slice, slice], first: tuple[int, int], step: float) -> tuple[slice, slice]:
    """Return a box of a part of the square, pixels, as a box of the square; `first` is the part's first cell."""
    rows, columns = (
        slice(line.start + round(cell * step), line.stop + round(cell * step))
        for line, cell in zip(box, first, strict=True)
    )
    return rows, columns
