"""Render a closed head over body and plate: depth-tested mesh, soft alpha edges, background that stands still."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.landmarks import MESH_POINTS
from animato.geometry.pose import HeadPose, degrees_between
from animato.geometry.raster import affine_per_triangle, flow_from_drawing
from animato.geometry.resample import identity_flow
from animato.geometry.smoothstep import smoothstep
from animato.head.back_texture import HEIGHT, texture_columns
from animato.head.closed_head import BACK, COLUMNS, FRONT, RINGS, SILHOUETTE, closed_topology
from animato.head.person_layers import GRID, PersonLayers, head_height
from animato.types import Frame, Plane

TURN_DEGREES = 6.0
"""Turn away from the photo's pose over which the closed head takes over from the photo's own soft edge."""

INTERIOR_CELLS = 5
"""Rim of the drawn head, in cells of the flow's grid, whose opacity is the photo's; inside, the head is opaque."""


EDGE_CELLS = 1.0
"""Blur of a drawn edge in cells of the flow's grid: its steps would show as teeth."""

FRINGE_TURNED_CM = (0.5, 2.0)
"""How far the silhouette turns, in depth, until the photo's soft edge of hair is no silhouette any more."""

BEYOND_CELLS = 4
"""How far a flow is continued beyond the head, cells of its grid: as far as edges are softened."""

NOTHING, IS_FRONT, IS_FRINGE, IS_BACK = range(4)
"""Kinds of triangles."""

SURROUNDINGS = MESH_POINTS + RINGS * COLUMNS
"""First of the vertices that the body follows (`renderers.warp.shell.ClosedShell`)."""

STILL_PIXELS = 0.05
"""Movement of the body, in pixels, below which it is taken as it is."""


@dataclass(frozen=True)
class HeadWarp:
    """The head of one frame, before it is laid over anything.

    Attributes:
        image: S x S x 3 uint8, its colours along the flow.
        flow: 2 x h x w float32, from the closed mesh, continued beyond its edges (`beyond_edges`).
        drawn: h x w int16, number of the triangle at each place, -1 where there is none.
        vertices: (468 + rings + 108) x 3 float64, of the target, pixels.
    """

    image: Frame
    flow: NDArray[np.float32]
    drawn: NDArray[np.int16]
    vertices: NDArray[np.float64]


class LayeredHead:
    """Composes one photo's layers for any pose.

    Args:
        layers: of the photo.
        image: S x S x 3 uint8, the photo.
        pose: of the photo.
        rest: (468 + rings + 108) x 3 float64, the closed shell's vertices in the photo, pixels.
    """

    def __init__(self, layers: PersonLayers, image: Frame, pose: HeadPose, rest: NDArray[np.float64]) -> None:
        self.layers, self._pose, self._size, self._rest = layers, pose, image.shape[0], rest
        topology = closed_topology()
        kinds = np.select([topology.fringe, topology.back], [IS_FRINGE, IS_BACK], IS_FRONT)
        self._kinds = np.append(kinds, NOTHING).astype(np.uint8)
        self._back_source = _texture_places()
        self._first_row = _first_row(layers.body_alpha)
        self._grid = np.stack(np.meshgrid(*(np.arange(self._size, dtype=np.float32),) * 2))
        opacity = np.rint(layers.body_alpha * 255).astype(np.uint8)
        self._body = np.ascontiguousarray(np.dstack([layers.body, opacity]))
        self._residual: tuple[Frame, Frame] | None = None
        body = layers.body_alpha
        self._still = np.asarray(cv2.blendLinear(layers.body, layers.plate, body, 1 - body), np.uint8)

    def keep_residual(self, image: Frame, rest: Frame) -> None:
        """Remember what the layers lack of the photo at its own pose; it is added there, and fades as the head turns.

        Args:
            image: S x S x 3 uint8, the photo.
            rest: S x S x 3 uint8, the layers composed at the photo's pose.
        """
        rows, columns = (np.flatnonzero((self.layers.head_alpha > 0).any(axis=axis)) for axis in (1, 0))
        box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        lacking = np.zeros(image.shape, np.int16)
        lacking[box] = image[box].astype(np.int16) - rest[box]
        self._residual = np.maximum(lacking, 0).astype(np.uint8), np.maximum(-lacking, 0).astype(np.uint8)
        inside = self._still[box].copy()
        self._still = image.copy()
        self._still[box] = inside

    def compose(self, warp: HeadWarp, pose: HeadPose) -> Frame:
        """Return the warped head over the moved body and the plate, S x S x 3 uint8, a new array.

        Args:
            warp: the head.
            pose: of the target.
        """
        turn = smoothstep(degrees_between(pose, self._pose), 0.0, TURN_DEGREES)
        behind = self._body_over_plate(warp.vertices)
        rows, columns = _box(warp.drawn >= 0, self._size / warp.drawn.shape[0], self._size)
        x, y = (cv2.resize(plane, (self._size, self._size))[rows, columns] for plane in warp.flow)
        kind = np.take(self._kinds, warp.drawn, mode="wrap")
        alpha = self._head_alpha(warp, kind, x, y, (rows, columns), pose, turn)
        back = kind == IS_BACK
        head = self._with_back(warp, back) if back.any() else warp.image
        view = np.ascontiguousarray(behind[rows, columns])
        mixed = cv2.blendLinear(np.ascontiguousarray(head[rows, columns]), view, alpha, 1 - alpha)
        if self._residual is not None and turn < 1:
            more, less = (
                cv2.remap(part, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE) for part in self._residual
            )
            mixed = cv2.addWeighted(mixed, 1.0, more, 1 - turn, 0.0)
            mixed = cv2.addWeighted(mixed, 1.0, less, turn - 1, 0.0)
        behind[rows, columns] = mixed
        return behind

    def _body_over_plate(self, vertices: NDArray[np.float64]) -> Frame:
        """Return the body, moved as the silhouette's columns are, over the plate."""
        layers, size = self.layers, self._size
        shift = (
            (layers.body_follow @ (vertices[SURROUNDINGS:, :2] - self._rest[SURROUNDINGS:, :2]))
            .reshape(GRID, GRID, 2)
            .astype(np.float32)
        )
        if np.abs(shift).max() < STILL_PIXELS:
            return self._still.copy()
        first = max(0, self._first_row - int(np.ceil(np.abs(shift).max())))
        x, y = self._grid[:, first:] - np.stack([cv2.resize(shift[..., a], (size, size))[first:] for a in (0, 1)])
        moved_body = cv2.remap(self._body, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        opacity = moved_body[..., 3].astype(np.float32) * np.float32(1 / 255)
        body = cv2.cvtColor(moved_body, cv2.COLOR_RGBA2RGB)
        behind = layers.plate.copy()
        behind[first:] = cv2.blendLinear(body, behind[first:], opacity, 1 - opacity)
        return behind

    def _fringe_share(self, vertices: NDArray[np.float64], pose: HeadPose) -> NDArray[np.float32]:
        """Return how much the fringe counts at each triangle (T): less where its rim turns to the camera or away."""
        shell = self.layers.shell
        rim = np.s_[SILHOUETTE * COLUMNS : (SILHOUETTE + 1) * COLUMNS]
        moved = vertices[MESH_POINTS:][rim, 2] - shell.points[rim, 2] - pose.translation[2] + self._pose.translation[2]
        share = 1 - smoothstep(np.abs(moved) / pose.scale, *FRINGE_TURNED_CM)
        share = np.concatenate([np.ones(MESH_POINTS), np.tile(share, RINGS)])
        triangles = closed_topology().triangles
        return np.asarray(share[triangles].min(axis=1), np.float32)

    def _head_alpha(
        self,
        warp: HeadWarp,
        kind: NDArray[np.uint8],
        x: Plane,
        y: Plane,
        box: tuple[slice, slice],
        pose: HeadPose,
        turn: float,
    ) -> Plane:
        """Return the head's opacity in a box of the square: the photo's own, and inside a turned head all of it."""
        size = (self._size, self._size)
        drawn = (kind == IS_FRONT).astype(np.float32)
        fringe = kind == IS_FRINGE
        drawn[fringe] = self._fringe_share(warp.vertices, pose)[warp.drawn[fringe]]
        own = cv2.remap(self.layers.head_alpha, x, y, cv2.INTER_LINEAR)
        if turn == 0:
            return np.asarray(own * cv2.resize(drawn, size)[box], np.float32)
        blurred = cv2.resize(cv2.GaussianBlur(drawn, (0, 0), EDGE_CELLS), size)[box]
        own = own * np.clip(1.5 * blurred - 0.25, 0, 1)
        core = ((kind != NOTHING) & ~fringe).astype(np.uint8)
        kernel = np.ones((INTERIOR_CELLS, INTERIOR_CELLS), np.uint8)
        inside = cv2.GaussianBlur(cv2.erode(core, kernel).astype(np.float32), (0, 0), 1.2)
        back = cv2.GaussianBlur((kind == IS_BACK).astype(np.float32), (0, 0), 0.8)
        soft = cv2.GaussianBlur(core.astype(np.float32), (0, 0), EDGE_CELLS)
        above = np.float32(turn) - np.float32(turn) * head_height(pose, self._size, warp.drawn.shape[0])
        whole = np.maximum(inside, back * core) * np.clip(1.6 * soft - 0.4, 0, 1) * above
        return np.asarray(np.maximum(own, cv2.resize(whole, size)[box]), np.float32)

    def _with_back(self, warp: HeadWarp, back: NDArray[np.bool_]) -> Frame:
        """Return the head's colours with the texture of its back where that is seen (h x w bool)."""
        step = self._size / back.shape[0]
        affine = affine_per_triangle(warp.vertices, self._back_source, closed_topology().triangles)
        flow = flow_from_drawing(np.where(back, warp.drawn, -1).astype(np.int16), affine, step)
        rows, columns = np.flatnonzero(back.any(1)), np.flatnonzero(back.any(0))
        cells = np.s_[max(rows[0] - 1, 0) : rows[-1] + 2, max(columns[0] - 1, 0) : columns[-1] + 2]
        top, left = round(cells[0].start * step), round(cells[1].start * step)
        size = tuple(round(part * step) for part in back[cells].shape[::-1])
        index = _nearest_cell(back[cells])  # outside the back its map means nothing
        x, y = (cv2.resize(plane[cells].ravel()[index], size, interpolation=cv2.INTER_LINEAR) for plane in flow)
        texture = cv2.remap(self.layers.back, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        soft = cv2.GaussianBlur(back[cells].astype(np.float32), (0, 0), 1.2)
        mask = cv2.resize(soft, size, interpolation=cv2.INTER_LINEAR)
        result = warp.image.copy()
        view = result[top : top + size[1], left : left + size[0]]
        view[:] = cv2.blendLinear(texture, np.ascontiguousarray(view), mask, 1 - mask)
        return result


def _nearest_cell(there: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return for each cell (h x w) the flat index of the nearest one that is there."""
    _, nearest = cv2.distanceTransformWithLabels(
        (~there).astype(np.uint8), cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL
    )
    index = np.zeros(int(nearest.max()) + 1, np.int64)
    index[nearest[there]] = np.flatnonzero(there)
    return np.asarray(index[nearest])


def _first_row(alpha: Plane) -> int:
    rows = np.flatnonzero(alpha.any(axis=1))
    return int(rows[0]) if len(rows) else len(alpha)


def _box(there: NDArray[np.bool_], step: float, size: int) -> tuple[slice, slice]:
    """Return rows and columns, in pixels, of the cells that are there, with a cell to spare."""
    lines = []
    for axis in (1, 0):
        found = np.flatnonzero(there.any(axis=axis))
        first, last = (found[0], found[-1]) if len(found) else (0, 0)
        lines.append(slice(max(0, int((first - 2) * step)), min(size, int(np.ceil((last + 3) * step)))))
    return lines[0], lines[1]


def _texture_places() -> NDArray[np.float64]:
    """Return where the vertices of the back lie in its texture, V x 2, pixels, from the silhouette inwards."""
    columns = texture_columns()
    places = np.zeros((MESH_POINTS + RINGS * COLUMNS, 2))
    for ring in range(BACK + 1):
        first = MESH_POINTS + (FRONT + 1 + ring) * COLUMNS
        rows = np.full(COLUMNS, ring / BACK * (HEIGHT - 1))
        places[first : first + COLUMNS] = np.column_stack([columns, rows])
    return places


def beyond_edges(flow: NDArray[np.float32], there: NDArray[np.bool_], step: float) -> NDArray[np.float32]:
    """Return a flow continued where the photo's side of the head is not drawn: interpolation at its edge stays on it.

    Args:
        flow: 2 x h x w float32, pixels.
        there: h x w bool, where the photo's side of the head is drawn.
        step: pixels for each cell.
    """
    if there.all() or not there.any():
        return flow
    near = cv2.dilate(there.astype(np.uint8), np.ones((2 * BEYOND_CELLS + 1,) * 2, np.uint8)) > 0
    beyond = np.flatnonzero(near & ~there)
    inside = _nearest_cell(there).ravel()[beyond]
    # Farther out nothing is seen of it: it moves as the head does on average, so no false edge of an occlusion arises.
    identity = identity_flow(there.shape[0], round(step * there.shape[0]))
    moved = (flow - identity)[:, there].mean(axis=1)
    result = np.where(there, flow, identity + moved[:, None, None]).reshape(2, -1)
    away = np.stack(np.divmod(beyond, there.shape[1])) - np.stack(np.divmod(inside, there.shape[1]))
    result[:, beyond] = result[:, inside] + away[::-1].astype(np.float32) * np.float32(step)
    return result.reshape(flow.shape)
