"""Promises of the visible label: on every output unless a reason is given, readable, never over a face, recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from main_job import Material, finder, read_frames, unmarked

import animato
from animato import AnimateSettings
from animato.drivers.opening import open_driver
from animato.errors import UsageError
from animato.media.image import load_picture
from animato.media.label_patch import label_patch
from animato.motion.bundled import find_driver
from animato.pipeline.actor import Cast
from animato.pipeline.label import Box, Label, place_label
from animato.pipeline.output import Watermarker
from animato.pipeline.signing import ground_of
from animato.settings.consent import Consent
from animato.settings.label import LabelSettings, label_corner
from animato.trust.detect import detect_mark
from animato.trust.verify import verify_file
from animato.types import Frame

TEXT = "AI-generated"
SMALL = AnimateSettings(frame="crop", end=0.12)
CORNERS = ("bottom-right", "bottom-left", "top-right", "top-left")


def likeness(frame: Frame, label: Label, scale: float = 1.0, off: int = 2) -> float:
    """Correlation of the label's own letters with a frame at the label's place, both reduced by `scale`."""
    rows, columns = label.rows, label.columns
    part = frame[max(0, rows.start - off) : rows.stop + off, max(0, columns.start - off) : columns.stop + off]
    letters = label.patch.colours
    part, letters = (
        cv2.cvtColor(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
        for image in (part, letters)
    )
    return float(cv2.matchTemplate(part, letters, cv2.TM_CCOEFF_NORMED).max())


def box_of(label: Label) -> Box:
    return label.columns.start, label.rows.start, label.columns.stop, label.rows.stop


def shares(a: Box, b: Box) -> bool:
    return min(a[2], b[2]) > max(a[0], b[0]) and min(a[3], b[3]) > max(a[1], b[1])


@pytest.mark.parametrize("name", ["a.mp4", "a.webm", "a.gif", "a.mov", "frames"])
def test_every_format_shows_the_label_in_every_frame(made: Material, out: Path, name: str) -> None:
    animato.animate(made.person, "nod", out / name, SMALL)
    target = out / name
    frames = [load_picture(f).image for f in sorted(target.iterdir())] if target.is_dir() else read_frames(target)
    label = place_label(TEXT, "bottom-right", *frames[0].shape[1::-1], [])
    assert all(likeness(frame, label) > 0.9 for frame in frames)
    assert all(likeness(frame, label, 0.5) > 0.85 for frame in frames), "readable at half scale"
    assert verify_file(target).credentials.label is not None


def test_frames_of_the_library_show_it_in_the_corner_of_choice(made: Material) -> None:
    for corner in CORNERS:
        label = place_label(TEXT, corner, 512, 512, [])
        frames = list(animato.render(made.person, "nod", SMALL, label=corner))
        assert label.corner == corner
        assert min(likeness(frame, label) for frame in frames) > 0.9


def test_without_a_label_frames_are_those_of_the_pipeline(made: Material, out: Path) -> None:
    target = out / "a.mp4"
    animato.animate(made.person, "nod", target, SMALL, no_label="private")
    label = place_label(TEXT, "bottom-right", 512, 512, [])
    plain = unmarked(made.person, "nod", SMALL)
    assert all(likeness(frame, label) < 0.5 for frame in [*read_frames(target), *plain])


def test_the_reason_for_no_label_stands_in_the_credentials(made: Material, out: Path) -> None:
    animato.animate(made.person, "nod", out / "a.mp4", SMALL, no_label="art")
    report = verify_file(out / "a.mp4")
    assert report.to_json()["credentials"]["label"] == {"visible": False, "reason": "art"}
    assert 'Visible label: none; the reason given is "art".' in report.sentences()


def test_the_credentials_name_text_and_corner(made: Material, out: Path) -> None:
    animato.animate(made.person, "nod", out / "a.gif", SMALL, label="top-left", label_text="AI: not real")
    report = verify_file(out / "a.gif")
    expected = {"visible": True, "text": "AI: not real", "corner": "top-left"}
    assert report.to_json()["credentials"]["label"] == expected
    assert 'Visible label, according to the credentials: "AI: not real", top-left.' in report.sentences()


def test_over_nothing_the_label_is_opaque(made: Material) -> None:
    frame = next(animato.render(made.person, "nod", SMALL, background="none"))
    label = place_label(TEXT, "bottom-right", 512, 512, [])
    inner = frame[label.rows, label.columns, 3][4:-4, 4:-4]
    assert inner.min() == 255
    assert likeness(np.ascontiguousarray(frame[..., :3]), label) > 0.95


@pytest.mark.parametrize("size", [(512, 512), (1920, 1080), (608, 1080), (4096, 2731)])
@pytest.mark.parametrize("corner", CORNERS)
def test_the_label_never_lies_over_a_face_that_leaves_room(size: tuple[int, int], corner: str) -> None:
    width, height = size
    label = place_label(TEXT, corner, width, height, [])  # type: ignore[arg-type]
    x0, y0, x1, y1 = box_of(label)
    assert x0 >= 0 and y0 >= 0 and x1 <= width and y1 <= height
    # A face in every corner in turn, and one that leaves a strip at one side only.
    faces: list[Box] = [box_of(place_label(TEXT, each, width, height, [])) for each in CORNERS]  # type: ignore[arg-type]
    faces += [(0, 0, width, height * 0.9), (0, height * 0.1, width, height)]
    for face in faces:
        assert not shares(box_of(place_label(TEXT, corner, width, height, [face])), face)  # type: ignore[arg-type]
    assert not any(shares(box_of(_placed(corner, size, faces[:4])), face) for face in faces[:4]), "a free edge"


def _placed(corner: str, size: tuple[int, int], faces: Sequence[Box]) -> Label:
    return place_label(TEXT, corner, *size, faces)  # type: ignore[arg-type]


def test_a_label_that_was_moved_is_told() -> None:
    moved = place_label(TEXT, "bottom-right", 512, 512, [(300, 400, 512, 512)])
    assert moved.warnings == ("the label lies at bottom-left, because the face is at bottom-right",)
    covering = place_label(TEXT, "bottom-right", 512, 512, [(0, 0, 512, 512)])
    assert "covers a part of it" in covering.warnings[0]


def test_the_label_grows_with_the_picture_and_a_long_one_fits() -> None:
    small, large = (place_label(TEXT, "top-left", side, side, []).patch for side in (512, 2048))
    assert large.width == pytest.approx(4 * small.width, rel=0.06)
    for text in ("W" * 32, "x" * 32):
        assert place_label(text, "top-left", 512, 600, []).patch.width <= 512


def test_the_mark_is_read_as_well_under_a_label() -> None:
    rng = np.random.default_rng(3)
    noise = rng.normal(128, 30, (512, 512, 3)).clip(0, 255).astype(np.uint8)
    picture = np.asarray(cv2.GaussianBlur(noise, (0, 0), 2), np.uint8)
    watermarker = Watermarker(label=place_label(TEXT, "bottom-right", 512, 512, []))
    labelled = detect_mark([watermarker.frame(picture.copy())])
    watermarker.label = None
    plain = detect_mark([watermarker.frame(picture.copy())])
    assert labelled.found_id == plain.found_id == watermarker.payload
    assert labelled.z > 0.93 * plain.z


def test_the_letters_are_bright_on_a_dark_plate_on_any_ground() -> None:
    patch = label_patch(TEXT, 21)
    for ground in (0, 128, 255):
        frame = np.full((patch.height, patch.width, 3), ground, np.uint8)
        Label(patch, 0, 0, "top-left").draw(frame)
        letters, plate = frame[patch.colours > 240], frame[8:-8, 2:5]
        assert letters.min() > 225 and plate.max() < 90


def test_who_gets_a_label_by_default() -> None:
    default = LabelSettings()
    assert [label_corner(default, ground) for ground in (None, "self", "other-consented", "deceased")] == [
        "bottom-right"
    ] * 4
    assert label_corner(default, "not-a-person") is None
    assert label_corner(LabelSettings(label="top-left"), "not-a-person") == "top-left"
    assert label_corner(LabelSettings(no_label="private"), None) is None


def test_a_painting_beside_a_person_is_no_ground_to_leave_the_label_out(made: Material) -> None:
    painting = replace(made.person, consent=Consent("not-a-person"))
    driver = open_driver(find_driver("nod"), SMALL, finder())
    assert ground_of([Cast(painting, driver)], SMALL) == "not-a-person"
    assert ground_of([Cast(painting, driver), Cast(made.person, driver)], SMALL) is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"label_text": "généré"}, "'é', which the label's font does not have"),
        ({"label_text": "生成"}, "font does not have"),
        ({"label_text": " "}, "2 to 32 characters"),
        ({"label_text": "x" * 33}, "2 to 32 characters"),
        ({"label": "middle"}, "`label` cannot be 'middle'"),
        ({"no_label": "because"}, "`no_label` cannot be 'because'"),
        ({"no_label": "art", "label": "top-left"}, "exclude each other"),
    ],
)
def test_labels_that_cannot_be_drawn_or_reasons_that_are_none_are_refused(
    options: dict[str, str], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        AnimateSettings(**options)  # type: ignore[arg-type]
