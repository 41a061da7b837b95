"""What a driver may be, and what is done and said where its face cannot be seen or its file breaks off."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from main_job import FPS, FRAMES, Material, finder, prepared, speaking_frames, unmarked, write_video

import animato
from animato import AnimateSettings
from animato.drivers.opening import open_driver
from animato.geometry.landmarks import MESH_POINTS
from animato.motion.motion_frame import MotionFrame
from animato.runtime.stage_clock import StageClock
from animato.types import Frame

CROP = AnimateSettings(frame="crop", size=256)


@pytest.fixture
def quick_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not look for a face in every part of an empty picture: that takes longer than the rest of these tests."""
    search = finder().find
    monkeypatch.setattr(finder(), "find", lambda frame, quick=False: search(frame) if frame.std() > 2 else [])


def movement(path: Path, settings: AnimateSettings = CROP) -> list[MotionFrame]:
    """Everything a driver says."""
    return list(open_driver(path, settings, finder()).frames(StageClock()))


@pytest.mark.usefixtures("quick_search")
def test_a_face_that_leaves_is_held_then_eased_back_to_rest_and_said(made: Material) -> None:
    driver = open_driver(made.gap, CROP, finder())
    frames = list(driver.frames(StageClock()))
    assert [frame.tracked for frame in frames] == [True] * 3 + [False] * 9 + [True] * 4, "filled, not cut out"
    size = [float(np.abs(frame.expression).mean()) for frame in frames]
    assert size[3] == size[4] == size[5] == size[2] > 0.005, "0.4 s held"
    assert size[5] > size[6] > size[7] > size[8], "then eased"
    assert size[9] < 1e-6, "at rest 1.2 s after it left"
    assert size[12] < 0.5 * size[14], "and taken up again without a jump"
    assert "no face found in the driver from 0.60 s to 2.40 s" in " ".join(driver.report.warnings)


@pytest.mark.usefixtures("quick_search")
def test_a_driver_that_begins_and_ends_without_a_face_is_filled(tmp_path: Path) -> None:
    frames = speaking_frames()
    blank = np.full_like(frames[0], 90)
    path = write_video(tmp_path / "late.mp4", [blank] * 2 + list(frames[:6]) + [blank] * 2, FPS)
    driver = open_driver(path, CROP, finder())
    for _ in range(2):  # read twice, to move two people
        moments = list(driver.frames(StageClock()))
        assert [moment.tracked for moment in moments] == [False] * 2 + [True] * 6 + [False] * 2
        assert all(np.isfinite(moment.expression).all() for moment in moments)
        assert len([text for text in driver.report.warnings if "no face" in text]) == 2


@pytest.mark.usefixtures("quick_search")
def test_times_in_findings_are_those_of_the_whole_driver(made: Material, out: Path) -> None:
    result = animato.animate(made.person, made.gap, out / "a.mp4", replace(CROP, start=0.2, end=1.2))
    assert result.frames == 5
    assert "no face found in the driver from 0.60 s to" in " ".join(result.warnings)


def test_a_driver_that_is_cut_short_ends_where_it_ends_and_does_not_freeze(
    made: Material, out: Path, tmp_path: Path
) -> None:
    whole = made.driver.read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: int(len(whole) * 0.82)])
    readable = len(movement(tmp_path / "cut.mp4"))
    assert 1 < readable < FRAMES
    result = animato.animate(made.person, tmp_path / "cut.mp4", out / "a.mp4", CROP)
    assert result.frames == readable
    assert "damaged" in " ".join(result.warnings)


def test_a_driver_of_one_frame_makes_one_frame(made: Material, tmp_path: Path) -> None:
    path = write_video(tmp_path / "one.gif", speaking_frames()[:1], FPS)
    assert len(unmarked(made.person, path, CROP)) == 1


def test_a_gif_can_drive(made: Material, tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.gif", speaking_frames()[:5], FPS)
    assert len(unmarked(made.person, path, CROP)) == 5


@pytest.mark.parametrize(
    ("choice", "expected"), [("left", "small"), ("right", "large"), ("largest", "large"), ("1", "small")]
)
def test_the_face_of_the_driver_can_be_chosen(made: Material, tmp_path: Path, choice: str, expected: str) -> None:
    frames = speaking_frames()[:4]
    small = [np.ascontiguousarray(frame[::2, ::2]) for frame in frames]
    pairs: list[Frame] = []
    for one, other in zip(small, frames, strict=True):
        canvas = np.full((512, 800, 3), 90, np.uint8)
        canvas[100:356, 10:266] = one
        canvas[:, 288:] = other
        pairs.append(canvas)
    path = write_video(tmp_path / "pair.mp4", pairs, FPS)
    driver = open_driver(path, replace(CROP, driver_face=choice), finder())
    scale = driver._first.scale  # type: ignore[attr-defined]
    large = open_driver(made.driver, CROP, finder())._first.scale  # type: ignore[attr-defined]
    assert scale / large == pytest.approx(1.0 if expected == "large" else 0.5, rel=0.06)


def test_the_neutral_time_is_told_in_seconds_of_the_whole_driver(made: Material) -> None:
    for start in (0.0, 0.2):
        told = open_driver(made.driver, replace(CROP, start=start, end=0.5), finder()).report.neutral_time
        assert told is not None
        assert start <= told < 0.5
    assert open_driver(made.driver, replace(CROP, neutral=0.4, end=0.5), finder()).report.neutral_time == 0.4


def test_the_neutral_frame_asked_for_leaves_the_photo_as_it_is_at_that_moment(made: Material) -> None:
    settings = replace(CROP, neutral=0.2, smooth=0.0)
    moments = movement(made.driver, settings)
    size = [float(np.abs(moment.expression).mean()) for moment in moments]
    assert size[5] < 0.3 * max(size)
    assert np.allclose(moments[5].rotation, np.eye(3), atol=0.03), "but for the tremble of two looks"


def test_jitter_is_told_for_output_and_driver(made: Material, out: Path) -> None:
    # Most of what moves in half a second of speech is no tremble, so smoothing is asked for at its full strength.
    result = animato.animate(made.person, made.driver, out / "a.mp4", replace(CROP, end=0.4, smooth=1.0))
    rough = animato.animate(made.person, made.driver, out / "b.mp4", replace(CROP, end=0.4, smooth=0.0))
    assert result.jitter is not None
    assert rough.jitter is not None
    assert result.driver_jitter == rough.driver_jitter is not None
    assert 0 < result.jitter < 0.97 * rough.jitter, "smoothing takes tremble out"


def test_absolute_motion_differs_from_relative_motion(made: Material) -> None:
    relative, absolute = (
        prepared(made.person, made.driver, replace(CROP, motion=motion))[0] for motion in ("relative", "absolute")
    )
    moment = movement(made.driver)[7]
    assert (
        np.abs(relative.actors[0].retargeter(moment).points - absolute.actors[0].retargeter(moment).points).max() > 0.5
    )


def test_the_head_follows_the_drivers_pixels_and_not_the_errors_of_its_landmarks(
    made: Material, tmp_path: Path
) -> None:
    picture = speaking_frames()[0]
    path = 3.0 * np.sin(np.arange(12) * 0.55)[:, None] * np.array([1.0, 0.6])
    frames = []
    for right, down in path:
        affine = np.array([[1, 0, right], [0, 1, down]])
        size = picture.shape[1], picture.shape[0]
        frames.append(np.asarray(cv2.warpAffine(picture, affine, size, flags=cv2.INTER_CUBIC), np.uint8))
    clip = write_video(tmp_path / "swaying.mp4", frames, FPS)

    def error(anchor: bool) -> float:
        settings = replace(CROP, stabilize_landmarks=anchor, smooth=0.0)
        scene, _ = prepared(made.person, clip, settings)
        retargeter = scene.actors[0].retargeter
        faces = np.array([retargeter(moment).points[:MESH_POINTS, :2] for moment in movement(clip, settings)])
        moved, true = faces - faces.mean(axis=0), (path - path.mean(axis=0))[:, None]
        scale = (moved * true).sum() / (true * true).sum() / MESH_POINTS
        return float(np.abs(moved / scale - true).mean())

    held, free = error(anchor=True), error(anchor=False)
    assert held < 0.15, "pixels of the driver"
    assert held < 0.6 * free


def test_hair_and_shoulders_of_the_driver_are_followed_unless_nothing_is_wanted_of_them(made: Material) -> None:
    followed = movement(made.driver, replace(CROP, residual_flow=1.0))
    assert all("residual_flow" in moment.channels for moment in followed if moment.tracked)
    assert all(
        "residual_flow" not in moment.channels for moment in movement(made.driver, replace(CROP, residual_flow=0.0))
    )
    scene, _ = prepared(made.person, made.driver, CROP)
    assert "residual_flow" in scene.actors[0].retargeter(followed[5]).channels


def test_the_drivers_open_mouth_is_looked_into_unless_it_is_not_wanted(made: Material) -> None:
    seen = movement(made.driver, replace(CROP, mouth_interior=True))
    assert any("mouth_interior" in moment.channels for moment in seen)
    assert all(
        "mouth_interior" not in moment.channels for moment in movement(made.driver, replace(CROP, mouth_interior=False))
    )


def test_the_drivers_light_and_shade_are_read_unless_they_are_not_wanted(made: Material) -> None:
    seen = movement(made.driver, replace(CROP, expression_light=1.0))
    assert all("expression_light" in moment.channels for moment in seen if moment.tracked)
    assert all(
        "expression_light" not in moment.channels
        for moment in movement(made.driver, replace(CROP, expression_light=0.0))
    )
    for moment in movement(made.driver, replace(CROP, model="geometry")):
        assert "expression_light" not in moment.channels and "mouth_interior" not in moment.channels, "read for nothing"
