"""Parts of a head in a photo: skin, hair, ears, neck, clothes, background; and its depth. Read once, by a network."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.affine import chain, invert
from animato.geometry.crop import cut
from animato.geometry.pose import HeadPose
from animato.models.parts.config import PARTS
from animato.models.parts.graphs import parts_graph
from animato.runtime.engine import Engine
from animato.runtime.network import Network
from animato.types import Affine, Frame, Plane
from animato.weights.parts import read_parts as read_weights

SQUARE_CM = 40.0
"""Side of the square that the network sees, canonical centimetres: head, hair, neck and shoulders."""

SQUARE_MIDDLE = np.array([0.0, -1.0, 5.0])
"""Its middle in the head's own frame, canonical centimetres: the middle of the skull, so that turned heads fit, too."""


@dataclass(frozen=True, eq=False)
class HeadParts:
    """What the network says of one photo.

    Attributes:
        probabilities: P x S x S uint8, probability of each part of `models.parts.config.PARTS` in 255ths.
        depth: S x S float16, canonical centimetres behind the middle of the face; of the background it means nothing.
        parts_from_photo: 2 x 3, from pixels of the photo to those of these arrays.
    """

    probabilities: NDArray[np.uint8]
    depth: NDArray[np.float16]
    parts_from_photo: Affine

    @property
    def person(self) -> NDArray[np.float32]:
        """S x S float32 in [0, 1], probability that a pixel belongs to the person."""
        return np.asarray(1 - self.probabilities[0].astype(np.float32) / 255, np.float32)

    def share(self, names: Iterable[str], size: tuple[int, int]) -> Plane:
        """Return how much of the person some parts are, H x W float32 in [0, 1], in the picture's own pixels.

        Args:
            names: of `models.parts.config.PARTS`.
            size: width and height of the picture.
        """
        chosen = self.probabilities[[PARTS.index(name) for name in names]].astype(np.float32).sum(axis=0)
        share = chosen / np.maximum(255 - self.probabilities[0].astype(np.float32), 8.0)
        placed = cv2.warpAffine(
            share, invert(self.parts_from_photo), size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        return np.clip(placed, 0, 1).astype(np.float32)

    def moved(self, view_from_photo: Affine) -> HeadParts:
        """Return the same for a picture that was cut out of the photo.

        Args:
            view_from_photo: 2 x 3, from pixels of the photo to those of the picture.
        """
        return replace(self, parts_from_photo=chain(self.parts_from_photo, invert(view_from_photo)))


@dataclass(frozen=True, eq=False)
class Shares:
    """How much of the person some parts are, each S x S float32 in [0, 1].

    Attributes:
        head: face, hair and ears.
        face: skin of face and scalp.
        ear: skin of the ears.
        hair: hair.
        skin: skin of the neck and below.
        body: neck, clothes and whatever else is below the head.
    """

    head: Plane
    face: Plane
    ear: Plane
    hair: Plane
    skin: Plane
    body: Plane

    @classmethod
    def of(cls, parts: HeadParts, size: int) -> Shares:
        """Return the shares in a square picture, whose pixels the parts' map starts from."""
        square = (size, size)
        return cls(
            parts.share(("face", "hair", "eyes", "mouth_interior", "ear"), square),
            parts.share(("face",), square),
            parts.share(("ear",), square),
            parts.share(("hair",), square),
            parts.share(("body_skin",), square),
            parts.share(("body_skin", "clothes"), square),
        )


def parts_from_photo(pose: HeadPose, side: int, wider: float = 1.0) -> Affine:
    """Return the map from pixels of a photo to those of the square that the network sees.

    Args:
        pose: of the head, pixels of the photo.
        side: of the square, pixels.
        wider: side of the square in units of the network's.
    """
    scale = side / (wider * SQUARE_CM * pose.scale)
    middle = pose.scale * pose.rotation @ SQUARE_MIDDLE + pose.translation
    shift = (side - 1) / 2 - scale * middle[:2]
    return np.array([[scale, 0.0, shift[0]], [0.0, scale, shift[1]]])


def read_parts(image: Frame, pose: HeadPose, engine: Engine, wider: float = 1.0) -> HeadParts:
    """Return the parts of the head in a photo.

    Args:
        image: H x W x 3 uint8 RGB.
        pose: of the head, pixels of the photo.
        engine: runs the network.
        wider: side of the square in units of the one that the network was trained on.

    Raises:
        MissingPartError: the network's weights, or OpenVINO, are not installed.
    """
    network, side = engine.shared("parts network", lambda: _network(engine))
    placed = parts_from_photo(pose, side, wider)
    probabilities, depth = network(cut(image, placed, side)[None])
    rounded = np.clip(np.rint(probabilities[0] * 255), 0, 255).astype(np.uint8)
    return HeadParts(rounded, depth[0, 0].astype(np.float16), placed)


def _network(engine: Engine) -> tuple[Network, int]:
    weights = read_weights()
    return engine.compile(parts_graph(weights)), int(weights.config["side"])
