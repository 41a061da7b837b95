"""Colours along the silhouette of a head, which its back goes on with."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.channels import channel_sum
from animato.head.closed_topology import COLUMNS
from animato.types import Plane

USUAL_LEVELS = 60.0
"""Difference from the median of all hair, levels of 255, at which a colour counts half."""

EDGE_PIXELS = 13
"""Width of the edge of hair whose colours are hardly used."""

HAIR_REACH, SKIN_REACH = (0.02, 0.16), (0.01, 0.06)
"""How far inside the silhouette, in units of the head's size, the colours of hair and of skin are taken. Skin is
opaque and darkens towards the edge, where its back goes on."""

SKIN_EDGE = 5
"""Width of the edge of skin whose colours are hardly used, pixels."""


class HeadKinds(NamedTuple):
    """Opacity of what a head consists of, each H x W float32 in [0, 1].

    Attributes:
        hair: hair.
        dense: hair through which nothing is seen.
        face: skin of face and scalp.
        neck: skin of the neck.
    """

    hair: Plane
    dense: Plane
    face: Plane
    neck: Plane


def rim_colours(
    picture: NDArray[np.float32],
    mask: Plane,
    rim: NDArray[np.float64],
    inwards: NDArray[np.float64],
    reach: tuple[float, float] = HAIR_REACH,
    edge: int = EDGE_PIXELS,
    *,
    skin: bool = False,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the colour of a head along its silhouette, 36 x 3 float32: the mean of what the mask holds there.

    The second result is how much of the silhouette the mask holds at each column, 36 float32 in [0, 1].

    Args:
        picture: H x W x 3 float32, colours of the person, 0 to 255.
        mask: H x W float32 in [0, 1], opacity of the hair, or of the skin.
        rim: 36 x 2, the silhouette, pixels.
        inwards: 36 x 2, unit vectors from there to the face.
        reach: how far inside colours are taken, in units of the head's size.
        edge: width of the mask's edge whose colours are hardly used, pixels.
        skin: whether the mask is one of opaque skin, of which only shine is unusual.
    """
    height, width = mask.shape
    steps = np.linspace(*reach, 16) * np.ptp(rim, axis=0).max()
    xy = rim[:, None] + inwards[:, None] * steps[None, :, None]
    column, row = np.clip(np.rint(xy), 0, (width - 1, height - 1)).astype(int).transpose(2, 0, 1)
    # The edge of hair shows what is behind it, so what lies deeper counts where there is any.
    deep = cv2.erode((mask > 0.9).astype(np.uint8), np.ones((edge, edge), np.uint8))
    weight = (mask[row, column] > 0.9) * (0.02 + deep[row, column].astype(np.float32))
    everywhere = picture[(deep if deep.any() else mask) > 0.9]
    overall = np.median(everywhere, axis=0) if len(everywhere) else np.full(3, 60.0)
    # Neither a shine nor a wall seen between strands is what hair goes on with.
    difference = picture[row, column] - overall
    # A shaven temple is darker than the skin around; its stubble goes on behind it.
    usual = skin & (channel_sum(difference) < 0)
    apart = np.where(usual, 0, np.sqrt(channel_sum(difference**2)) / USUAL_LEVELS)
    weight = weight / (1 + apart**4)
    total = weight.sum(1)
    mean = (picture[row, column] * weight[..., None]).sum(1) / np.maximum(total, 1e-3)[:, None]
    # Columns without any take their neighbours' colours, and all are smoothed around the head.
    apart = np.abs(np.arange(COLUMNS)[:, None] - np.arange(COLUMNS)[None])
    near = np.exp(-0.5 * (np.minimum(apart, COLUMNS - apart) / 2.0) ** 2) * total[None]
    doubt = 0.5
    colour = (near @ mean + doubt * overall) / (near.sum(1, keepdims=True) + doubt)
    return np.asarray(colour, np.float32), np.asarray((mask[row, column] > 0.9).mean(axis=1), np.float32)
