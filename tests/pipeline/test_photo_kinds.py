"""Photos that used to come out torn: hair at the edge, drawn mouths."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_pictures import SKIN, cartoon
from main_job import finder

from animato.geometry.landmarks import FOREHEAD, LIPS_INNER, LIPS_OUTER
from animato.head.head import Head
from animato.motion.dropouts import rest_frame
from animato.motion.motion_frame import Neutral
from animato.motion.retarget import Retargeter
from animato.pipeline.compositor import Compositor
from animato.pipeline.factory import make_renderer
from animato.runtime.stage_clock import StageClock
from animato.settings.animate import AnimateSettings
from animato.types import Face, Frame

NEUTRAL = Neutral(np.eye(3), np.array([0.2, 0.2, 0.0]), (3.0, 3.0), 5.0)


def rendered(person: Head, down: float, mouth: float, settings: AnimateSettings) -> Frame:
    """One frame: the head lower by centimetres, the mouth open by mouth widths."""
    from dataclasses import replace

    framing, renderer = make_renderer(person, settings, finder().engine)
    motion = replace(
        rest_frame(NEUTRAL), translation=np.array([0.0, down]), apertures=np.array([0.2, 0.2, mouth]), tracked=True
    )
    view, clock = framing.view, StageClock()
    retarget = Retargeter(view.points, NEUTRAL, settings, view.blendshapes, view.edges)
    layer = renderer.warp(retarget(motion), clock)(clock)
    return Compositor(framing.base, [framing.placement]).compose([layer])


@pytest.mark.parametrize("frame", ["photo", "crop"])
def test_nothing_streaks_above_a_head_cut_by_the_edge_when_it_lowers(
    portrait: Frame, portrait_face: Face, frame: str
) -> None:
    top = int(portrait_face.points[FOREHEAD, 1]) - 20
    tight = np.ascontiguousarray(portrait[top : top + 260, 90:350])
    person = Head.from_photos([tight])
    assert any("cuts the hair at the top" in said for said in person.warnings)
    settings = AnimateSettings(frame=frame, model="geometry")
    lowered = rendered(person, 4.0, 0.0, settings).astype(int)
    band = lowered[: lowered.shape[0] // 20, lowered.shape[1] // 3 : 2 * lowered.shape[1] // 3]
    # A streak is one row drawn out: its rows hardly differ from one another.
    assert np.abs(np.diff(band, axis=0)).mean() > 0.7


def test_a_drawn_face_gets_no_dirt_around_its_mouth() -> None:
    person = Head.from_photos([cartoon()])
    assert any("drawn in flat colours" in said for said in person.warnings)
    framing, _ = make_renderer(person, AnimateSettings(), finder().engine)
    picture = rendered(person, 0.0, 0.25, AnimateSettings()).astype(int)
    lips = person.photo.face.points[list(LIPS_OUTER), :2]
    (left, upper), (right, lower) = lips.min(axis=0), lips.max(axis=0)
    wide = right - left
    cheeks = np.concatenate(
        [
            picture[int(upper) : int(lower), int(left - 0.4 * wide) : int(left - 0.15 * wide)].reshape(-1, 3),
            picture[int(upper) : int(lower), int(right + 0.15 * wide) : int(right + 0.4 * wide)].reshape(-1, 3),
        ]
    )
    assert np.abs(cheeks - SKIN).max() <= 2
    assert framing.base is not None


def test_the_lips_of_a_drawn_face_open_on_their_line_without_teeth() -> None:
    person = Head.from_photos([cartoon()])
    framing, _ = make_renderer(person, AnimateSettings(frame="crop"), finder().engine)
    picture = rendered(person, 0.0, 0.25, AnimateSettings(frame="crop")).astype(int)
    closed = framing.view.points[list(LIPS_INNER), :2]
    x, top = closed[5]  # the middle of the upper lip
    column = picture[int(top) - 20 : int(top) + 60, int(x)]
    inside = np.flatnonzero(np.abs(column - SKIN).max(axis=1) > 100)
    mouth = column[inside[0] : inside[-1] + 1]
    assert len(mouth) > 16
    assert mouth.sum(axis=1).max() < 500, "no teeth and no skin in it"
    for end in (mouth[:4], mouth[-4:]):
        assert (end[:, 0] - end[:, 1] > 70).any(), "half of the line on either lip"
