"""Teeth of another photo are used if the animated photo hides its own, matched to its light."""

from __future__ import annotations

import numpy as np
from head_material import Head, head, opened

from animato.head.mouth import relit, visible_area
from animato.renderers.warp.multi_view import select_mouth_source


def inside(of: Head, wide: np.ndarray) -> np.ndarray:
    """Return the colours between the lips of the middle of a wide open mouth."""
    made = of.warper.render(wide, of.warper.pose).image
    lips = wide[[13, 14], :2].mean(axis=0)
    x, upper, lower = int(lips[0]), int(wide[13, 1]) + 1, int(wide[14, 1])
    return made[upper:lower, x - 6 : x + 7].reshape(-1, 3).astype(float)


def test_a_closed_mouth_gets_the_teeth_of_another_photo(calm: Head, smiling: Head) -> None:
    main, lender = head(calm.crop, calm.points), head(smiling.crop, smiling.points)
    wide = main.with_face(opened(main.local, 1.2))
    own = inside(main, wide)
    select_mouth_source([main.warper, lender.warper])
    lent = inside(main, wide)
    wanted = inside(lender, lender.with_face(opened(lender.local, 1.2)))
    assert main.warper.mouth_override is not None and visible_area(main.warper.mouth) == 0
    count = min(len(own), len(lent), len(wanted))
    apart = [np.abs(np.sort(a[:count].mean(axis=1)) - np.sort(wanted[:count].mean(axis=1))).mean() for a in (own, lent)]
    assert apart[1] < 0.7 * apart[0]


def test_a_photo_that_shows_its_own_teeth_keeps_them(calm: Head, smiling: Head) -> None:
    main = head(smiling.crop, smiling.points)
    select_mouth_source([main.warper, head(calm.crop, calm.points).warper])
    assert main.warper.mouth_override is None
    select_mouth_source([main.warper, head(smiling.crop, smiling.points).warper])
    assert main.warper.mouth_override is None, "not for a little more"


def test_the_mouth_source_is_reset_for_other_photos(calm: Head, smiling: Head) -> None:
    main, lender = head(calm.crop, calm.points), head(smiling.crop, smiling.points)
    select_mouth_source([main.warper, lender.warper])
    select_mouth_source([main.warper])
    assert main.warper.mouth_override is None


def test_teeth_of_a_darker_photo_are_matched_in_brightness(calm: Head, smiling: Head) -> None:
    dark = head(np.asarray(smiling.crop * 0.6 + 0.5, np.uint8), smiling.points)
    main = head(calm.crop, calm.points)
    select_mouth_source([main.warper, dark.warper])
    lent = main.warper.mouth_override
    assert lent is not None
    light = [
        float(mouth.texture[mouth.confidence > 0.9].mean()) for mouth in (lent, dark.warper.mouth, smiling.warper.mouth)
    ]
    assert light[1] < 0.7 * light[2]
    assert abs(light[0] - light[2]) < 0.1 * light[2]


def test_another_light_changes_colours_only(smiling: Head) -> None:
    mouth = smiling.warper.mouth
    lit = relit(mouth, np.array([1.2, 1.0, 0.8]))
    assert np.array_equal(lit.confidence, mouth.confidence) and lit.pose is mouth.pose
    assert np.allclose(lit.surfaces.tongue, mouth.surfaces.tongue * [1.2, 1.0, 0.8])
    assert lit.texture.dtype == np.uint8
