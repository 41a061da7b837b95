"""What of a photo is body: a neck beside the near jaw, and nothing of the far cheek of a turned face."""

from __future__ import annotations

import numpy as np
import pytest

from animato.geometry.pose import HeadPose, rotation_exp
from animato.head.parts import Shares
from animato.head.person_layers import _body_opacity

SIDE, SCALE = 240, 8.0


@pytest.mark.parametrize(("yaw", "neck"), [(-30.0, True), (0.0, True), (30.0, False)])
def test_what_is_labelled_face_beside_the_jaw_is_neck_but_on_the_far_side(yaw: float, neck: bool) -> None:
    middle = np.array([SIDE / 2, SIDE / 3, 0.0])
    pose = HeadPose(rotation_exp(np.radians([0.0, yaw, 0.0])), middle, SCALE)
    if not neck:
        assert pose.rotation[2, 0] < 0, "what is left of the middle, where the patch is, lies farther away"
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    low, left = y > middle[1] + 8.5 * SCALE, x < middle[0] - 5 * SCALE
    patch = (low & left & (y < middle[1] + 9.5 * SCALE)).astype(np.float32)
    none = np.zeros((SIDE, SIDE), np.float32)
    shares = Shares(head=patch, face=patch, ear=none, hair=none, skin=none, body=none)
    body = _body_opacity(patch, none, pose, shares)
    assert bool(body[patch > 0].mean() > 0.8) is neck
