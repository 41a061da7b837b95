"""Systems that render through the pipeline are moved by the pipeline's own driver."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from animato.drivers.video import VideoDriver
from animato.evaluation.crop import Crop
from animato.evaluation.metrics.pixels import psnr
from animato.evaluation.systems import pipeline
from animato.evaluation.systems.base import RenderRequest
from animato.evaluation.systems.pipeline import select_frames
from animato.evaluation.systems.portrait import AnimateSystem, animate_settings
from animato.head.head import Head
from animato.motion.retarget import Target
from animato.pipeline.factory import make_renderer, single_actor_scene
from animato.pipeline.flow import frames_of
from animato.renderers.base import Paint
from animato.renderers.warp.renderer import GeometryRenderer
from animato.runtime.stage_clock import StageClock
from animato.settings.animate import AnimateSettings
from animato.settings.evaluation import EvaluateSettings
from animato.tracking.face_finder import FaceFinder

from .conftest import DrawnFootage

SETTINGS = AnimateSettings(model="geometry", threads=1)


def request(clip: DrawnFootage, wanted: tuple[int, ...], photo_times: tuple[float, ...] | None) -> RenderRequest:
    return RenderRequest(clip, wanted, tuple(index / clip.fps for index in wanted), photo_times)


def test_geometry_follows_a_face_that_slides(sliding: DrawnFootage, finder: FaceFinder) -> None:
    # The whole picture slides: what moves all of it would be taken out as movement of the camera.
    system = AnimateSystem("geometry", replace(SETTINGS, stabilize=False), finder=finder)
    system.prepare([sliding.picture(0)])
    still, moved = system.render(request(sliding, (0, 6), (0.0,)))
    crop = Crop.around(finder.find(sliding.picture(0))[0].points, 256, 320, 320)
    still, moved = (crop.scaled(sliding.picture(0), frame).cut(frame) for frame in (still, moved))
    truth = [crop.cut(sliding.picture(index)) for index in (0, 6)]
    face = np.s_[70:200, 70:190]
    assert psnr(still[face], truth[0][face]) > 30, "at rest it is the photo"
    assert psnr(moved[face], truth[1][face]) > psnr(truth[0][face], truth[1][face]) + 5


def test_its_frames_are_the_frames_of_the_pipeline(sliding: DrawnFootage, finder: FaceFinder) -> None:
    short = replace(sliding, count=6)
    system = AnimateSystem("geometry", SETTINGS, finder=finder)
    system.prepare([short.picture(0)])
    made = list(system.render(request(short, (1, 2, 5), None)))
    person = Head.from_photos([short.picture(0)], finder=finder)
    framing, renderer = make_renderer(person, SETTINGS, finder.engine)
    driver = VideoDriver(Path("slide.mp4"), SETTINGS, finder, opener=short.open)
    scene = single_actor_scene(framing, driver, renderer, SETTINGS)
    with closing(frames_of(scene, StageClock())) as frames:
        expected = list(frames)
    assert len(expected) == 6
    for frame, index in zip(made, (1, 2, 5), strict=True):
        np.testing.assert_array_equal(frame, expected[index])


def test_only_the_requested_frames_are_rendered(
    sliding: DrawnFootage, finder: FaceFinder, monkeypatch: pytest.MonkeyPatch
) -> None:
    warped: list[int] = []
    warp = GeometryRenderer.warp

    def counted(renderer: GeometryRenderer, target: Target, clock: StageClock) -> Paint:
        warped.append(1)
        return warp(renderer, target, clock)

    monkeypatch.setattr(GeometryRenderer, "warp", counted)
    system = AnimateSystem("geometry", SETTINGS, finder=finder)
    system.prepare([sliding.picture(0)])
    assert len(list(system.render(request(replace(sliding, count=6), (1, 5), (0.0,))))) == 2
    assert len(warped) == 2


def test_movement_is_measured_from_the_moment_of_the_animated_photo(
    sliding: DrawnFootage, finder: FaceFinder, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[AnimateSettings] = []

    class Listening(VideoDriver):
        def __init__(self, path, settings, finder, *, opener) -> None:  # type: ignore[no-untyped-def]
            asked.append(settings)
            super().__init__(path, settings, finder, opener=opener)

    monkeypatch.setattr(pipeline, "VideoDriver", Listening)
    photos = [sliding.picture(3), sliding.picture(0), sliding.picture(9)]
    animated = Head.from_photos(photos, finder=finder).photo.image
    chosen = next(number for number, photo in enumerate(photos) if np.array_equal(photo, animated))
    system = AnimateSystem("geometry", SETTINGS, finder=finder)
    system.prepare(photos)
    next(iter(system.render(request(sliding, (4,), (0.12, 0.0, 0.36)))))
    next(iter(system.render(request(sliding, (4,), None))))
    assert [settings.neutral for settings in asked] == [(0.12, 0.0, 0.36)[chosen], None]


def test_movement_settings_of_the_evaluation_reach_the_main_job() -> None:
    assert animate_settings(EvaluateSettings()) == AnimateSettings(turn="free"), "large turns are scored as they are"
    assert animate_settings(EvaluateSettings(turn="eased")) == AnimateSettings()
    asked = animate_settings(EvaluateSettings(smooth=0.0, stabilize=False, mouth=0.5, threads=1))
    assert asked == AnimateSettings(turn="free", smooth=0.0, stabilize=False, mouth=0.5, threads=1)


def test_frames_are_picked_by_number_and_no_more_are_read() -> None:
    source = iter([np.full((1, 1, 3), number, np.uint8) for number in range(9)])
    assert [int(frame[0, 0, 0]) for frame in select_frames(source, [1, 3, 3, 4])] == [1, 3, 3, 4]
    assert int(next(source)[0, 0, 0]) == 5


def test_an_output_made_larger_is_cut_where_the_photo_is() -> None:
    photo = np.zeros((101, 201, 3), np.uint8)
    crop = Crop((10.0, 20.0, 50.0), 64)
    assert crop.scaled(photo, photo) == crop
    assert crop.scaled(photo, np.zeros((300, 600, 3), np.uint8)).square == (30.0, 60.0, 150.0)
