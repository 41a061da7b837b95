"""The neutral frame has the person's typical gaze, lids and brows."""

from __future__ import annotations

import numpy as np
import pytest
from motion_material import tracked

from animato.geometry.landmarks import BROW_LEFT, BROW_RIGHT, IRIS_LEFT, IRIS_RIGHT
from animato.motion.aperture_profile import scale_apertures
from animato.motion.motion_frame import neutral_cost
from animato.motion.neutral_frame import neutral_costs


def aside(local: np.ndarray, right: float) -> np.ndarray:
    moved = local.copy()
    moved[[*IRIS_LEFT, *IRIS_RIGHT], 0] += right
    return moved


def frowning(local: np.ndarray, up: float) -> np.ndarray:
    moved = local.copy()
    moved[[*BROW_LEFT, *BROW_RIGHT], 1] -= up
    return moved


@pytest.mark.parametrize(
    "change",
    [
        lambda local: aside(local, 0.5),
        lambda local: aside(local, -0.5),
        lambda local: scale_apertures(local, (0.7, 0.7, 1.0)),
        lambda local: frowning(local, 0.6),
        lambda local: frowning(local, -0.4),
    ],
    ids=["right", "left", "squints", "raises", "frowns"],
)
def test_an_atypical_frame_is_not_chosen_as_neutral(calm_local: np.ndarray, change) -> None:  # type: ignore[no-untyped-def]
    panel = [tracked(calm_local) for _ in range(7)] + [tracked(change(calm_local))]
    costs = neutral_costs(panel)
    assert costs[-1] > costs[:-1].max() + 0.3
    assert neutral_cost(panel[-1]) < neutral_cost(panel[0]) + 0.3, "by itself it is as good"


def test_a_person_who_always_looks_aside_does_so_in_the_neutral_frame(calm_local: np.ndarray) -> None:
    """A person who reads beside the camera: one glance into it as neutral would offset the whole clip."""
    panel = [tracked(aside(calm_local, 0.4)) for _ in range(7)] + [tracked(calm_local)]
    assert int(np.argmin(neutral_costs(panel))) < 7
