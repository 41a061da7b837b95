from __future__ import annotations

import numpy as np
import pytest

from animato.evaluation.regions import Regions, filled, labelled_region
from animato.geometry.landmarks import LIPS_INNER
from animato.models.parts.config import PARTS

from .conftest import drawn_points


def polygon(corners: list[tuple[float, float]]) -> np.ndarray:
    return np.array(corners, np.float32)


def test_a_rectangle_holds_exactly_the_centres_inside_it() -> None:
    mask = filled(polygon([(9.5, 19.5), (30.2, 19.5), (30.2, 40.9), (9.5, 40.9)]), [range(4)], 64)
    assert mask is not None
    wanted = np.zeros((64, 64), bool)
    wanted[20:41, 10:31] = True
    np.testing.assert_array_equal(mask, wanted)


def test_any_polygon_agrees_with_counting_crossings_pixel_by_pixel() -> None:
    corners = polygon([(5.3, 8.1), (50.7, 3.9), (41.2, 30.6), (58.8, 60.2), (20.4, 44.4)])
    mask = filled(corners, [range(5)], 64)
    assert mask is not None
    for y in range(0, 64, 3):
        for x in range(0, 64, 3):
            inside = False
            for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
                if (y0 > y) != (y1 > y) and x < x0 + (y - y0) * (x1 - x0) / (y1 - y0):
                    inside = not inside
            assert mask[y, x] == inside, (x, y)


def test_a_loop_that_leaves_the_picture_is_cut_at_its_edge() -> None:
    mask = filled(polygon([(-20, -20), (30, -20), (30, 30), (-20, 30)]), [range(4)], 64)
    assert mask is not None and mask[:30, :30].all() and not mask[31:].any() and not mask[:, 31:].any()


def test_closed_lips_have_no_inside() -> None:
    points = drawn_points()
    points[list(LIPS_INNER), 1] = points[13, 1]
    regions = Regions.of(points, 256)
    assert regions.mouth is None and regions.face is not None and regions.eyes is not None


def test_mouth_and_eyes_lie_inside_the_face() -> None:
    points = drawn_points()
    points[list(LIPS_INNER), 1] += np.where(np.arange(20) < 10, -6, 6)
    regions = Regions.of(points, 256)
    assert regions.face is not None and regions.mouth is not None and regions.eyes is not None
    assert regions.face[regions.mouth].all() and regions.face[regions.eyes].all()
    assert not (regions.mouth & regions.eyes).any()


@pytest.mark.parametrize("size", [128, 512])
def test_the_smallest_region_scales_with_the_crop(size: int) -> None:
    scale = size / 256
    enough = polygon([(10, 10), (10 + 6 * scale, 10), (10 + 6 * scale, 10 + 6 * scale), (10, 10 + 6 * scale)]) - 0.25
    few = polygon([(10, 10), (10 + 2 * scale, 10), (10 + 2 * scale, 10 + 2 * scale), (10, 10 + 2 * scale)]) - 0.25
    assert filled(enough, [range(4)], size) is not None
    assert filled(few, [range(4)], size) is None


def test_regions_by_labels_are_the_labelled_pixels_or_nothing_where_they_are_few() -> None:
    labels = np.zeros((256, 256), np.uint8)
    labels[40:120, 60:200] = PARTS.index("hair")
    labels[120:200, 80:180] = PARTS.index("face")
    labels[140:150, 90:110] = PARTS.index("eyes")
    labels[200:210, 100:110] = PARTS.index("body_skin")
    head, hair, background = (labelled_region(labels, name) for name in ("head", "hair", "background"))
    assert head is not None and hair is not None and background is not None
    assert head.sum() == 80 * 140 + 80 * 100 and hair.sum() == 80 * 140
    np.testing.assert_array_equal(background, labels == 0)
    assert labelled_region(labels, "neck") is None, "100 pixels of neck"
