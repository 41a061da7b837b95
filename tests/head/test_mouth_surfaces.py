"""Teeth, tongue and cavity behind the lips: where they lie, what they look like, and the bank of arches."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from head_material import SIZE, Head, head, inside, opened

from animato.errors import MissingPartError
from animato.geometry.landmarks import LIPS_INNER
from animato.geometry.pose import HeadPose
from animato.head import arch_bank
from animato.head.arch_bank import choose_arch
from animato.head.arch_texture import ABOVE, COLUMNS, RESOLUTION, ROWS, measure_arch
from animato.head.gamut import FaceGamut
from animato.head.mouth_rendering import render_surfaces
from animato.head.mouth_surfaces import JAW_POINTS, MouthSurfaces, build_surfaces, lower_arch
from animato.types import Points


def surfaces_of(of: Head) -> MouthSurfaces:
    return of.warper.mouth.surfaces


def painted(surfaces: MouthSurfaces, points: Points, pose: HeadPose) -> tuple[np.ndarray, np.ndarray]:
    """Return layer and mask of a face as pictures of the whole crop."""
    window, layer, mask = render_surfaces(surfaces, points, pose, SIZE)
    canvas, weight = np.zeros((SIZE, SIZE, 3)), np.zeros((SIZE, SIZE))
    canvas[window.top : window.bottom, window.left : window.right] = layer
    weight[window.top : window.bottom, window.left : window.right] = mask
    return canvas, weight


def jaw_dropped(local: np.ndarray, gap: float, drop: float) -> np.ndarray:
    """The face with its lips apart and its chin lower, by centimetres."""
    moved = opened(local, gap)
    moved[list(JAW_POINTS), 1] += drop
    return moved


def marked(surfaces: MouthSurfaces, name: str) -> MouthSurfaces:
    """The surfaces with one arch green and everything else black."""
    black = np.zeros(3, np.float32)
    planes = {}
    for plane in ("upper", "lower"):
        texture = getattr(surfaces, plane).copy()
        texture[..., :3] = (0, 255, 0) if plane == name else 0
        planes[plane] = texture
    return replace(surfaces, cavity=black, tongue=black, **planes)


def test_upper_teeth_stay_on_the_skull_while_lips_and_jaw_move(calm: Head) -> None:
    surfaces, pose = marked(surfaces_of(calm), "upper"), calm.warper.pose
    edges = []
    for gap, drop in ((1.6, 0.3), (2.4, 1.2)):
        canvas, weight = painted(surfaces, calm.with_face(jaw_dropped(calm.local, gap, drop)), pose)
        teeth = (canvas[..., 1] > 60) & (weight > 0.9)
        column = int(calm.points[13, 0])
        edges.append(np.flatnonzero(teeth[:, column - 1 : column + 2].any(axis=1)).max())
    assert abs(int(edges[0]) - int(edges[1])) <= 1


def test_lower_teeth_sink_with_the_jaw(calm: Head) -> None:
    surfaces, pose = marked(surfaces_of(calm), "lower"), calm.warper.pose
    tops = []
    for drop in (0.8, 1.2):
        canvas, weight = painted(surfaces, calm.with_face(jaw_dropped(calm.local, 2.4, drop)), pose)
        teeth = (canvas[..., 1] > 60) & (weight > 0.5)
        tops.append(int(np.flatnonzero(teeth.any(axis=1)).min()))
    assert 0.2 * pose.scale < tops[1] - tops[0] < 0.9 * pose.scale


def test_teeth_move_rigidly_with_the_head(calm: Head) -> None:
    """A turn and a shift move the upper teeth as they move the skull: nothing swims."""
    surfaces = marked(surfaces_of(calm), "upper")
    wide = head(calm.crop, calm.with_face(opened(calm.local, 2.0)))
    moved, pose = wide.posed(roll=0, shift=(0.5, 0.0))
    first, _ = painted(surfaces, wide.points, calm.warper.pose)
    second, _ = painted(surfaces, moved, HeadPose(calm.warper.pose.rotation, pose.translation, calm.warper.pose.scale))
    shift = 0.5 * pose.scale
    centres = [np.average(np.arange(SIZE), weights=canvas[..., 1].sum(axis=0)) for canvas in (first, second)]
    assert centres[1] - centres[0] == pytest.approx(shift, abs=0.6)


def test_nothing_is_painted_outside_the_lips(calm: Head) -> None:
    points = calm.with_face(opened(calm.local, 1.8))
    _, weight = painted(surfaces_of(calm), points, calm.warper.pose)
    assert weight.max() > 0.95
    assert weight[~inside(points, LIPS_INNER, SIZE, -1)].max() == 0.0


def test_a_closed_mouth_is_the_photo_to_the_last_bit(calm: Head) -> None:
    made = calm.warper.render(calm.points, calm.warper.pose).image
    assert np.array_equal(made, calm.warper.resampler.copy(calm.warper.flow(calm.points, calm.warper.pose)[0]))


def test_teeth_of_a_photo_that_shows_them_are_unwarped(smiling: Head) -> None:
    arch = measure_arch(smiling.crop, smiling.points, smiling.warper.pose)
    assert arch is not None
    assert arch.visible.max() > 0.9 and arch.colour.shape == (ROWS, COLUMNS, 3)
    seen = arch.colour[arch.visible > 0.9]
    assert 0.6 < np.median(seen) < 1.2  # relative to the teeth
    canvas, weight = painted(surfaces_of(smiling), smiling.points, smiling.warper.pose)
    both = (weight > 0.9) & (smiling.warper.crop.min(axis=2) > 0.7 * arch.tooth.min())
    assert np.abs(canvas - smiling.crop)[both].mean() < 80  # the lips shade them once more


def test_a_closed_photo_shows_no_teeth(calm: Head) -> None:
    assert measure_arch(calm.crop, calm.points, calm.warper.pose) is None


def test_the_bank_gives_the_arch_of_the_mouth_most_alike() -> None:
    widths, arches = arch_bank._bank()
    assert 6 <= len(arches) <= 12 and arch_bank.ASSET.stat().st_size < 300_000
    assert choose_arch(0.0) is arches[0] and choose_arch(99.0) is arches[-1]
    assert choose_arch(widths[3]) is arches[3]
    for arch in arches:
        middle = arch.alpha[:, COLUMNS // 2 - 5 : COLUMNS // 2 + 5]
        assert middle[: round((ABOVE - 0.2) * RESOLUTION)].min() == 1.0 and middle[-1].max() == 0.0


def test_a_missing_bank_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    arch_bank._bank.cache_clear()
    monkeypatch.setattr(arch_bank, "ASSET", arch_bank.ASSET.with_name("absent.png"))
    with pytest.raises(MissingPartError, match="dental arches"):
        choose_arch(5.0)
    arch_bank._bank.cache_clear()


def test_lower_teeth_are_narrower_and_end_on_a_more_level_line() -> None:
    upper = choose_arch(5.0)
    lower = lower_arch(upper)
    heights = [(arch.alpha > 0.5).sum(axis=0)[20:-20].std() for arch in (upper, lower)]
    assert heights[1] < heights[0]


def test_teeth_of_a_dark_photo_are_dark(calm: Head) -> None:
    """The white of the eyes bounds the teeth, so that they do not glow."""
    crop = np.asarray(calm.crop * 0.4, np.uint8)
    dark = build_surfaces(crop, calm.points, calm.warper.pose, FaceGamut.of(crop, calm.points), None)
    assert dark.upper[..., :3].mean() < 0.55 * surfaces_of(calm).upper[..., :3].mean()


def test_teeth_of_a_grey_photo_are_grey(calm: Head) -> None:
    crop = np.repeat(calm.crop.mean(axis=2, keepdims=True), 3, axis=2).astype(np.uint8)
    grey = head(crop, calm.points)
    canvas, weight = painted(surfaces_of(grey), grey.with_face(opened(grey.local, 2.0)), grey.warper.pose)
    assert np.ptp(canvas[weight > 0], axis=1).max() < 3


def test_a_head_read_from_a_file_has_the_same_surfaces(calm: Head) -> None:
    """A head file holds image and landmarks; everything between the lips follows from them."""
    first, second = (surfaces_of(head(calm.crop.copy(), calm.points.copy())) for _ in range(2))
    assert np.array_equal(first.upper, second.upper) and np.array_equal(first.lower, second.lower)
    assert np.array_equal(first.origin, second.origin) and first.rest == second.rest
