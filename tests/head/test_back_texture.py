"""The back of a head is hair where the head has hair, and goes on as a bare skull where it has none."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.head.back_texture import HEIGHT, HeadKinds, back_texture
from animato.head.closed_topology import COLUMNS

SIDE, MIDDLE, RADIUS = 240, (120.0, 120.0), 90.0
SKIN, GLOSS, BLOND = (150, 105, 90), (250, 215, 205), (180, 160, 120)


def _drawn_head(
    crown: tuple[int, int, int], crown_end: int
) -> tuple[NDArray[np.uint8], HeadKinds, NDArray[np.float32]]:
    """A round head that darkens towards its edge, of one colour above a row (taken for hair) and of skin below."""
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    radius = np.hypot(x - MIDDLE[0], y - MIDDLE[1]) / RADIUS
    head = (radius < 1).astype(np.float32)
    is_hair = (y < crown_end) & (head > 0)
    picture = np.where(is_hair[..., None], crown, SKIN) * (1 - 0.5 * np.clip(radius, 0, 1) ** 4)[..., None]
    hair = is_hair.astype(np.float32)
    return picture.astype(np.uint8), HeadKinds(hair, head - hair, np.zeros_like(head)), head


def _back(crown: tuple[int, int, int], crown_end: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    picture, kinds, head = _drawn_head(crown, crown_end)
    angle = np.linspace(-np.pi / 2, 1.5 * np.pi, COLUMNS, endpoint=False)
    out = np.column_stack([np.cos(angle), np.sin(angle)])
    texture = back_texture(picture, kinds, head, np.array(MIDDLE) + RADIUS * out, -out, np.zeros(COLUMNS))
    edge = picture[np.abs(np.hypot(*(np.mgrid[:SIDE, :SIDE] - 120.0)) - 0.94 * RADIUS) < 2]
    return texture, edge.astype(np.float32)


def test_a_shaven_crown_that_catches_the_light_goes_on_as_dark_as_its_edge() -> None:
    texture, edge = _back(GLOSS, 80)
    row = cv2.blur(texture, (9, 9))[HEIGHT // 8].astype(np.float32)
    assert np.median(row, axis=0).max() < np.percentile(edge, 75, axis=0).max()
    assert np.abs(np.median(row, axis=0) - np.median(edge[edge[:, 0] < 130], axis=0)).max() < 25
    assert texture.std(axis=0).max() < 40  # no patches of the gloss


def test_fair_hair_down_the_sides_is_hair_all_around() -> None:
    texture, _ = _back(BLOND, 150)
    colour = np.median(texture.reshape(-1, 3), axis=0)
    assert np.abs(colour - np.array(BLOND) * 0.9).max() < 30
