"""Warping: exact at rest, fixed at the border, no hidden pixels on the face, and low validity for guesses."""

from __future__ import annotations

import itertools
from pathlib import Path

import cv2
import numpy as np
import pytest
from gallery_faces import PHOTOS, gallery_photo
from head_material import (
    SIZE,
    Head,
    apart,
    at_size,
    closed_lips,
    drawn_head,
    grid_of,
    head,
    inside,
    magenta_share,
    middles,
    nose,
    opened,
)

from animato.geometry.affine import move_points
from animato.geometry.crop import crop_from_frame, cut, fit_square, head_square
from animato.geometry.landmarks import EYE_LEFT, EYE_RIGHT, FOREHEAD, LIPS_INNER, OVAL
from animato.geometry.mesh import head_topology
from animato.geometry.raster import draw_triangles
from animato.head.mouth import SURFACE_CONFIDENCE
from animato.media.image import load_picture
from animato.motion.aperture_profile import scale_apertures
from animato.tracking.face_finder import FaceFinder
from animato.types import Face, Frame


@pytest.mark.parametrize("size", [256, 300, 512, 768])
def test_the_photo_is_reproduced_at_rest(portrait: Frame, portrait_face: Face, size: int) -> None:
    photo = at_size(portrait, portrait_face, size)
    made = photo.warper.render(photo.points, photo.warper.pose)
    changed = apart(made.image, photo.crop)
    assert changed.max() <= 10 and changed.mean() < 0.001
    still = np.abs(made.flow - grid_of(min(size, 256), size))
    assert np.quantile(still, 0.999) < 0.01 and still.max() < 1.0


def test_photos_of_other_people_are_reproduced_too(face_finder: FaceFinder) -> None:
    for sheet in PHOTOS:
        comes_back(gallery_photo(sheet, 2.0), face_finder)


@pytest.mark.data
def test_photos_of_many_people_are_reproduced_too(shared_data: Path, face_finder: FaceFinder) -> None:
    for path in sorted((shared_data / "portraits").glob("*.jpg"))[::40]:
        comes_back(load_picture(path).image, face_finder)


def comes_back(picture: Frame, face_finder: FaceFinder) -> None:
    (face,) = face_finder.find(picture)
    affine = crop_from_frame(fit_square(head_square(face.points), *picture.shape[1::-1]), SIZE)
    photo = head(cut(picture, affine, SIZE), move_points(affine, face.points))
    changed = apart(photo.warper.render(photo.points, photo.warper.pose).image, photo.crop)
    assert changed.mean() < 0.15
    for ring in (EYE_LEFT, EYE_RIGHT, LIPS_INNER):
        assert changed[inside(photo.points, ring, SIZE, -2)].max() <= 8


def test_the_same_target_gives_the_same_picture(smiling: Head) -> None:
    target = smiling.posed(20, -5, 8)
    first, second = smiling.warper.render(*target), smiling.warper.render(*target)
    again = head(smiling.crop.copy(), smiling.points.copy()).warper.render(*target)
    for other in (second, again):
        assert np.array_equal(first.image, other.image)
        assert np.array_equal(first.flow, other.flow) and np.array_equal(first.validity, other.validity)


def test_rendering_changes_neither_the_photo_nor_the_warper(smiling: Head) -> None:
    before = smiling.crop.copy()
    first = smiling.warper.render(smiling.points, smiling.warper.pose).image
    smiling.warper.render(*smiling.posed(30, 10, -10))
    assert np.array_equal(smiling.crop, before)
    assert np.array_equal(smiling.warper.render(smiling.points, smiling.warper.pose).image, first)


def test_the_border_of_the_crop_is_fixed(smiling: Head) -> None:
    rng = np.random.default_rng(6)
    still = grid_of(256, SIZE)
    for _ in range(25):
        yaw, pitch, roll = rng.uniform(-18, 18, 3)
        target = smiling.posed(yaw, pitch, roll, tuple(rng.uniform(-2, 2, 2)), float(rng.uniform(0.9, 1.1)))
        moved = np.abs(smiling.warper.flow(*target)[0] - still).max(axis=0)
        assert max(moved[0].max(), moved[-1].max(), moved[:, 0].max(), moved[:, -1].max()) < 1.5
        assert np.median(moved[100:140, 100:140]) > 2  # and the face did move


def test_the_head_moves_to_the_target(smiling: Head) -> None:
    # The photo is sampled where each landmark was, at the place where it now is.
    points, pose = smiling.posed(8, 4, 6, (0.5, -0.3), 1.05)
    flow, validity, _ = smiling.warper.flow(points, pose)
    step = SIZE / flow.shape[1]
    for index in (FOREHEAD, 151, 50, 280, 1, 199, 4, 195):
        x, y = ((points[index, :2] + 0.5) / step - 0.5).round().astype(int)
        if validity[y, x] > 0.9:
            assert np.linalg.norm(flow[:, y, x] - smiling.points[index, :2]) < 2.5


YAWS = [20.0, 35.0, 45.0, -20.0, -35.0, -45.0]


@pytest.mark.parametrize("yaw", YAWS)
def test_background_behind_the_far_cheek_never_appears_on_the_face(calm: Head, yaw: float) -> None:
    picture, points = drawn_head(calm.local, yaw)
    assert magenta_share(picture, inside(points, OVAL, SIZE, -20)) > 0.1  # it would be there to take
    turned = head(picture, points)
    made = turned.warper.render(*turned.posed(-yaw))
    assert magenta_share(made.image, inside(turned.posed(-yaw)[0], OVAL, SIZE, 4)) == 0.0


@pytest.mark.parametrize("yaw", YAWS)
def test_skin_hidden_by_the_nose_is_not_filled_with_nose(calm: Head, yaw: float) -> None:
    dyed = nose()
    turned = head(*drawn_head(calm.local, yaw, dyed))
    points, pose = turned.posed(-yaw)
    made = turned.warper.render(points, pose)
    topology = head_topology()
    face = topology.triangles[: topology.face_triangles]
    drawn = draw_triangles(points[:468].astype(float), face, SIZE, topology.outward)
    cheek = (drawn >= 0) & ((middles()[:, 0] * np.sign(yaw) > 0) & ~dyed)[drawn.clip(0)]
    cheek = cv2.erode(cheek.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    assert cheek.sum() > 2000
    assert magenta_share(made.image, cheek) == 0.0


@pytest.mark.parametrize("yaw", [35.0, 45.0, -45.0])
def test_validity_is_low_where_the_photo_hides_the_face_and_full_elsewhere(calm: Head, yaw: float) -> None:
    turned = head(*drawn_head(calm.local, yaw))
    points, pose = turned.posed(-yaw)
    validity = turned.warper.render(points, pose).validity
    assert validity.min() >= 0 and validity.max() <= 1
    side = np.sign(yaw)
    scale = validity.shape[0] / SIZE

    def at(index: int) -> float:
        x, y = (points[index, :2] * scale).round().astype(int)
        return float(validity[y - 2 : y + 3, x - 2 : x + 3].mean())

    far, near = (454, 234) if side > 0 else (234, 454)
    assert at(far) < 0.4
    assert at(50 if near == 234 else 280) > 0.95 and at(151) > 0.95


def test_a_frontal_photo_at_rest_is_valid_except_at_the_openings(calm: Head) -> None:
    validity = calm.warper.render(calm.points, calm.warper.pose).validity
    assert (validity < 0.99).mean() < 0.01


def test_the_interior_of_a_mouth_closed_in_the_photo_is_a_guess(calm: Head) -> None:
    points = calm.with_face(opened(calm.local, 1.6))
    made = calm.warper.render(points, calm.warper.pose)
    mouth = (
        cv2.resize(inside(points, LIPS_INNER, SIZE, 2).astype(np.uint8), (256, 256), interpolation=cv2.INTER_NEAREST)
        > 0
    )
    assert mouth.sum() > 100 and made.validity[mouth].max() < SURFACE_CONFIDENCE + 0.05 < 1
    x, y = (points[151, :2] * 256 / SIZE).round().astype(int)
    assert made.validity[y - 3 : y + 4, x - 3 : x + 4].min() == 1.0


def test_teeth_of_the_photo_are_valid(smiling: Head) -> None:
    made = smiling.warper.render(smiling.points, smiling.warper.pose)
    mouth = (
        cv2.resize(
            inside(smiling.points, LIPS_INNER, SIZE, 3).astype(np.uint8), (256, 256), interpolation=cv2.INTER_NEAREST
        )
        > 0
    )
    assert mouth.sum() > 20 and made.validity[mouth].mean() > 0.6


def test_an_opened_mouth_is_darker_than_lips_and_has_no_skin_in_it(calm: Head) -> None:
    points = calm.with_face(opened(calm.local, 1.6))
    made = calm.warper.render(points, calm.warper.pose).image
    lower = inside(points, LIPS_INNER, SIZE, 2)
    lower[: int(points[[13, 14], 1].mean())] = False  # below the upper teeth
    assert made[lower].mean() < 0.9 * calm.crop[inside(calm.points, OVAL, SIZE, 8)].mean()


def test_closed_eyes_show_lids(calm: Head) -> None:
    points = calm.with_face(scale_apertures(calm.local, (0.0, 0.0, 1.0)))
    made = calm.warper.render(points, calm.warper.pose).image
    for ring in (EYE_LEFT, EYE_RIGHT):
        eye = inside(calm.points, ring, SIZE, 1)
        light = calm.crop[eye].astype(float).mean(axis=1)
        shut = made[eye].astype(float).mean(axis=1)
        assert shut.std() < 0.6 * light.std()  # neither white nor pupil is left


def test_gaze_moves_the_iris_and_leaves_the_skin(smiling: Head) -> None:
    points = smiling.points.copy()
    points[468:478, 0] += 4.0
    made = smiling.warper.render(points, smiling.warper.pose).image
    changed = apart(made, smiling.crop) > 12
    eyes = inside(smiling.points, EYE_LEFT, SIZE, -3) | inside(smiling.points, EYE_RIGHT, SIZE, -3)
    assert changed[eyes].sum() > 30
    assert not changed[~eyes].any()
    for ring in (EYE_LEFT, EYE_RIGHT):
        eye = inside(smiling.points, ring, SIZE, 1)
        columns = np.nonzero(eye)[1]
        before, after = (
            np.average(columns, weights=255.0 - picture[eye].mean(axis=1)) for picture in (smiling.crop, made)
        )
        assert after - before > 0.8


def test_lips_that_part_slowly_do_not_jump(calm: Head) -> None:
    mouth = inside(calm.with_face(opened(calm.local, 1.0)), LIPS_INNER, SIZE, -2)
    pictures = [
        calm.warper.render(calm.with_face(opened(closed_lips(calm.local), gap)), calm.warper.pose).image
        for gap in np.linspace(0, 1.0, 21)
    ]
    steps = [apart(a, b)[mouth].mean() for a, b in itertools.pairwise(pictures)]
    assert max(steps) < 14 and sum(steps) > 30


def test_extreme_targets_neither_fail_nor_leave_the_range(smiling: Head) -> None:
    rng = np.random.default_rng(2)
    for _ in range(12):
        pose = smiling.posed(*rng.uniform(-90, 90, 3), tuple(rng.uniform(-30, 30, 2)), float(rng.uniform(0.05, 6)))
        made = smiling.warper.render(*pose)
        assert made.image.shape == (SIZE, SIZE, 3) and np.isfinite(made.flow).all()
        assert made.validity.min() >= 0 and made.validity.max() <= 1


def test_a_photo_turned_by_itself_is_not_mirrored_at_its_own_pose(calm: Head) -> None:
    turned = head(*drawn_head(calm.local, 40.0))
    made = turned.warper.render(turned.points, turned.warper.pose)
    assert apart(made.image, turned.crop)[inside(turned.points, OVAL, SIZE, 6)].mean() < 1.0
