"""The picture around the moving head stays as it was, at its own resolution, and never too small for the mark."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from main_job import Material, finder, prepared, read_frames, unmarked
from PIL import Image
from sample_photo import sample_photo

import animato
from animato import AnimateSettings, Head
from animato.geometry.crop import head_square
from animato.types import Frame

SHORT = 0.12


def enlarged(width: int, height: int) -> Frame:
    """The portrait, stretched to another size."""
    return np.asarray(cv2.resize(sample_photo(), (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def outside(person: Head, margin: int = 2) -> np.ndarray:
    """True for the pixels of the photo that the animated square does not reach."""
    left, top, side = head_square(person.photo.face.points)
    away = np.ones(person.photo.image.shape[:2], bool)
    low_x, low_y = max(0, int(left) - margin), max(0, int(top) - margin)
    away[low_y : int(top + side) + margin, low_x : int(left + side) + margin] = False
    return away


def test_the_photo_outside_the_square_is_untouched_before_marking(made: Material) -> None:
    away = outside(made.person)
    assert away.mean() > 0.2
    for frame in unmarked(made.person, "nod", AnimateSettings(end=0.4)):
        np.testing.assert_array_equal(frame[away], made.person.photo.image[away])


def test_the_photo_outside_the_square_is_still_in_the_finished_file(made: Material, out: Path) -> None:
    animato.animate(made.person, "nod", out / "a.mp4", AnimateSettings(end=0.6, crf=10, no_label="private"))
    away, frames = outside(made.person, 8), read_frames(out / "a.mp4")
    still = made.person.photo.image[away].astype(np.int16)
    inside = made.person.photo.image[~away].astype(np.int16)
    moved = [float(np.abs(frame[~away] - inside).mean()) for frame in frames]
    kept = [float(np.abs(frame[away] - still).mean()) for frame in frames]
    assert max(kept) < 3.0, "codec and mark change 2 levels"
    assert max(moved) > 2 * max(kept), "the head did move"


@pytest.mark.parametrize(("width", "height"), [(640, 800), (1100, 700)])
def test_a_photo_keeps_its_own_resolution(width: int, height: int) -> None:
    person = Head.from_photos([enlarged(width, height)], finder=finder())
    scene, framing = prepared(person, "nod", AnimateSettings(end=SHORT))
    assert (scene.compositor.width, scene.compositor.height, framing.warnings) == (width, height, ())


def test_a_photo_of_a_phone_held_upright_stays_upright(tmp_path: Path) -> None:
    lying = Image.fromarray(np.ascontiguousarray(np.rot90(enlarged(600, 800))))
    tags = Image.Exif()
    tags[0x0112] = 6  # the camera was turned: show it a quarter further clockwise
    lying.save(tmp_path / "phone.jpg", exif=tags)
    person = Head.from_photos([tmp_path / "phone.jpg"], finder=finder())
    scene, _ = prepared(person, "nod", AnimateSettings())
    assert lying.size == (800, 600)
    assert (scene.compositor.width, scene.compositor.height) == (600, 800)
    eyes, chin = person.photo.face.points[168, 1], person.photo.face.points[152, 1]
    assert chin > eyes


def test_a_photo_with_odd_sides_loses_one_row_and_one_column() -> None:
    person = Head.from_photos([enlarged(641, 801)], finder=finder())
    frames = unmarked(person, "nod", AnimateSettings(end=SHORT))
    assert {frame.shape for frame in frames} == {(800, 640, 3)}


def test_a_small_photo_is_enlarged_and_says_so(out: Path) -> None:
    result = animato.animate(enlarged(330, 420), "nod", out / "a.mp4", AnimateSettings(end=SHORT))
    assert (result.width, result.height) == (512, 652)
    assert any("330 x 420" in sentence and "512 x 652" in sentence for sentence in result.warnings)
    assert read_frames(out / "a.mp4")[0].shape == (652, 512, 3)


def test_a_large_photo_is_reduced_to_the_longest_side_and_says_so(out: Path) -> None:
    settings = AnimateSettings(end=SHORT, max_side=800)
    result = animato.animate(enlarged(1500, 1200), "nod", out / "a.mp4", settings)
    assert (result.width, result.height) == (800, 640)
    assert any("`max_side`" in sentence for sentence in result.warnings)


def test_a_crop_is_512_pixels_unless_asked_otherwise(made: Material) -> None:
    sizes = {
        size: prepared(made.person, "nod", AnimateSettings(frame="crop", size=size))[0].compositor.width
        for size in (None, 512, 640, 1024)
    }
    assert sizes == {None: 512, 512: 512, 640: 640, 1024: 1024}


def test_a_small_crop_is_enlarged_for_its_mark_and_says_so(made: Material, out: Path) -> None:
    settings = AnimateSettings(frame="crop", size=192, end=SHORT)
    result = animato.animate(made.person, "nod", out / "a.mp4", settings)
    assert (result.width, result.height) == (512, 512)
    assert any("192 px crop is enlarged to 512 px" in sentence for sentence in result.warnings)


def test_a_flat_picture_says_that_its_mark_may_not_survive() -> None:
    wide = np.full((300, 1600, 3), 120, np.uint8)
    wide[:, 700:1000] = enlarged(512, 512)[40:340, 70:370]
    person = Head.from_photos([wide], finder=finder())
    scene, framing = prepared(person, "nod", AnimateSettings(max_side=1024))
    assert (scene.compositor.width, scene.compositor.height) == (1024, 192)
    assert any("watermark may not survive" in sentence for sentence in framing.warnings)
