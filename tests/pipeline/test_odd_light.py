"""Clips and photos in odd light that once came out wrong: without colour, with automatic exposure, dark and noisy."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from gallery_faces import gallery_photo, write_gallery_driver
from main_job import FPS, FRAMES, finder, speaking_frames, write_video
from sample_photo import sample_photo

from animato.drivers.opening import open_driver
from animato.geometry.landmarks import EYE_LEFT, EYE_RIGHT, LIPS_OUTER
from animato.head.head import Head
from animato.media.image import save_picture
from animato.motion.retarget import Target
from animato.pipeline.actor import Cast
from animato.pipeline.factory import build_scene
from animato.pipeline.flow import frames_of
from animato.runtime.stage_clock import StageClock
from animato.settings.animate import AnimateSettings
from animato.types import Frame

CROP = AnimateSettings(frame="crop", size=512, start=0.4, end=0.8, neutral=0.4, threads=1)


@pytest.fixture(scope="module")
def cases(shared_data: Path) -> Path:
    """Folder of inputs that came out wrong; the test is skipped where it is absent."""
    folder = shared_data.parent / "cases"
    if not (folder / "README.md").is_file():
        pytest.skip("the cases are not beside this checkout")
    return folder


def animated(photo: Path, driver: Path, settings: AnimateSettings = CROP) -> tuple[list[Frame], list[Target]]:
    """Return the unmarked frames, not smoothed, and the faces in them."""
    cast = [Cast(Head.from_photos([photo], finder=finder()), open_driver(driver, settings, finder()))]
    scene, _ = build_scene(cast, settings, finder().engine)
    actor = scene.actors[0]
    targets = [actor.retargeter(moment) for moment in actor.driver.frames(StageClock())]
    return list(frames_of(scene, StageClock())), targets


def within(target: Target, *rings: tuple[int, ...]) -> np.ndarray:
    """512 x 512 bool: inside rings of landmarks."""
    mask = np.zeros((512, 512), np.uint8)
    for ring in rings:
        cv2.fillPoly(mask, [np.rint(target.points[list(ring), :2]).astype(np.int32)], 1)
    return mask > 0


def test_teeth_of_a_grey_portrait_are_grey(cases: Path) -> None:
    frames, _ = animated(cases / "gray.png", cases / "teeth.mp4")
    assert len(frames) >= 9
    assert max(int(np.ptp(frame.astype(int), axis=2).max()) for frame in frames) == 0


def test_teeth_of_a_faded_portrait_are_not_blue(cases: Path) -> None:
    frames, targets = animated(cases / "faded.png", cases / "teeth.mp4")
    pairs = zip(frames, targets, strict=True)
    bluer = [frame[within(target, LIPS_OUTER)].astype(int) @ (-1, 0, 1) for frame, target in pairs]
    assert np.concatenate(bluer).max() <= 8


@pytest.mark.parametrize("clip", ["exposure", "flicker"])
def test_light_that_changes_makes_no_holes_and_no_white_blinks(cases: Path, shared_data: Path, clip: str) -> None:
    photo, driver = shared_data / "portraits" / "l113_neutral.jpg", cases / f"{clip}.mp4"
    still = AnimateSettings(frame="crop", size=512, end=0.4, threads=1, smooth=0.0)
    plain, targets = animated(photo, driver, AnimateSettings(**{**vars(still), "expression_light": 0.0}))
    lit, _ = animated(photo, driver, AnimateSettings(**{**vars(still), "expression_light": 1.0}))
    for one, other, target in zip(plain, lit, targets, strict=True):
        eyes = within(target, EYE_LEFT, EYE_RIGHT)
        assert not eyes.any() or np.abs(one[eyes].astype(int) - other[eyes]).mean() < 3


def test_a_dark_and_noisy_clip_paints_no_specks(cases: Path) -> None:
    settings = AnimateSettings(end=0.6, neutral=0.0, threads=1)
    moments = list(open_driver(cases / "dark.mp4", settings, finder()).frames(StageClock()))
    assert len(moments) > 10 and all("mouth_interior" not in moment.channels for moment in moments)


@pytest.fixture(scope="module")
def teeth(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip of somebody whose open mouth shows teeth."""
    return write_gallery_driver(tmp_path_factory.mktemp("teeth") / "teeth.mp4", "portrait-c049f", repeats=2)


SPEAKING = AnimateSettings(frame="crop", size=512, neutral=0.0, threads=1)


def test_teeth_of_the_grey_portrait_are_grey(teeth: Path, tmp_path: Path) -> None:
    grey = np.repeat(cv2.cvtColor(sample_photo(), cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
    save_picture(tmp_path / "grey.png", grey)
    frames, _ = animated(tmp_path / "grey.png", teeth, SPEAKING)
    assert max(int(np.ptp(frame.astype(int), axis=2).max()) for frame in frames) == 0


def test_teeth_of_the_faded_portrait_are_not_blue(teeth: Path, tmp_path: Path) -> None:
    grey = cv2.cvtColor(sample_photo(), cv2.COLOR_RGB2GRAY)[..., None].astype(float)
    faded = np.clip((0.8 * grey + 0.2 * sample_photo()) * (0.85, 0.78, 0.62) + 30, 0, 255).astype(np.uint8)
    save_picture(tmp_path / "faded.png", faded)
    frames, targets = animated(tmp_path / "faded.png", teeth, SPEAKING)
    pairs = zip(frames, targets, strict=True)
    bluer = [frame[within(target, LIPS_OUTER)].astype(int) @ (-1, 0, 1) for frame, target in pairs]
    assert np.concatenate(bluer).max() <= 8


@pytest.mark.parametrize("gain", [(1.0, 1.4), (1.0, 0.6)], ids=["exposure", "flicker"])
def test_drawn_changes_of_light_make_no_holes_and_no_white_blinks(gain: tuple[float, float], tmp_path: Path) -> None:
    save_picture(tmp_path / "photo.png", gallery_photo("portrait-l006", 2.0))
    gains = np.linspace(*gain, FRAMES) if gain[1] > 1 else np.where(np.arange(FRAMES) % 4 < 2, *gain)
    frames = [np.clip(frame * g, 0, 255).astype(np.uint8) for frame, g in zip(speaking_frames(), gains, strict=True)]
    driver = write_video(tmp_path / "light.mp4", frames, FPS)
    still = {**vars(SPEAKING), "end": 0.4, "smooth": 0.0}
    plain, targets = animated(tmp_path / "photo.png", driver, AnimateSettings(**{**still, "expression_light": 0.0}))
    lit, _ = animated(tmp_path / "photo.png", driver, AnimateSettings(**{**still, "expression_light": 1.0}))
    for one, other, target in zip(plain, lit, targets, strict=True):
        eyes = within(target, EYE_LEFT, EYE_RIGHT)
        assert not eyes.any() or np.abs(one[eyes].astype(int) - other[eyes]).mean() < 3


def test_a_darkened_and_noisy_clip_paints_no_specks(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    dark = [
        np.clip(frame * 0.12 + random.normal(0, 6, frame.shape), 0, 255).astype(np.uint8) for frame in speaking_frames()
    ]
    settings = AnimateSettings(end=0.6, neutral=0.0, threads=1)
    moments = list(open_driver(write_video(tmp_path / "dark.mp4", dark, FPS), settings, finder()).frames(StageClock()))
    assert len(moments) > 10 and all("mouth_interior" not in moment.channels for moment in moments)
