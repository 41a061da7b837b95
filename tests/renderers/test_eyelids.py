"""Closing lids show synthesised skin and flipped lashes; open eyes and soft photos are unchanged."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from head_material import Head, at_size

from animato.head.view import HeadView
from animato.motion.aperture_profile import scale_apertures
from animato.renderers.portrait.eyelids import RINGS, Eyelid, build_eyelids, close_eyelid
from animato.renderers.warp.warper import Warped, Warper
from animato.types import Face, Frame

NATIVE = 230
"""Side at which the portrait's head is not enlarged."""


@pytest.fixture(scope="module")
def sharp(portrait: Frame, portrait_face: Face) -> Head:
    return at_size(portrait, portrait_face, NATIVE)


@pytest.fixture(scope="module")
def lids(sharp: Head) -> tuple[Eyelid, ...]:
    return tuple(replace(lid, sharpness=1.0) for lid in build_eyelids(sharp.warper))


def closed(head: Head, left: float) -> tuple[Warped, np.ndarray, np.ndarray]:
    """The warped head with scaled eye apertures, its landmarks, and its canonical landmarks."""
    local = scale_apertures(head.local, (left, left, 1.0))
    points = head.with_face(local)
    return head.warper.render(points, head.warper.pose), points, local


def shown(head: Head, lids: tuple[Eyelid, ...], left: float) -> tuple[Frame, Frame, np.ndarray]:
    """The head before and after compositing its lids, and its landmarks."""
    warped, points, local = closed(head, left)
    before = warped.image.copy()
    for lid in lids:
        close_eyelid(warped, lid, points, local)
    return before, warped.image, points


def rows(image: Frame, points: np.ndarray, ring: tuple[int, ...], offset: float) -> np.ndarray:
    """Brightness along the middle of an upper lid, displaced downwards by an offset in eye widths."""
    edge = points[list(ring[2:7]), :2].astype(np.float32)
    width = float(np.linalg.norm(points[ring[8], :2] - points[ring[0], :2]))
    grey = cv2.GaussianBlur(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), (0, 0), 0.6).astype(np.float32)
    x, y = edge[:, 0], edge[:, 1] + np.float32(offset * width)
    return cv2.remap(grey, x[None], y[None], cv2.INTER_LINEAR)[0]


def test_a_sharp_photo_has_two_lids(sharp: Head) -> None:
    found = build_eyelids(sharp.warper)
    assert [lid.index for lid in found] == [0, 1]
    assert all(0 < lid.sharpness <= 1 for lid in found)


def test_a_blurred_photo_has_none(sharp: Head) -> None:
    soft = cv2.GaussianBlur(sharp.crop, (0, 0), 1.2)
    assert build_eyelids(Warper(HeadView(soft, sharp.points))) == ()


def test_a_photo_with_shut_eyes_has_none(sharp: Head) -> None:
    asleep, points, _ = closed(sharp, 0.0)
    assert build_eyelids(Warper(HeadView(asleep.image, points))) == ()


def test_a_hidden_eye_of_a_turned_photo_has_none(sharp: Head) -> None:
    turned = Warper(HeadView(sharp.crop, sharp.points))
    turned.visible = turned.visible.copy()
    turned.visible[list(RINGS[1])[3:6]] = False
    assert [lid.index for lid in build_eyelids(turned)] == [0]


def test_open_eyes_are_unchanged(sharp: Head, lids: tuple[Eyelid, ...]) -> None:
    for left in (1.0, 0.8):
        before, after, _ = shown(sharp, lids, left)
        assert np.array_equal(before, after)


def test_a_closed_lid_is_skin_with_a_dark_edge(sharp: Head, lids: tuple[Eyelid, ...]) -> None:
    before, after, points = shown(sharp, lids, 0.0)
    for ring in RINGS:
        skin = np.median(rows(sharp.crop, sharp.points, ring, -0.3))
        lid = rows(after, points, ring, -0.12)
        assert np.abs(lid - skin).mean() < 0.15 * skin
        assert np.abs(lid - skin).mean() < np.abs(rows(before, points, ring, -0.12) - skin).mean() - 5
        assert rows(after, points, ring, 0.02).mean() < lid.mean() - 15
        assert rows(after, points, ring, 0.02).mean() < rows(before, points, ring, 0.02).mean()


def test_nothing_far_from_the_eyes_changes(sharp: Head, lids: tuple[Eyelid, ...]) -> None:
    before, after, points = shown(sharp, lids, 0.0)
    changed = np.argwhere((before != after).any(axis=2))[:, ::-1]
    for ring, side in zip(RINGS, (changed[:, 0] < points[168, 0], changed[:, 0] >= points[168, 0]), strict=True):
        middle, width = points[list(ring), :2].mean(axis=0), np.ptp(points[list(ring), 0])
        assert len(changed[side]) > 50
        assert np.abs(changed[side] - middle).max() < 1.1 * width


def test_lids_close_without_a_jump(sharp: Head, lids: tuple[Eyelid, ...]) -> None:
    # What is laid, not the picture: lids that move change pixels anyway.
    laid = []
    for left in np.linspace(0.8, 0.0, 33):
        before, after, _ = shown(sharp, lids, float(left))
        laid.append(np.abs(after.astype(float) - before).sum())
    steps = np.abs(np.diff(laid))
    assert laid[0] == 0 and laid[-1] > 0
    assert steps.max() < 0.2 * max(laid)


def test_a_spectacle_rim_is_kept(sharp: Head) -> None:
    worn, rims = sharp.crop.copy(), []
    for ring in RINGS:
        outline = sharp.points[list(ring), :2]
        middle, width = outline.mean(axis=0), float(np.ptp(outline[:, 0]))
        centre, axes = (
            (round(float(middle[0])), round(float(middle[1] + 0.1 * width))),
            (round(0.8 * width), round(0.5 * width)),
        )
        cv2.ellipse(worn, centre, axes, 0, 0, 360, (20, 20, 20), 2, cv2.LINE_AA)
        rims.append((centre[0], centre[1] - axes[1]))
    glasses = Head(worn, sharp.points, Warper(HeadView(worn, sharp.points)))
    lids = tuple(replace(lid, sharpness=1.0) for lid in build_eyelids(glasses.warper))
    assert len(lids) == 2
    before, after, _ = shown(glasses, lids, 0.0)
    for x, y in rims:
        column = slice(y - 6, y + 7)
        darkest = before[column, x].mean(axis=1).min()
        assert darkest < 90 and after[column, x].mean(axis=1).min() < darkest + 12
