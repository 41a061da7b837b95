"""Faces of every light look alike to the networks, and their answers come back in the photo's own light."""

from __future__ import annotations

import numpy as np
import pytest
from head_material import Head

from animato.geometry.pose import fit_pose
from animato.head.white_balance import LUMA, MAX_GAIN, MIN_GAIN, SKIN_HUE, light_gain, white_balance_of, white_balanced


@pytest.mark.parametrize("light", [(1.0, 1.0, 1.0), (1.0, 0.75, 0.7), (0.8, 0.95, 0.75), (0.75, 0.8, 1.0)])
def test_skin_has_the_same_hue_in_every_light(calm: Head, light: tuple[float, float, float]) -> None:
    lit = white_balanced(calm.crop, np.array(light, np.float32))
    white_balance = white_balance_of(lit, calm.points, fit_pose(calm.points))
    again = white_balance_of(white_balanced(lit, white_balance), calm.points, fit_pose(calm.points))
    np.testing.assert_allclose(again, 1.0, atol=0.03)


def test_brightness_is_left_alone(calm: Head) -> None:
    white_balance = white_balance_of(calm.crop, calm.points, fit_pose(calm.points))
    x, y = calm.points[[50, 280], :2].mean(axis=0).astype(int)
    before, after = (
        picture[y - 9 : y + 9, x - 9 : x + 9].mean((0, 1))
        for picture in (calm.crop, white_balanced(calm.crop, white_balance))
    )
    assert abs(LUMA @ after / (LUMA @ before) - 1) < 0.05


def test_a_picture_of_the_known_hue_stays_as_it_is(calm: Head) -> None:
    crop = np.broadcast_to(np.rint(100 * SKIN_HUE), calm.crop.shape).astype(np.uint8)
    np.testing.assert_allclose(white_balance_of(crop, calm.points, fit_pose(calm.points)), 1.0, atol=0.01)


def test_the_gain_between_two_lights_is_their_ratio_within_bounds() -> None:
    shown = np.array([[40.0, 80.0, 100.0], [60.0, 20.0, 50.0], [10.0, 90.0, 70.0]])
    np.testing.assert_allclose(light_gain(1.25 * shown, shown), 1.25)
    np.testing.assert_allclose(light_gain(1.25 * shown[0], shown[0]), 1.25)
    np.testing.assert_allclose(light_gain(shown * (0.1, 1.0, 9.0), shown), (MIN_GAIN, 1.0, MAX_GAIN))
