"""The report card says what photos support and which photo would help, on real faces, good and bad."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache

import cv2
import numpy as np
import pytest
from gallery_faces import gallery_driver, gallery_photo

from animato.head.head import Head
from animato.head.report import NOT_ANALYSED, TOPICS, HeadReport
from animato.motion.supported_turn import BENT_YAW, CLOSED_YAW, SIDE_YAW
from animato.tracking.face_finder import FaceFinder
from animato.types import Frame


@cache
def good_photo() -> Frame:
    """A sharp, neutral portrait in even light before a plain wall."""
    return gallery_photo("portrait-c049f", 2.6)


@pytest.fixture(scope="module")
def good(face_finder: FaceFinder) -> Head:
    return Head.from_photos([good_photo()], finder=face_finder)


def report(finder: FaceFinder, *photos: Frame) -> HeadReport:
    return Head.from_photos(list(photos), finder=finder).report


def improvements(card: HeadReport, topic: str) -> str:
    return " ".join(item.sentence for item in card.findings() if item.topic == topic and not item.good)


def test_a_good_portrait_lacks_only_photos_from_the_sides_and_teeth(good: Head) -> None:
    card = good.report
    assert [item.topic for item in card.findings() if not item.good] == ["turn", "teeth"]
    assert {item.topic for item in card.findings()} == set(TOPICS) - {"cover"}
    assert "add a photo in which the face looks towards the left edge of the picture" in improvements(card, "turn")
    assert card.turn.towards("left") == pytest.approx(CLOSED_YAW)
    assert card.turn.towards("right") == pytest.approx(CLOSED_YAW)


def test_improvements_come_first_in_the_order_of_what_helps_most(face_finder: FaceFinder, portrait: Frame) -> None:
    for card in (report(face_finder, portrait), report(face_finder, good_photo())):
        keys = [(item.good, TOPICS.index(item.topic)) for item in card.findings()]
        assert keys == sorted(keys)
        assert card.sentences() == [item.sentence for item in card.findings()]


def test_a_blurred_photo_is_said_to_be_out_of_focus(face_finder: FaceFinder) -> None:
    card = report(face_finder, np.asarray(cv2.GaussianBlur(good_photo(), (0, 0), 7), np.uint8))
    assert card.quality.blurred
    assert improvements(card, "sharpness") == "The face is out of focus. Use a sharp photo."
    assert card.findings()[0].topic == "sharpness"


def test_a_dark_photo_needs_light_and_is_not_judged_for_focus(face_finder: FaceFinder) -> None:
    card = report(face_finder, (good_photo() * 0.2).astype(np.uint8))
    assert "Use a photo with more light on the face." in improvements(card, "light")
    assert not improvements(card, "sharpness")


def test_light_from_one_side_coloured_light_and_lack_of_colour_are_said(face_finder: FaceFinder) -> None:
    photo = good_photo().astype(np.float32)
    ramp = np.clip(np.linspace(-0.6, 2.0, photo.shape[1], dtype=np.float32), 0.3, 1.1)[None, :, None]
    from_the_side = np.clip(photo * ramp, 0, 255).astype(np.uint8)
    coloured = np.clip(photo * (0.4, 0.8, 1.4), 0, 255).astype(np.uint8)
    grey = np.repeat(cv2.cvtColor(good_photo(), cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
    assert "Use a photo with even light." in improvements(report(face_finder, from_the_side), "light")
    assert "strongly coloured" in improvements(report(face_finder, coloured), "light")
    assert "little colour" in improvements(report(face_finder, grey), "light")


def test_the_packaged_portrait_is_small_and_laughs_with_teeth(face_finder: FaceFinder, portrait: Frame) -> None:
    card = report(face_finder, portrait)
    assert "only 109 pixels across" in improvements(card, "sharpness")
    assert "closed lips" in improvements(card, "expression")
    assert "neutral photo" in improvements(card, "expression")
    assert card.teeth and not improvements(card, "teeth")
    assert card.eyes_open


def test_a_photo_that_shows_teeth_is_found_among_several(face_finder: FaceFinder, portrait: Frame) -> None:
    card = report(face_finder, good_photo(), portrait)
    assert card.photos == 2
    assert not card.mouth_open, "of the animated photo"
    assert card.teeth


def test_closed_eyes_are_said(good: Head) -> None:
    card = replace(good.report, eyes_open=False)
    assert improvements(card, "eyes") == "The eyes are closed or nearly so. Use a photo with open eyes."


def test_a_doubted_outline_says_why_and_supports_less_turn(face_finder: FaceFinder) -> None:
    """Where a stripe of the wall's colour crosses the face, the outline of the person is not to be trusted."""
    head = Head.from_photos([good_photo()], finder=face_finder)
    assert head.photo.parts is not None
    hollow = head.photo.parts.probabilities.copy()
    side = hollow.shape[1]
    hollow[0, side // 3 : side // 2] = 255
    doubted = Head((replace(head.photo, parts=replace(head.photo.parts, probabilities=hollow)),), head.consent)

    said = improvements(doubted.report, "outline")

    assert said.startswith("The outline of the person"), said
    assert "Use a photo before a plain background." in said
    assert doubted.report.turn.towards("left") == pytest.approx(BENT_YAW)
    assert not improvements(head.report, "outline")


def test_a_cropped_head_needs_space_around_it(face_finder: FaceFinder, portrait: Frame) -> None:
    card = report(face_finder, np.ascontiguousarray(portrait[60:]))
    assert "(top). Use one with space around the head." in improvements(card, "outline")
    assert card.turn.towards("right") == pytest.approx(BENT_YAW)


def test_a_head_saved_before_outlines_were_known_is_to_be_saved_again(good: Head) -> None:
    card = Head((replace(good.photo, parts=None),), good.consent).report
    assert card.outline_doubt == NOT_ANALYSED
    assert "Save the head again from its photos." in improvements(card, "outline")


def test_a_photo_from_the_side_widens_the_turn_to_that_side(face_finder: FaceFinder) -> None:
    _, _, straight, turned, *_ = gallery_driver("turned-rendered", 2.0)
    alone, together = report(face_finder, straight), report(face_finder, straight, turned)
    between = alone.turn.origin[0] - Head.from_photos([turned], finder=face_finder).photo.pose.degrees()[0]
    assert together.turn.towards("left") == pytest.approx(between + SIDE_YAW, abs=2.0)
    assert together.turn.towards("left") > alone.turn.towards("left")
    assert together.turn.towards("right") == pytest.approx(alone.turn.towards("right"))
    assert "looks towards the left edge" in improvements(alone, "turn")
    assert "looks towards the left edge" not in improvements(together, "turn")


def test_a_card_survives_json_and_is_refused_when_it_is_not_one(good: Head) -> None:
    header = json.loads(json.dumps(good.report.to_header()))
    assert HeadReport.from_header(header) == good.report
    for damage in ({"photos": "two"}, {"turn": {}}, {"quality": None}, {"teeth": 1}, {"cut": [3]}):
        with pytest.raises((KeyError, TypeError, ValueError)):
            HeadReport.from_header({**header, **damage})


def test_json_says_the_turn_to_each_side_and_the_findings(good: Head) -> None:
    values = json.loads(json.dumps(good.report.to_json()))
    assert set(values["turn"]) == {"left", "right", "up", "down"}
    assert values["quality"]["face_width"] == pytest.approx(good.report.quality.face_width)
    assert [item["sentence"] for item in values["findings"]] == good.report.sentences()
