"""The closed head and its body alone: their own colours and their opacity, with nothing of the photo's background."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.pose import HeadPose
from animato.head.edge_matte import EdgeMatte
from animato.head.person_layers import PersonLayers
from animato.renderers.warp.head_warp import Composed, DrawnHead, HeadCover, HeadWarp
from animato.renderers.warp.layered import LayeredHead
from animato.types import Frame, Plane

LEAST = 1e-3
"""Opacity added to the head's share of a pixel: where nothing is seen, its colours count."""


def cut_out_layers(layers: PersonLayers, matte: Plane, edge: EdgeMatte) -> PersonLayers:
    """Return a photo's layers with colours and opacity that suit any background.

    Args:
        layers: of the photo.
        matte: S x S float32 in [0, 1], opacity that they were made with.
        edge: of the person in the photo.
    """
    kept = np.clip(edge.alpha / np.maximum(matte, 1e-3), 0, 1).astype(np.float32)
    # In soft edges the estimated colours: exact unmixing brings the old background back over a new one.
    body = np.where((edge.certain > 0)[..., None], layers.body, edge.image)
    return replace(
        layers,
        head=edge.image,
        head_alpha=layers.head_alpha * kept,
        body=body,
        body_alpha=layers.body_alpha * kept,
    )


class CutOutHead(LayeredHead):
    """Composes the head over its body, over nothing.

    Args:
        layers: of the photo.
        image: S x S x 3 uint8, the photo.
        pose: of the photo.
        edge: of the person in the photo.
    """

    def __init__(self, layers: PersonLayers, image: Frame, pose: HeadPose, edge: EdgeMatte) -> None:
        super().__init__(layers, image, pose)
        self._edge = edge
        self._lacking_alpha: Plane | None = None

    def keep_residual(self, image: Frame, rest: Frame, alpha: NDArray[np.uint8] | None = None) -> None:
        """Remember what the layers lack of the person at the photo's own pose; see `LayeredHead.keep_residual`.

        Args:
            image: S x S x 3 uint8, the photo.
            rest: S x S x 3 uint8, the layers composed at the photo's pose.
            alpha: S x S uint8, their opacity.
        """
        assert alpha is not None
        wanted = np.rint(rest + (image.astype(np.float32) - rest) * self._edge.certain[..., None]).astype(np.uint8)
        super().keep_residual(wanted, rest)
        self._lacking_alpha = np.maximum(self._edge.alpha - alpha.astype(np.float32) / 255, 0)

    def compose(self, warp: HeadWarp, pose: HeadPose) -> Composed:
        """Return the person's colours, also where little of it is seen, and its opacity.

        Args:
            warp: the head.
            pose: of the target.
        """
        image, alpha = self._body.alone(warp.vertices, pose)
        drawn = self._drawn_head(warp, pose, alpha.astype(np.float32) * np.float32(1 / 255))
        behind = alpha[drawn.box].astype(np.float32) * np.float32(1 / 255) * (1 - drawn.alpha)
        share = (drawn.alpha + np.float32(LEAST)) / (drawn.alpha + behind + np.float32(LEAST))
        mixed = cv2.blendLinear(drawn.image, np.ascontiguousarray(image[drawn.box]), share, 1 - share)
        image[drawn.box] = self._with_residual(np.asarray(mixed, np.uint8), drawn)
        alpha[drawn.box] = np.rint(np.clip(self._with_lacking_alpha(drawn.alpha + behind, drawn), 0, 1) * 255)
        return Composed(image, alpha, HeadCover(drawn.box, np.asarray(share, np.float32)))

    def _with_lacking_alpha(self, alpha: Plane, drawn: DrawnHead) -> Plane:
        """Return the opacity with that of hair which no layer holds, as long as the head is near the photo's pose."""
        if self._lacking_alpha is None or drawn.residual <= 0:
            return alpha
        lacking = cv2.remap(self._lacking_alpha, drawn.x, drawn.y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(alpha + np.float32(drawn.residual) * lacking, np.float32)
