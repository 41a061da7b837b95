"""Factoring a face, finding neutral frames, and the parts of the face."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from gallery_faces import gallery_photo
from motion_material import POSE, channels_of, clip, person, relaxed, since, tracked, turned

from animato.appearance.channels import CHANNELS
from animato.appearance.expression_light import LIGHT_VERTICES
from animato.appearance.mouth_grid import MOUTH_INTERIOR_SHAPE
from animato.geometry.apertures import apertures
from animato.geometry.landmarks import BLENDSHAPES, BROW_LEFT, CHIN, EYE_LEFT, IRIS_RIGHT, LIPS_INNER
from animato.geometry.pose import points_from_local
from animato.geometry.region_weights import PARTS, part_weights
from animato.media.image import load_picture
from animato.motion.aperture_profile import scale_apertures
from animato.motion.motion_frame import (
    Factored,
    factor,
    mesh_rms,
    neutral_cost,
    neutral_of,
    relative_to,
)
from animato.motion.retarget import Retargeter
from animato.settings.motion import MotionSettings
from animato.tracking.face_finder import FaceFinder
from animato.types import Face


def test_pose_and_canonical_landmarks_reproduce_the_landmarks(face_local: np.ndarray) -> None:
    pose = turned(20, -10, 30)
    found = tracked(face_local, pose)
    assert np.abs(points_from_local(found.local, found.pose) - person(face_local, pose)).max() < 1e-3


def test_expression_is_the_same_at_every_pose_and_distance(face_local: np.ndarray) -> None:
    talking = face_local + clip("talk").frames[30].expression
    first = tracked(face_local)
    for pose in (POSE, turned(30, 10, -20), replace(turned(-15), scale=40.0, translation=np.array([900.0, 50, 0]))):
        expression = since(face_local, talking, pose).expression
        assert np.abs(expression - (tracked(talking).local - first.local)).max() < 1e-3


def test_motion_contains_the_head_pose_change(face_local: np.ndarray) -> None:
    pose = replace(turned(20), translation=POSE.translation + np.array([28.0, -14.0, 5.0]), scale=POSE.scale * 1.5)
    motion = since(face_local, face_local, pose)
    assert np.abs(motion.rotation - turned(20).rotation).max() < 1e-4
    assert np.abs(motion.scale - 1.5) < 1e-4
    assert mesh_rms(motion.expression) < 1e-3
    assert np.abs(motion.apertures - apertures(face_local)).max() < 1e-4


def with_scores(face: Factored, **scores: float) -> Factored:
    values = np.zeros(52, np.float32)
    for name, value in scores.items():
        values[BLENDSHAPES.index(name)] = value
    return replace(face, blendshapes=values)


def test_neutral_means_frontal_relaxed_open_eyed_and_closed_mouthed(face_local: np.ndarray) -> None:
    calm = relaxed(face_local)
    neutral = neutral_cost(tracked(calm))
    others = {
        "turned": neutral_cost(tracked(calm, turned(20))),
        "tilted": neutral_cost(tracked(calm, turned(0, 0, 25))),
        "blinking": neutral_cost(tracked(scale_apertures(calm, (0.1, 0.1, 1.0)))),
        "mouth open": neutral_cost(tracked(face_local + (calm - face_local) * 0.2)),
        "smiling": neutral_cost(with_scores(tracked(calm), mouthSmileLeft=0.7, mouthSmileRight=0.7)),
    }
    assert all(cost > neutral + 0.1 for cost in others.values()), others


def test_lips_rolled_in_are_less_neutral_than_the_same_score_of_another_expression(face_local: np.ndarray) -> None:
    face = tracked(face_local)
    pursed, rolled = with_scores(face, mouthPucker=0.4), with_scores(face, mouthRollLower=0.4)
    assert neutral_cost(rolled) > neutral_cost(pursed) + 0.1


def test_gaze_does_not_make_a_frame_less_neutral(face_local: np.ndarray) -> None:
    face = tracked(face_local)
    looking = with_scores(face, eyeLookInLeft=0.9, eyeLookOutRight=0.9, eyeLookUpLeft=0.5, _neutral=1.0)
    assert neutral_cost(looking) == neutral_cost(face)


def test_of_a_neutral_and_a_smiling_photo_the_neutral_one_is_found(shared_data: Path, face_finder: FaceFinder) -> None:
    right = []
    for path in sorted((shared_data / "portraits").glob("*_neutral.jpg"))[::10]:
        other = path.with_name(path.name.replace("neutral", "smiling"))
        if other.is_file():
            costs = [neutral_cost(factor(face_finder.find(load_picture(p).image)[0], 0.0)) for p in (path, other)]
            right.append(costs[0] < costs[1])
    assert len(right) >= 5 and all(right)


def test_neutral_photos_of_the_gallery_are_more_neutral_than_a_smile(
    portrait_face: Face, face_finder: FaceFinder
) -> None:
    smile = neutral_cost(factor(portrait_face, 0.0))
    for sheet in ("portrait-c049f", "portrait-l006", "beard-c110m"):
        (face,) = face_finder.find(gallery_photo(sheet, 2.0))
        assert neutral_cost(factor(face, 0.0)) < smile, sheet


def test_part_weights_sum_to_one() -> None:
    weights = part_weights()
    assert weights.shape == (len(PARTS), 478)
    assert np.allclose(weights.sum(axis=0), 1)
    assert weights.min() >= 0


def test_features_belong_entirely_to_their_part() -> None:
    mouth, eyes, brows = part_weights()
    assert (mouth[list(LIPS_INNER)] == 1).all() and mouth[CHIN] == 1
    assert (eyes[list(EYE_LEFT)] == 1).all() and (eyes[list(IRIS_RIGHT)] == 1).all()
    assert (brows[list(BROW_LEFT)] == 1).all()


def test_part_weights_are_symmetric() -> None:
    from animato.geometry.landmarks import canonical_face
    from animato.geometry.mesh import head_topology

    partner = head_topology().partner[:468]
    apart = np.abs(part_weights()[:, :468] - part_weights()[:, partner]).max(axis=0)
    assert np.abs(canonical_face().vertices[partner] * (-1, 1, 1) - canonical_face().vertices).max() < 0.3
    assert apart.max() < 0.15


def test_the_mouth_interior_is_passed_on_unless_disabled(calm_local: np.ndarray) -> None:
    shown = np.full(MOUTH_INTERIOR_SHAPE, 0.4, np.float32)
    driver = replace(tracked(calm_local), channels=channels_of(mouth_interior=shown))
    motion = relative_to(tracked(calm_local), driver, CHANNELS)
    assert motion.channels.get("mouth_interior") is shown
    person_points = person(calm_local)
    kept, left = (
        Retargeter(person_points, neutral_of(driver), MotionSettings(mouth_interior=wanted))(motion)
        for wanted in (True, False)
    )
    assert kept.channels.get("mouth_interior") is shown
    assert left.channels.get("mouth_interior") is None


def test_expression_light_is_passed_on_at_its_strength(calm_local: np.ndarray) -> None:
    shade = np.random.default_rng(2).uniform(-1, 1, (LIGHT_VERTICES, 3)).astype(np.float32)
    motion = relative_to(
        tracked(calm_local), replace(tracked(calm_local), channels=channels_of(expression_light=shade)), CHANNELS
    )
    assert motion.channels.get("expression_light") is shade
    faint, full = (replace(tracked(calm_local), channels=channels_of(expression_light=k * shade)) for k in (0.25, 1.0))
    again = relative_to(faint, full, CHANNELS).channels.get("expression_light")
    assert again is not None and np.allclose(again, 0.75 * shade), "both since a third frame"
    neutral, points = neutral_of(tracked(calm_local)), person(calm_local)
    half = Retargeter(points, neutral, MotionSettings(expression_light=0.5))(motion).channels.get("expression_light")
    assert half is not None and np.allclose(half, 0.5 * shade)
    assert (
        Retargeter(points, neutral, MotionSettings(expression_light=0.0))(motion).channels.get("expression_light")
        is None
    )
    assert (
        Retargeter(points, neutral, MotionSettings())(
            replace(motion, channels=channels_of(expression_light=None))
        ).channels.get("expression_light")
        is None
    )
