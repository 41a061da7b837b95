"""Bad input ends in a sentence, a remedy, the documented exit code, and an output folder with nothing in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from main_job import Material, finder

from animato.geometry.pose import HeadPose, fit_pose, local_from_points, points_from_local, rotation_exp
from animato.motion.bundled import bundled

Refuse = Callable[..., str]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nowhere.jpg", "no such file"),
        ("text.jpg", "not a picture"),
        ("bomb.png", "too large"),
        ("empty.png", "is empty"),
        ("half.png", "damaged or cut short"),
        ("wall.png", "no face found in wall.png"),
        ("far.png", "too small"),
        ("edge.png", "cut off by the edge"),
        (".", "is a folder"),
    ],
)
def test_a_photo_that_cannot_be_used_is_refused(refuse: Refuse, bad: Path, name: str, words: str) -> None:
    assert words in refuse(photo=bad / name, driver="nod")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nowhere.mp4", "no such file"),
        ("text.mp4", "not a video"),
        ("text.motion", "not a motion file"),
        ("half.mp4", "damaged or cut short"),
        ("zero.mp4", "no frame|no video|damaged|empty"),
        ("wall.png", "give a picture as a photo; --driver moves"),
        (".", "is a folder"),
    ],
)
def test_a_driver_that_cannot_be_used_is_refused(refuse: Refuse, bad: Path, name: str, words: str) -> None:
    said = refuse(driver=bad / name)
    assert any(word in said for word in words.split("|"))


def test_a_video_in_the_place_of_the_photo_is_told_where_it_belongs(refuse: Refuse, made: Material) -> None:
    said = refuse(photo=made.driver, driver=made.photo)
    assert "is a video file, not a picture" in said
    assert "give a video as --driver" in said


def test_a_damaged_sound_as_driver_is_refused(refuse: Refuse, bad: Path, made: Material) -> None:
    broken = bad / "broken.wav"
    broken.write_bytes(made.speech.read_bytes()[:16])
    assert "damaged or cut short" in refuse(driver=broken)


def test_an_unknown_movement_names_those_that_are_bundled(refuse: Refuse) -> None:
    said = refuse(driver="noddd")
    assert all(name in said for name in ("noddd", *bundled()))


def test_a_driver_without_a_face_is_refused(refuse: Refuse, made: Material) -> None:
    assert "no face found in the driver wall.mp4" in refuse(driver=made.faceless)


@pytest.mark.parametrize(
    ("sound", "name"),
    [
        ("nowhere.wav", "a.mp4"),
        ("nowhere.wav", "frames"),
        ("text.wav", "a.mp4"),
        ("text.wav", "a.webm"),
        ("wall.png", "a.mp4"),
    ],
)
def test_a_sound_that_cannot_be_used_is_refused(refuse: Refuse, bad: Path, sound: str, name: str) -> None:
    assert sound in refuse("--audio", str(bad / sound), driver="nod", name=name)


@pytest.mark.parametrize("name", ["nowhere.animato", "text.jpg"])
def test_a_person_file_that_cannot_be_used_is_refused(refuse: Refuse, bad: Path, name: str) -> None:
    assert name in refuse("--model", "paper", "--person", str(bad / name), driver="nod", hint=False)


def test_a_face_that_is_not_there_is_refused_with_the_number_that_are(refuse: Refuse) -> None:
    assert "no face number 9: 1 found" in refuse("--face", "9", driver="nod")


def test_a_driver_face_that_is_not_there_is_refused(refuse: Refuse) -> None:
    said = refuse("--driver-face", "9")
    assert "speaker.mp4" in said
    assert "--driver-face largest" in said


def test_a_face_turned_away_is_refused(refuse: Refuse, made: Material, monkeypatch: pytest.MonkeyPatch) -> None:
    face = made.person.photo.face
    pose = fit_pose(face.points)
    away = HeadPose(rotation_exp(np.array([0.0, 1.2, 0.0])), pose.translation, pose.scale)
    turned = replace(face, points=points_from_local(local_from_points(face.points, pose), away))
    monkeypatch.setattr(finder(), "find", lambda frame: [turned])
    monkeypatch.setattr(finder(), "refined", lambda frame, face: face)
    assert "turned away too far (69 degrees)" in refuse(driver="nod")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--size", "7"], "--size must be at least 128"),
        (["--size", "5000"], "--size must be at most 1024"),
        (["--fps", "-1"], "--fps must be at least 1"),
        (["--fps", "nan"], "--fps must be a number"),
        (["--fps", "inf"], "--fps must be a number"),
        (["--crf", "99"], "--crf must be at most"),
        (["--pose", "nan"], "--pose must be a number"),
        (["--pose", "-0.5"], "--pose must be at least 0"),
        (["--smooth", "2"], "--smooth must be at most 1"),
        (["--start", "0.4", "--end", "0.2"], "--end must be after --start"),
        (["--start", "-1"], "--start must be at least 0"),
        (["--threads", "0"], "--threads must be at least 1"),
        (["--max-side", "10"], "--max-side must be at least"),
        (["--neutral", "99"], "--neutral 99 is after the end of speaker.mp4"),
        (["--neutral", "inf"], "--neutral"),
        (["--frame", "crip"], "--frame crop"),
        (["--motion", "sideways"], "relative, absolute"),
        (["--face", "nose"], "--face cannot be 'nose'"),
        (["--face", "0"], "--face cannot be '0'"),
        (["--audio", "a.wav", "--no-sound"], "exclude each other"),
        (["--model", "paper"], "--model paper needs --person"),
        (["--model", "geometry", "--person", "me.animato"], "uses no person file"),
        (["--size", "many"], "--size"),
        (["--sise", "512"], "--sise"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_an_absurd_option_is_refused(refuse: Refuse, options: list[str], words: str) -> None:
    assert words in refuse(*options, code=2)


def test_a_start_after_the_end_of_the_driver_is_refused(refuse: Refuse) -> None:
    assert "nothing is left after 7 s" in refuse("--start", "7", hint=False)
    assert "nothing is left after 7 s" in refuse("--start", "7", driver="nod", code=2)
    assert "--start must be a number" in refuse("--start", "inf", code=2)


def test_a_neutral_time_for_a_motion_file_is_refused(refuse: Refuse) -> None:
    assert "--neutral applies to videos only" in refuse("--neutral", "0.1", driver="nod", code=2)
