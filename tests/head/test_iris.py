"""The outline of an iris is found in the picture; what lids hide of it is completed."""

from __future__ import annotations

import numpy as np
import pytest

from animato.head.iris import MARGIN, Circle, iris_opacity, iris_texture, locate_iris
from animato.types import Frame

HEIGHT, WIDTH, CENTRE, RADIUS = 60, 80, np.array([42.0, 30.0]), 12.0


def distance() -> np.ndarray:
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    return np.hypot(x - CENTRE[0], y - CENTRE[1])


def eye() -> Frame:
    """A brown disc with a pupil and a reflection on white."""
    picture = np.full((HEIGHT, WIDTH, 3), 200, np.uint8)
    picture[distance() < RADIUS] = (90, 60, 40)
    picture[distance() < 0.4 * RADIUS] = 20
    picture[25:28, 40:43] = 250
    return picture


def lids(half: float) -> np.ndarray:
    """An aperture that shows the middle rows, h x w float32."""
    return (np.abs(np.arange(HEIGHT) - 30) < half)[:, None] * np.ones((HEIGHT, WIDTH), np.float32)


@pytest.mark.parametrize(("shift", "scale"), [((2.0, 1.0), 1.0), ((-2.5, 0.0), 0.85), ((0.0, -1.0), 1.15)])
def test_the_outline_is_found_where_the_landmarks_are_off(shift: tuple[float, float], scale: float) -> None:
    found = locate_iris(eye(), lids(10), Circle(CENTRE + shift, RADIUS * scale, False))
    assert found.found
    assert np.abs(found.centre - CENTRE).max() < 1.3
    assert abs(found.radius - RADIUS) < 1.5


def test_a_flat_picture_has_no_outline() -> None:
    flat = np.full((HEIGHT, WIDTH, 3), 120, np.uint8)
    circle = Circle(CENTRE, RADIUS, False)
    found = locate_iris(flat, lids(10), circle)
    assert not found.found and found.radius == RADIUS and (found.centre == CENTRE).all()


def test_closed_lids_show_no_outline() -> None:
    assert not locate_iris(eye(), lids(0), Circle(CENTRE, RADIUS, False)).found


def test_an_iris_is_completed_behind_the_lids_without_its_reflection() -> None:
    visible = (lids(7) > 0).astype(np.uint8)
    made = iris_texture(
        np.where(visible[..., None] > 0, eye(), 150).astype(np.uint8), visible, Circle(CENTRE, RADIUS, True)
    )
    hidden = (visible == 0) & (distance() > 0.55 * RADIUS) & (distance() < 0.9 * RADIUS)
    assert hidden.sum() > 20
    assert np.abs(made[hidden] - (90, 60, 40)).max() < 25
    shown = (lids(5) > 0) & (distance() < RADIUS)
    assert np.abs(made - eye())[shown].mean() < 3


def test_an_iris_is_opaque_up_to_its_margin_and_ends_beyond_it() -> None:
    away = np.array([[0.0, MARGIN, 1.2, 1.4]], np.float32)
    opacity = iris_opacity(away * 10, 10.0)[0]
    assert opacity[0] == opacity[1] == 1 and 0 < opacity[2] < 1 and opacity[3] == 0
