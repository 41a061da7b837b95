"""Every control moves what it names and nothing else, within limits, and the same values give the same face."""

from __future__ import annotations

import numpy as np
import pytest

from animato.errors import UsageError
from animato.geometry.apertures import face_apertures, mouth_width
from animato.geometry.landmarks import (
    BROW_LEFT,
    BROW_RIGHT,
    EYE_LEFT,
    EYE_RIGHT,
    IRIS_LEFT,
    IRIS_RIGHT,
    LIPS_INNER,
    LIPS_OUTER,
    MOUTH_CORNERS,
)
from animato.geometry.mesh import head_topology
from animato.geometry.pose import HeadPose
from animato.motion.controls import MOUTH, basis, motion_of, neutral_measures
from animato.motion.retarget import Retargeter
from animato.settings.controls import CONTROLS
from animato.settings.motion import MotionSettings

LIDS = [*EYE_LEFT, *EYE_RIGHT]
IRISES = [*IRIS_LEFT, *IRIS_RIGHT]
BROWS = [*BROW_LEFT, *BROW_RIGHT]
LIPS = [*LIPS_INNER, *LIPS_OUTER]
CM = 0.02
"""Displacement in centimetres below which a point is at rest: a fifth of a millimetre."""


def moved(points: list[int], **values: float) -> float:
    """Largest displacement of points, centimetres."""
    return float(np.linalg.norm(motion_of(values).expression[points], axis=1).max())


def extremes() -> list[tuple[str, float]]:
    return [(c.name, value) for c in CONTROLS for value in {c.low, c.high} - {c.default}]


def test_controls_at_rest_are_the_neutral_face() -> None:
    rest = motion_of({})
    assert not rest.expression.any() and not rest.translation.any()
    assert np.array_equal(rest.rotation, np.eye(3))
    assert np.allclose(rest.apertures, neutral_measures().apertures)
    assert rest.apertures[2] == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize(("name", "sign"), [("yaw", 1), ("pitch", 1), ("roll", 1), ("yaw", -1), ("pitch", -1)])
def test_an_angle_turns_the_head_by_that_angle_about_the_neck(name: str, sign: int) -> None:
    motion = motion_of({name: 12.0 * sign})
    yaw, pitch, roll = HeadPose(motion.rotation, np.zeros(3), 1.0).degrees()
    assert (yaw, pitch, roll) == pytest.approx([12.0 * sign * (axis == name) for axis in ("yaw", "pitch", "roll")])
    assert not motion.expression.any()
    assert 0.5 < np.hypot(*motion.translation) < 2.0


def test_angles_combine_to_a_head_with_those_angles() -> None:
    rotation = motion_of({"yaw": 20, "pitch": -10, "roll": 5}).rotation
    assert HeadPose(rotation, np.zeros(3), 1.0).degrees() == pytest.approx((20, -10, 5))


@pytest.mark.parametrize("name", ["blink", "wink_left", "wink_right"])
def test_a_closed_eye_has_no_aperture_and_the_others_keep_theirs(name: str) -> None:
    closed, rest = motion_of({name: 1.0}), neutral_measures().apertures
    expected = {"blink": (0, 0), "wink_left": (0, rest[1]), "wink_right": (rest[0], 0)}[name]
    assert closed.apertures[:2] == pytest.approx(expected, abs=1e-6)
    assert moved(LIPS, **{name: 1.0}) < CM
    other = {"blink": [], "wink_left": list(EYE_RIGHT), "wink_right": list(EYE_LEFT)}[name]
    assert not other or moved(other, **{name: 1.0}) < CM


@pytest.mark.parametrize("share", [0.1, 0.5, 0.8])
def test_a_share_of_a_blink_closes_the_eyes_of_the_person_by_that_share(share: float) -> None:
    # The fitted mean face stands for the person; pixels are centimetres times twenty.
    points = np.float32(20 * basis().neutral + 300)
    retargeter = Retargeter(points, neutral_measures(), MotionSettings())
    open_eyes, closing = (face_apertures(retargeter(motion_of({"blink": value})).points) for value in (0.0, share))
    assert closing[:2] / open_eyes[:2] == pytest.approx(1 - share, abs=0.06)


def test_blink_and_wink_close_no_more_than_shut() -> None:
    assert motion_of({"blink": 1.0, "wink_left": 1.0}).apertures[:2] == pytest.approx(0.0)


@pytest.mark.parametrize("name", MOUTH)
def test_mouth_controls_leave_eyes_and_brows(name: str) -> None:
    assert moved([*LIDS, *IRISES, *BROWS], **{name: 1.0}) < CM
    assert moved(LIPS, **{name: 1.0}) > 0.1


@pytest.mark.parametrize("value", [-1.0, 1.0])
def test_brows_leave_the_mouth(value: float) -> None:
    assert moved(LIPS, brows=value) < CM
    heights = motion_of({"brows": value}).expression[BROWS, 1]
    assert (heights * value < 0).mean() > 0.8  # y is down


@pytest.mark.parametrize("name", ["smile", "pout", "brows", "gaze_x", "gaze_y", "blink"])
def test_lips_touch_unless_a_control_opens_them(name: str) -> None:
    assert motion_of({name: 1.0}).apertures[2] == pytest.approx(0.0, abs=2e-3)


@pytest.mark.parametrize("name", ["jaw_open", "aa", "ee", "oo"])
def test_sounds_and_jaw_part_the_lips(name: str) -> None:
    assert motion_of({name: 1.0}).apertures[2] > 0.05


def test_a_smile_widens_and_lifts_the_corners_and_a_pout_narrows() -> None:
    width = neutral_measures().mouth_width
    local = basis().neutral
    smile, pout = (motion_of({name: 1.0}).expression for name in ("smile", "pout"))
    assert mouth_width(local + smile) > width + 0.3
    assert (smile[list(MOUTH_CORNERS), 1] < -0.1).all()
    assert mouth_width(local + pout) < width - 0.2


def test_gaze_moves_the_irises_to_the_named_side() -> None:
    assert (motion_of({"gaze_x": 20}).expression[IRISES, 0] > 0.15).all()
    assert (motion_of({"gaze_y": 12}).expression[IRISES, 1] > 0.03).all()
    assert moved(LIPS, gaze_x=20, gaze_y=12) < CM


@pytest.mark.parametrize("name", ["blink", "brows", "jaw_open", "smile", "pout", "aa", "ee", "oo"])
def test_faces_stay_symmetric_unless_asked(name: str) -> None:
    field = motion_of({name: 1.0}).expression[:468]
    mirrored = field[head_topology().partner[:468]] * np.float32([-1, 1, 1])
    assert np.abs(field - mirrored).max() < 0.03


@pytest.mark.parametrize(("name", "value"), extremes())
def test_every_extreme_is_a_finite_face_that_is_made_twice_alike(name: str, value: float) -> None:
    first, second = motion_of({name: value}, 0.5), motion_of({name: value}, 0.5)
    assert np.array_equal(first.expression, second.expression) and first.time == 0.5
    assert np.isfinite(first.expression).all() and np.abs(first.expression).max() < 3.0


def test_all_mouth_controls_together_open_and_widen_no_further_than_one_alone() -> None:
    alone = [motion_of({name: 1.0}) for name in MOUTH]
    together = motion_of(dict.fromkeys(MOUTH, 1.0))
    local = basis().neutral
    gaps = [motion.apertures[2] * mouth_width(local + motion.expression) for motion in [*alone, together]]
    assert gaps[-1] <= max(gaps[:-1]) * 1.02
    widths = [mouth_width(local + motion.expression) for motion in [*alone, together]]
    assert min(widths[:-1]) - 0.02 <= widths[-1] <= max(widths[:-1]) + 0.02


def test_controls_add_up() -> None:
    both = motion_of({"brows": 0.5, "smile": 0.5}).expression
    apart = motion_of({"brows": 0.5}).expression + motion_of({"smile": 0.5}).expression
    assert both == pytest.approx(apart, abs=1e-5)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"smle": 0.5}, "no such control: smle"),
        ({"smile": "wide"}, "smile must be a number"),
        ({"smile": True}, "smile must be a number"),
        ({"smile": 1.5}, "smile must lie between -0.5 and 1, not 1.5"),
        ({"yaw": float("nan")}, "yaw must lie between -30 and 30 degrees, not nan"),
    ],
)
def test_unusable_values_are_refused_with_a_sentence(values: dict[str, object], sentence: str) -> None:
    with pytest.raises(UsageError) as refused:
        motion_of(values)
    assert refused.value.what == sentence


def test_every_control_is_described_and_rests_within_its_range() -> None:
    assert len({control.name for control in CONTROLS}) == len(CONTROLS)
    for control in CONTROLS:
        assert control.low <= control.default <= control.high and 0 < control.step < control.high - control.low
        assert control.label and control.help.endswith(".")
