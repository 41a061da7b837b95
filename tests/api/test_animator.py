"""The animator: one engine for many heads, streams, and several heads in one output."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from main_job import Material, finder, read_frames
from sample_photo import sample_photo

import animato
from animato import AnimateSettings, Animator, Head
from animato.errors import UsageError

SHORT = AnimateSettings(end=0.2, model="geometry")
CROP = AnimateSettings(frame="crop", size=256, end=0.2, model="geometry")


@pytest.fixture(scope="module")
def animator() -> Animator:
    return Animator(threads=1)


def two_faces() -> np.ndarray:
    """One picture with the portrait twice."""
    return np.concatenate([sample_photo()] * 2, axis=1)


def test_a_head_of_an_animator_is_animated_by_it(animator: Animator, made: Material) -> None:
    head = animator.head(made.photo)
    with head.animate("nod", CROP, pose=0.5) as stream:
        assert (stream.width, stream.height, stream.fps) == (512, 512, 25)
        frames = list(stream)
    assert len(frames) == 5
    assert any("enlarged" in sentence for sentence in stream.warnings)


def test_a_head_without_an_animator_says_what_to_call(made: Material) -> None:
    with pytest.raises(UsageError, match="belongs to no Animator"):
        made.person.animate("nod")


def test_options_are_fields_of_the_settings(animator: Animator, made: Material) -> None:
    with pytest.raises(UsageError, match="unknown setting 'mouht'"):
        animator.stream(made.person, "nod", mouht=1.0)
    with pytest.raises(UsageError, match="mouth"):
        animator.stream(made.person, "nod", CROP, mouth=9.0)


def test_a_closed_animator_renders_nothing_more(made: Material) -> None:
    with Animator() as animator:
        pass
    with pytest.raises(UsageError, match="this Animator is closed"):
        animator.stream(made.person, "nod")


def test_two_heads_of_one_photo_move_in_it_each_by_its_own_driver(animator: Animator, out: Path) -> None:
    photo = two_faces()
    left, right = (animator.head(photo, face) for face in ("left", "right"))
    result = animator.run([(left, "nod"), (right, "smile")], out / "both.mp4", SHORT, end=0.6, crf=8)
    assert (result.width, result.height) == (photo.shape[1], photo.shape[0])
    both = read_frames(out / "both.mp4")
    animator.animate(left, "nod", out / "left.mp4", SHORT, end=0.6, crf=8)
    alone = read_frames(out / "left.mp4")
    middle = photo.shape[1] // 2
    away = slice(0, middle - 120), slice(middle + 120, None)
    for one, two in zip(alone, both, strict=True):
        assert np.abs(one[:, away[0]].astype(int) - two[:, away[0]]).mean() < 4.0, "codec and mark"
    assert np.abs(alone[-1][:, away[1]].astype(int) - both[-1][:, away[1]]).max() > 20, "the right one moves, too"


def test_heads_of_several_photos_stand_side_by_side(animator: Animator, made: Material, out: Path) -> None:
    small = animator.head(sample_photo()[:, 20:480])
    result = animator.run([(made.person, "nod"), (small, "nod")], out / "two.mp4", SHORT)
    assert result.height == 512
    assert result.width > 900
    assert result.frames == 5


def test_an_actor_whose_driver_is_over_stands_still(animator: Animator, made: Material, out: Path) -> None:
    animator.record(made.driver, out / "short.motion", end=0.2)
    left, right = (animator.head(two_faces(), face) for face in ("left", "right"))
    result = animator.run([(left, "nod"), (right, out / "short.motion")], out / "a.mp4", SHORT, end=0.4)
    assert result.frames == 10


def test_both_photos_and_drivers_are_named_in_the_credentials(animator: Animator, made: Material, out: Path) -> None:
    other = animator.head(made.photo)
    animator.run([(other, "nod"), (animator.head(two_faces(), "left"), made.driver)], out / "a.mp4", SHORT)
    report = animato.verify(out / "a.mp4")
    assert report.exit_code == 0, report.sentences()


def test_nobody_is_refused(animator: Animator, out: Path) -> None:
    with pytest.raises(UsageError, match="the list of heads and drivers is empty"):
        animator.run([], out / "a.mp4")


def test_an_existing_output_is_replaced_only_when_asked(animator: Animator, made: Material, out: Path) -> None:
    animator.animate(made.person, "nod", out / "a.mp4", CROP)
    with pytest.raises(UsageError, match="exists already"):
        animator.animate(made.person, "nod", out / "a.mp4", CROP)
    animator.animate(made.person, "nod", out / "a.mp4", CROP, overwrite=True)


def test_a_stream_left_early_leaves_no_thread(animator: Animator, made: Material) -> None:
    import threading

    before = threading.active_count()
    with animator.stream(made.person, made.driver, CROP, end=None) as stream:
        next(stream)
    assert threading.active_count() == before


def test_a_head_is_not_looked_for_again(animator: Animator, made: Material) -> None:
    head = Head.from_photos(made.photo, finder=finder())
    assert animator.head(head).photo is head.photo
