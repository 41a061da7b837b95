"""Occlusions: a part is held from before, eased to rest and blended back; other parts are unaffected."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from motion_material import still

from animato.geometry.landmarks import EYE_LEFT, LIPS_INNER
from animato.motion.dropouts import EASE_SECONDS, HOLD_SECONDS, RESUME_SECONDS, Cut, Missing
from animato.motion.motion_frame import MotionFrame
from animato.motion.occlusions import LOOKAHEAD, Observed, OcclusionFiller
from animato.motion.shots import rebase_motion

RATE = 25
LIPS, LIDS = list(LIPS_INNER), list(EYE_LEFT)
NONE, MOUTH = np.array([False, False, False]), np.array([True, False, False])


def moment(number: int, local: np.ndarray) -> MotionFrame:
    """Everything moves on by a millimetre from frame to frame."""
    frame = still(number / RATE, local)
    return replace(frame, expression=np.full((478, 3), 0.1 * number, np.float32), apertures=np.full(3, 0.01 * number))


def test_an_occluded_mouth_is_held_from_before_and_eased_to_rest(calm_local: np.ndarray) -> None:
    parts = OcclusionFiller(still(local=calm_local))  # type: ignore[arg-type]  # the apertures are all that is read
    first, last = 20, 70
    given: list[Observed] = [
        (moment(number, calm_local), MOUTH if first <= number <= last else NONE) for number in range(100)
    ]
    made = [frame for frame in parts.fill(given) if isinstance(frame, MotionFrame)]
    lips = np.array([frame.expression[LIPS].mean() for frame in made])
    lids = np.array([frame.expression[LIDS].mean() for frame in made])
    assert np.allclose(lids, 0.1 * np.arange(100), atol=1e-4), "the eyes go on"
    held_from = first - round(LOOKAHEAD * RATE)
    assert np.allclose(lips[:held_from], 0.1 * np.arange(held_from), atol=1e-4)
    assert np.allclose(lips[held_from : first + 4], lips[held_from - 1], atol=0.11), "held before it is covered"
    at_rest = held_from + round((HOLD_SECONDS + EASE_SECONDS) * RATE) + 2
    assert np.abs(lips[at_rest : last + 1]).max() < 1e-4, "at rest"
    assert np.diff(lips[last + 1 :]).max() < 3.0, "and blended back without a jump"
    assert np.allclose(
        lips[last + round(RESUME_SECONDS * RATE) + 6 :], lids[last + round(RESUME_SECONDS * RATE) + 6 :], atol=1e-4
    )
    assert made[at_rest].apertures[2] == still(local=calm_local).apertures[2]
    assert made[at_rest].apertures[0] == 0.01 * at_rest
    assert parts.intervals["mouth"] == [(first / RATE, last / RATE)] and not parts.intervals["eyes"]


def test_order_dropouts_and_cuts_are_preserved(calm_local: np.ndarray) -> None:
    parts = OcclusionFiller(still(local=calm_local))  # type: ignore[arg-type]
    given: list[Observed] = [(moment(number, calm_local), NONE) for number in range(6)]
    given[3:3] = [(Missing(0.1), NONE), (Cut(0.12), NONE)]
    made = list(parts.fill(given))
    assert [type(item) for item in made] == [type(item) for item, _ in given]
    assert all(one is other for one, (other, _) in zip(made, given, strict=True)), "without occlusions nothing changes"


def test_a_cut_ends_an_occlusion(calm_local: np.ndarray) -> None:
    parts = OcclusionFiller(still(local=calm_local))  # type: ignore[arg-type]
    given: list[Observed] = [(moment(number, calm_local), MOUTH) for number in range(10)]
    given += [(Cut(10 / RATE), NONE), *((moment(number, calm_local), NONE) for number in range(10, 14))]
    made = [frame for frame in parts.fill(given) if isinstance(frame, MotionFrame)]
    assert made[10].expression[LIPS].mean() > 0.99, "followed from the first frame of the next shot"


def test_a_shot_is_expressed_relative_to_the_first(calm_local: np.ndarray) -> None:
    """Another person, twice as wide a mouth and half as open eyes: the same smile and the same blink."""
    from motion_material import neutral

    first = neutral(calm_local)
    own = replace(first, mouth_width=2 * first.mouth_width, apertures=first.apertures * (0.5, 0.5, 1.0))
    frame = replace(moment(1, calm_local), apertures=np.array([*(0.5 * own.apertures[:2]), 0.3]))
    made = rebase_motion(first, own, frame, absolute=False)
    assert np.allclose(made.expression[LIPS], 0.5 * frame.expression[LIPS])
    assert np.allclose(made.apertures, [*(0.5 * first.apertures[:2]), 0.3])
    assert rebase_motion(first, first, frame, absolute=True) is frame
