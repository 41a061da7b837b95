"""Single frames on demand are those of a stream, from any thread, and nothing unmarked or refused comes out."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from main_job import Material, shared_engine

import animato
from animato import AnimateSettings, Animator, Interactive
from animato.appearance.channels import CHANNELS
from animato.errors import RefusedError, UsageError
from animato.motion.bundled import bundled
from animato.motion.motion_file import load_motion
from animato.motion.motion_frame import MotionFrame
from animato.pipeline import nudity_gate
from animato.pipeline.interactive import open_interactive
from animato.trust.detect import detect_mark
from animato.types import Frame

SMALL = AnimateSettings(frame="crop", size=256, smooth=0.0, end=0.4)
GEOMETRY = replace(SMALL, model="geometry")


def motions(count: int) -> tuple[MotionFrame, ...]:
    return load_motion(bundled()["nod"], CHANNELS).frames[:count]


@pytest.fixture
def fixed_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give every output the same watermark."""
    monkeypatch.setattr("animato.trust.payload.secrets.randbits", lambda bits: 7)
    monkeypatch.setattr("animato.trust.watermark.secrets.randbits", lambda bits: 7)


@pytest.fixture
def face(made: Material) -> Iterator[Interactive]:
    with open_interactive(made.person, GEOMETRY, shared_engine(2)) as opened:
        yield opened


@pytest.mark.usefixtures("fixed_mark")
@pytest.mark.parametrize("settings", [SMALL, replace(GEOMETRY, frame="photo", mouth=0.5)], ids=["portrait", "photo"])
def test_frames_are_those_of_a_stream_bit_for_bit(made: Material, settings: AnimateSettings) -> None:
    with Animator() as animator, animator.stream(made.person, "nod", settings) as stream:
        streamed = list(stream)
        with animato.interactive(made.person, settings, animator=animator) as face:
            assert (face.width, face.height) == (stream.width, stream.height)
            single = [face.frame(motion) for motion in motions(len(streamed))]
    assert len(streamed) == 10
    np.testing.assert_array_equal(streamed, single)


@pytest.mark.usefixtures("fixed_mark")
def test_many_threads_get_the_frames_of_one(face: Interactive) -> None:
    wanted = motions(8)
    one = [face.frame(motion) for motion in wanted]
    with ThreadPoolExecutor(4) as pool:
        many = list(pool.map(face.frame, wanted))
    np.testing.assert_array_equal(one, many)
    many[0][:] = 0  # owned by the caller
    np.testing.assert_array_equal(face.frame(wanted[0]), one[0])


def test_every_frame_is_marked_and_labelled(face: Interactive) -> None:
    frames = [face.frame(motion) for motion in motions(4)]
    reading = detect_mark(frames)
    assert reading.found_id is not None and reading.found_id.id_text == face.mark_id
    assert face.label is not None and face.label.corner == "bottom-right"


def test_size_and_frame_are_chosen_with_options(made: Material) -> None:
    for options, side in (({"frame": "crop", "size": 640}, 640), ({"frame": "photo"}, 512)):
        with animato.interactive(made.person, GEOMETRY, **options) as face:
            assert face.frame(face.rest()).shape == (side, side, 3)


def test_a_transparent_frame_has_opacity(made: Material) -> None:
    with animato.interactive(made.person, GEOMETRY, background="none") as face:
        frame = face.frame(face.rest())
    assert frame.shape == (512, 512, 4)
    assert frame[..., 3].min() == 0 and frame[..., 3].max() == 255


def test_a_photo_that_is_refused_gives_no_frame(made: Material, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nudity_gate, "nudity_scorer", lambda engine: lambda small: 0.95)
    with animato.interactive(made.person, GEOMETRY) as face:
        for _ in range(2):  # and none later
            with pytest.raises(RefusedError, match="looks like nudity"):
                face.frame(face.rest())


def test_a_picture_of_the_driver_is_judged(face: Interactive, monkeypatch: pytest.MonkeyPatch) -> None:
    face.frame(face.rest())
    monkeypatch.setattr(face._gate._gate, "_score", lambda small: 0.95)
    face.judge("the camera", np.zeros((64, 64, 3), np.uint8))
    face._gate._gate._results[-1].exception()
    for attempt in (lambda: face.frame(face.rest()), lambda: face.begin(face.rest()), face.finish):
        with pytest.raises(RefusedError, match="the camera looks like nudity"):
            attempt()


def test_frames_are_scored_once_a_second_and_consent_with_them(made: Material, monkeypatch: pytest.MonkeyPatch) -> None:
    time, scored = [0.0], []

    def score(small: Frame) -> float:
        scored.append(time[0])
        return 0.0

    monkeypatch.setattr(nudity_gate, "nudity_scorer", lambda engine: score)
    with open_interactive(made.person, GEOMETRY, shared_engine(1)) as face:
        monkeypatch.setattr(face._gate, "_now", lambda: time[0])
        for time[0] in (0.0, 0.5, 0.99, 1.0, 1.5, 2.5):
            face.frame(face.rest())
        photos = len(made.person.photos)
        assert scored[photos:] == [0.0, 1.0, 2.5]


def test_strengths_change_between_frames_and_nothing_else_does(face: Interactive) -> None:
    nodding = max(motions(60), key=lambda motion: abs(motion.translation[1]))
    moved, still = face.frame(nodding), face.frame(face.rest())
    face.adjust(pose=0.0, mouth=0.0, eyes=0.0, brows=0.0)
    assert face.settings.pose == 0.0
    held = face.frame(nodding)
    assert np.abs(held.astype(int) - still).mean() < 0.7 * np.abs(moved.astype(int) - still).mean()
    with pytest.raises(UsageError, match="`size` cannot be changed between frames"):
        face.adjust(size=256)
    with pytest.raises(UsageError, match="`pose` must be at most 2"):
        face.adjust(pose=3.0)


def test_cheaper_levels_give_frames_of_the_same_size(made: Material) -> None:
    levels = [replace(GEOMETRY, size=128)]
    with open_interactive(made.person, replace(GEOMETRY, size=512), shared_engine(2), cheaper=levels) as face:
        best = face.frame(face.rest())
        face.level = 1
        cheap = face.frame(face.rest())
    assert best.shape == cheap.shape == (512, 512, 3)
    assert 0 < np.abs(best.astype(int) - cheap).mean() < 12
    with pytest.raises(ValueError, match="same size"):
        open_interactive(made.person, GEOMETRY, shared_engine(2), cheaper=[replace(GEOMETRY, size=640)])


def test_a_closed_one_says_so(made: Material, out: Path) -> None:
    face = animato.interactive(made.person, GEOMETRY)
    face.close()
    face.close()
    with pytest.raises(UsageError, match="closed"):
        face.frame(face.rest())


def test_an_expired_head_is_refused(made: Material) -> None:
    consent = replace(made.person.consent, expires="2001-01-01")
    with pytest.raises(RefusedError):
        animato.interactive(replace(made.person, consent=consent), GEOMETRY)
    assert inspect.signature(animato.interactive).parameters["animator"].default is None


def test_a_level_that_is_added_later_renders_frames_of_the_same_size(made: Material) -> None:
    engine = shared_engine(1)
    with open_interactive(made.person, GEOMETRY, engine) as face:
        full = face.frame(face.rest())
        face.add_level(replace(GEOMETRY, size=128), engine)
        assert face.levels == 2 and np.array_equal(face.frame(face.rest()), full), "the first stays in use"
        face.level = 1
        reduced = face.frame(face.rest())
        assert reduced.shape == full.shape and not np.array_equal(reduced, full)
        with pytest.raises(ValueError, match="the same size"):
            face.add_level(replace(GEOMETRY, size=640), engine)
    with pytest.raises(UsageError, match="is closed"):
        face.add_level(GEOMETRY, engine)
