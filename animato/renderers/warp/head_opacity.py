"""Opacity of a closed head, cell by cell: what of it is seen, and what of that only its back's texture can show."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.landmarks import MESH_POINTS
from animato.geometry.pose import HeadPose
from animato.geometry.smoothstep import smoothstep
from animato.head.closed_topology import COLUMNS, FRONT, OPEN_BELOW, RINGS, SILHOUETTE, closed_topology
from animato.head.person_layers import BARE_NAPE_CM, PersonLayers
from animato.head.side_chart import textured_face
from animato.renderers.warp.hair_edge import ROUGH_CM, HairEdge
from animato.renderers.warp.head_warp import HeadWarp
from animato.types import Plane

INTERIOR_CELLS = 5
"""Rim of the drawn head, in cells of the flow's grid, whose opacity is the photo's; inside, the head is opaque."""

EDGE_CELLS = 1.0
"""Blur of a drawn edge in cells of the flow's grid: its steps would show as teeth."""

CONTOUR_CELLS = 1.5
"""The same of a turned head's outline."""

EDGE_PIXELS = 0.8
"""Blur of a turned head's opacity, pixels of the square: the least that shows no steps."""

FRINGE_TURNED_CM = (0.5, 2.0)
"""How far the silhouette turns, in depth, until the photo's soft edge of hair is no silhouette any more."""

CALM_FRINGE = 2
"""Columns to either side over which the fringe's share is smoothed."""

NOTHING, IS_FACE, IS_SIDE, IS_FRINGE, IS_BACK = range(5)
"""Kinds of triangles: the face's mesh, the rings around it up to the silhouette, and what lies beyond that."""

STRETCHED = (1.5, 3.0)
"""How many times as long as in the photo a pixel is drawn, from where it begins to be a streak to where it is one."""

LEAST_SHARE = 0.02
"""Share of a triangle below which it is not hidden."""

TONGUE = (3.0, 5.0)
"""The same of the skirt, from where it begins to be a tongue to where it is one."""

TONGUE_CELLS = 4.0
"""Blur of its edge, in cells of the flow's grid: triangles of one neck differ much."""

SKIRT_LEFT = 0.4
"""How near the skirt's lower end is from which it is let go where it is drawn out."""

COLLAR_CM = (4.0, 7.0)
"""How far below the head's origin, centimetres, what is seen of its back begins to lie behind the body."""

BARE_END_CM = (4.5, 7.0)
"""How far below the head's origin, centimetres, its back ends where no hair hangs, even beside the body's neck."""

OUTWARDS = 0.35
"""Share of `ROUGH_CM` by which the longest strands reach beyond the outline: on average it stays nearly where it is."""

STEEPER = 3.0
"""How much steeper than its blurred cells the outline of hair is."""

LEAST_BODY = 0.8
"""Opacity of a body up to which it hides nothing of the head."""


class HeadOpacity:
    """Opacity of one photo's closed head in any pose.

    Args:
        layers: of the photo.
        pose: of the photo.
    """

    def __init__(self, layers: PersonLayers, pose: HeadPose) -> None:
        self.layers, self._pose = layers, pose
        self._edge = HairEdge(layers.side)
        topology = closed_topology()
        strip = np.arange(len(topology.triangles)) - topology.face_triangles
        side = (strip >= 0) & (strip < FRONT * 2 * COLUMNS)
        kinds = np.select([topology.fringe, topology.back, side], [IS_FRINGE, IS_BACK, IS_SIDE], IS_FACE)
        self._kinds = np.append(kinds, NOTHING).astype(np.uint8)
        column = (topology.triangles - MESH_POINTS) % COLUMNS
        has_back = np.abs(column - COLUMNS // 2).min(axis=1) > OPEN_BELOW + 1
        # What the texture of the sides holds beside the face, of the rings and of the face itself.
        self._beside = np.append((side & has_back) | textured_face(), False)
        skirt = np.concatenate([np.zeros(MESH_POINTS), layers.shell.soft])
        self._above = np.append(1 - skirt[topology.triangles].max(axis=1), 0.0).astype(np.float32)
        left = np.clip(skirt[topology.triangles].max(axis=1) / SKIRT_LEFT, 0, 1)
        self._skirt = np.append(left, 0.0).astype(np.float32)
        down, bare = layers.shell.local[:, 1], np.tile(layers.shell.hairless, RINGS)
        self._hair = _hair_in_fringe(layers.shell.hairless)
        low, bare_low, end = (smoothstep(down, *span) for span in (COLLAR_CM, BARE_NAPE_CM, BARE_END_CM))
        self._nape, self._above_nape = _of_back(low + bare * (bare_low - low)), 1 - _of_back(end * bare)

    def kind(self, drawn: NDArray[np.int16]) -> NDArray[np.uint8]:
        """Return the kind of what is drawn at each cell (h x w triangle numbers), h x w uint8."""
        return np.asarray(np.take(self._kinds, drawn, mode="wrap"), np.uint8)

    def seen_before(
        self, warp: HeadWarp, body: Plane, box: tuple[slice, slice], longer: NDArray[np.float32]
    ) -> Plane | None:
        """Return how much of the head a body leaves to be seen in a box of its pixels, b x c float32; None for all.

        The back of a neck goes down behind the collar, hair of the back behind the shoulders, and a skirt that is left
        behind, and so drawn out into a tongue, behind the body's neck.

        Args:
            warp: the head.
            body: b x c float32 in [0, 1], opacity of the body there.
            box: rows and columns of the image.
            longer: T + 1 float32, see `drawn_out`.
        """
        tongue = self._skirt * smoothstep(longer, *TONGUE).astype(np.float32)
        covered = [
            cv2.GaussianBlur(np.take(share, warp.drawn, mode="wrap"), (0, 0), cells)
            for share, cells in ((self._nape, EDGE_CELLS), (tongue, TONGUE_CELLS))
            if share.max() > LEAST_SHARE
        ]
        if not covered:
            return None
        behind = cv2.resize(np.asarray(np.maximum.reduce(covered), np.float32), warp.size)[box]
        # Only an opaque body hides: through its soft edge the background would be seen.
        return np.asarray(1 - behind * np.clip((body - LEAST_BODY) / (1 - LEAST_BODY), 0, 1), np.float32)

    def alpha(
        self,
        warp: HeadWarp,
        kind: NDArray[np.uint8],
        x: Plane,
        y: Plane,
        box: tuple[slice, slice],
        pose: HeadPose,
        turn: float,
    ) -> Plane:
        """Return the head's opacity in a box of its picture, b x c float32: the photo's, and all where it is turned.

        Args:
            warp: the head.
            kind: h x w, of what is drawn at each cell.
            x, y: b x c float32, source of each pixel of the box, pixels.
            box: rows and columns of the image.
            pose: of the target.
            turn: how far it is turned from the photo, 0 to 1.
        """
        size = warp.size
        drawn = ((kind == IS_FACE) | (kind == IS_SIDE)).astype(np.float32)
        fringe = kind == IS_FRINGE
        drawn[fringe] = self._fringe_share(warp.vertices, pose, turn)[warp.drawn[fringe]]
        own = cv2.remap(self.layers.head_alpha, x, y, cv2.INTER_LINEAR)
        if turn == 0:
            return np.asarray(own * cv2.resize(drawn, size)[box], np.float32)
        blurred = cv2.resize(cv2.GaussianBlur(drawn, (0, 0), EDGE_CELLS), size)[box]
        # Columns cut a round outline short: what of solid hair the fringe holds does not fade.
        hair = cv2.GaussianBlur(np.take(self._hair, warp.drawn, mode="wrap"), (0, 0), EDGE_CELLS)
        solid = np.clip(10 * own - 9, 0, 1) * np.clip(2 * cv2.resize(hair, size)[box], 0, 1)
        own = own * np.maximum(np.clip(1.5 * blurred - 0.25, 0, 1), solid)
        core = ((kind != NOTHING) & ~fringe).astype(np.uint8)
        kernel = np.ones((INTERIOR_CELLS, INTERIOR_CELLS), np.uint8)
        inside = cv2.GaussianBlur(cv2.erode(core, kernel).astype(np.float32), (0, 0), 1.2)
        back = cv2.GaussianBlur((kind == IS_BACK).astype(np.float32), (0, 0), CONTOUR_CELLS)
        back = np.clip(2 * back, 0, 1)
        # The front ends softly on the neck, as it does in the photo; the nape goes down to the collar.
        above = cv2.GaussianBlur(np.take(self._above, warp.drawn, mode="wrap"), (0, 0), EDGE_CELLS)
        outline = self._outline(warp, kind, core.astype(np.float32), pose)
        # Where no hair hangs, the head ends at the nape: below is the body's neck.
        above_nape = cv2.GaussianBlur(np.take(self._above_nape, warp.drawn, mode="wrap"), (0, 0), EDGE_CELLS)
        covered = _either(np.asarray(inside * above, np.float32), np.asarray(back, np.float32))
        whole = covered * outline * above_nape * np.float32(turn)
        alpha = _either(own, np.asarray(cv2.resize(whole, size)[box], np.float32))
        # A rim that turns away is squeezed into less than a pixel: without a blur its edge has steps.
        blurred = cv2.GaussianBlur(alpha, (0, 0), EDGE_PIXELS)
        return np.asarray(cv2.addWeighted(alpha, 1 - turn, blurred, turn, 0), np.float32)

    def _outline(self, warp: HeadWarp, kind: NDArray[np.uint8], core: Plane, pose: HeadPose) -> Plane:
        """Return the opacity of the head at its outline, h x w float32; that of hair at its back is rough.

        Args:
            warp: the head.
            kind: h x w, of what is drawn at each cell.
            core: h x w float32, 1 where the head is drawn.
            pose: of the target.
        """
        clean = np.clip(1.6 * cv2.GaussianBlur(core, (0, 0), CONTOUR_CELLS) - 0.4, 0, 1)
        cut = self._edge.cut(warp, kind == IS_BACK)
        if cut is None:
            return np.asarray(clean, np.float32)
        # A blurred edge rises by 1 / (blur sqrt(2 pi)) per cell; the deepest cut leaves what lies farther in opaque.
        deepest = (0.5 - 0.5 / STEEPER) / (1 - OUTWARDS)
        blur = ROUGH_CM * pose.scale / (warp.step * np.sqrt(2 * np.pi) * deepest)
        soft = cv2.GaussianBlur(core[cut.cells], (0, 0), max(blur, EDGE_CELLS))
        rough = np.clip(0.5 + STEEPER * (soft - 0.5 - deepest * (cut.depth - OUTWARDS)), 0, 1)
        clean[cut.cells] += cut.share * (rough - clean[cut.cells])
        return np.asarray(clean, np.float32)

    def stretch(self, warp: HeadWarp, kind: NDArray[np.uint8], longer: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return how much the photo's pixels are stretched at each cell of face and neck, h x w float32 in [0, 1].

        Where the texture of the sides stands in, they are not.
        """
        smooth = ((kind == IS_FACE) | (kind == IS_SIDE)) & ~np.take(self._beside, warp.drawn, mode="wrap")
        return np.asarray(np.where(smooth, np.take(_streaked(longer), warp.drawn, mode="wrap"), 0), np.float32)

    def side_share(self, warp: HeadWarp, kind: NDArray[np.uint8], longer: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return how much the texture of sides and back shows at each cell, h x w float32 in [0, 1].

        On the outer part of the face and beside it, it stands in where the photo's pixels are stretched, but for ears;
        beside it also where they are not the head's own.
        """
        shown = (kind == IS_BACK).astype(np.float32)
        beside = np.take(self._beside, warp.drawn, mode="wrap")
        shown[beside] = _streaked(longer)[warp.drawn[beside]]
        side = beside & (kind == IS_SIDE)
        if side.any():
            x, y = (plane[side][None] for plane in warp.flow)
            seen, ear = (
                cv2.remap(plane, x, y, cv2.INTER_LINEAR)[0] for plane in (self.layers.head_seen, self.layers.ear)
            )
            shown[side] = np.maximum(shown[side] * (1 - ear), 1 - np.clip(2 * seen, 0, 1))
        if warp.supplied is not None:
            shown *= 1 - np.take(warp.supplied, warp.drawn, mode="wrap")
        return np.asarray(shown, np.float32)

    def _fringe_share(self, vertices: NDArray[np.float64], pose: HeadPose, turn: float) -> NDArray[np.float32]:
        """Return how much the fringe counts at each triangle (T): less where its rim turns to the camera or away.

        Bare skin has no fringe: the photo's edge of it is that of a head that does not turn.
        """
        shell = self.layers.shell
        rim = np.s_[SILHOUETTE * COLUMNS : (SILHOUETTE + 1) * COLUMNS]
        moved = vertices[MESH_POINTS:][rim, 2] - shell.points[rim, 2] - pose.translation[2] + self._pose.translation[2]
        share = (1 - smoothstep(np.abs(moved) / pose.scale, *FRINGE_TURNED_CM)) * (1 - shell.hairless * turn)
        # Neighbours that differ much would show as a step.
        share = np.mean([np.roll(share, shift) for shift in range(-CALM_FRINGE, CALM_FRINGE + 1)], axis=0)
        share = np.concatenate([np.ones(MESH_POINTS), np.tile(share, RINGS)])
        triangles = closed_topology().triangles
        return np.asarray(share[triangles].min(axis=1), np.float32)


def _hair_in_fringe(hairless: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return how much each triangle of the fringe holds hair, T + 1 float32, by its columns' lack of it (36)."""
    topology = closed_topology()
    hair = np.concatenate([np.ones(MESH_POINTS), np.tile(1 - hairless, RINGS)])[topology.triangles].min(axis=1)
    return np.append(hair * topology.fringe, 0.0).astype(np.float32)


def _either(a: Plane, b: Plane) -> Plane:
    """Return the opacity of two coverings, h x w float32: where both are partial, little is seen between them."""
    return np.asarray(a + b - a * b, np.float32)


def drawn_out(warp: HeadWarp) -> NDArray[np.float32]:
    """Return how many times as long as in the photo pixels are drawn in each triangle, T + 1 float32."""
    affine = np.clip(warp.affine, -1e4, 1e4).astype(np.float64)
    squares = (affine[[0, 1, 3, 4]] ** 2).sum(axis=0)
    det = affine[0] * affine[4] - affine[1] * affine[3]
    least = np.sqrt(np.maximum(squares - np.sqrt(np.maximum(squares**2 - 4 * det**2, 0)), 0) / 2)
    return np.asarray(1 / np.maximum(least, 0.02), np.float32)


def _streaked(longer: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how much of a streak pixels that are so much longer are, float32 in [0, 1]."""
    return np.asarray(smoothstep(longer, *STRETCHED), np.float32)


def _of_back(share: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the largest share of each triangle's ring vertices (N), T + 1 float32: 0 before the back and for none."""
    topology = closed_topology()
    of_all = np.append(np.zeros(MESH_POINTS), share)[topology.triangles].max(axis=1)
    return np.append(of_all * topology.back, 0.0).astype(np.float32)
