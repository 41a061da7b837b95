"""A photo and a driver become the file that was asked for: format, rate, length, sound."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from main_job import BEEP, FPS, FRAMES, Material, boxes, contents, first_sound, stream_facts

import animato
from animato import AnimateSettings
from animato.errors import UsageError
from animato.media.image import load_picture

CROP = AnimateSettings(frame="crop", size=256, end=0.2)
WHOLE = replace(CROP, end=None)
SYNC = 0.03
"""Seconds: one packet of sound."""


def test_a_photo_and_a_video_become_an_mp4_that_plays_everywhere(made: Material, out: Path) -> None:
    result = animato.animate(made.photo, made.driver, out / "a.mp4", AnimateSettings(frame="crop"))
    assert stream_facts(out / "a.mp4") == {
        "codec": "h264",
        "pixels": "yuv420p",
        "rate": FPS,
        "size": (512, 512),
        "sound": ["aac"],
        "frames": FRAMES,
    }
    assert (result.frames, result.fps, result.width, result.height) == (FRAMES, FPS, 512, 512)
    order = boxes(out / "a.mp4")
    assert order.index("moov") < order.index("mdat"), "a player must not have to read the end first"
    assert abs(first_sound(out / "a.mp4") - BEEP) < SYNC
    assert contents(out) == ["a.mp4"]


def test_a_webm_keeps_the_sound_in_sync_and_its_credentials_beside_it(made: Material, out: Path) -> None:
    animato.animate(made.person, made.driver, out / "a.webm", WHOLE)
    facts = stream_facts(out / "a.webm")
    assert (facts["codec"], facts["sound"], facts["frames"]) == ("vp9", ["opus"], FRAMES)
    assert abs(first_sound(out / "a.webm") - BEEP) < SYNC
    assert contents(out) == ["a.c2pa", "a.webm"]


def test_a_gif_is_written_and_says_that_it_has_no_sound(made: Material, out: Path) -> None:
    result = animato.animate(made.person, made.driver, out / "a.gif", CROP)
    assert stream_facts(out / "a.gif")["codec"] == "gif"
    assert stream_facts(out / "a.gif")["frames"] == result.frames == 5
    assert any("no sound" in sentence for sentence in result.warnings)
    assert contents(out) == ["a.gif"]


def test_a_name_without_a_suffix_becomes_a_folder_of_png_frames(made: Material, out: Path) -> None:
    result = animato.animate(made.person, made.driver, out / "frames", CROP)
    assert contents(out) == ["frames"]
    assert contents(out / "frames") == [f"frame_{number:06d}.png" for number in range(1, 6)]
    assert load_picture(out / "frames" / "frame_000001.png").image.shape == (512, 512, 3)
    assert any("no sound" in sentence for sentence in result.warnings)


def test_frames_go_by_the_numbered_name_that_was_asked_for(made: Material, out: Path) -> None:
    animato.animate(made.person, made.driver, out / "shot_%03d.png", replace(CROP, end=0.08))
    assert contents(out) == ["shot_001.png", "shot_002.png"]


def test_a_shorter_run_into_the_same_folder_leaves_no_older_frames(made: Material, out: Path) -> None:
    animato.animate(made.person, "nod", out / "frames", CROP)
    animato.animate(made.person, "nod", out / "frames", replace(CROP, end=0.08), overwrite=True)
    assert contents(out) == ["frames"]
    assert contents(out / "frames") == ["frame_000001.png", "frame_000002.png"]


@pytest.mark.parametrize(("fps", "frames"), [(10.0, 6), (50.0, 30)])
def test_another_rate_changes_the_number_of_frames_and_not_the_length(
    made: Material, out: Path, fps: float, frames: int
) -> None:
    animato.animate(made.person, made.driver, out / "a.mp4", replace(WHOLE, fps=fps))
    facts = stream_facts(out / "a.mp4")
    assert (facts["rate"], facts["frames"]) == (fps, frames)
    assert abs(first_sound(out / "a.mp4") - BEEP) < SYNC


@pytest.mark.parametrize("suffix", [".mp4", ".webm"])
def test_start_and_end_cut_pictures_and_sound_alike(made: Material, out: Path, suffix: str) -> None:
    target = out / f"a{suffix}"
    animato.animate(made.person, made.driver, target, replace(CROP, start=0.2, end=0.52))
    assert stream_facts(target)["frames"] == 8
    assert abs(first_sound(target) - (BEEP - 0.2)) < SYNC


def test_start_and_end_cut_a_motion_file_too(made: Material, out: Path) -> None:
    result = animato.animate(made.person, "nod", out / "a.mp4", replace(CROP, start=0.4, end=0.6))
    assert result.frames == stream_facts(out / "a.mp4")["frames"] == 5


def test_a_sound_file_replaces_the_sound_of_the_driver(made: Material, out: Path) -> None:
    animato.animate(made.person, made.driver, out / "a.mp4", replace(WHOLE, audio=made.speech))
    assert stream_facts(out / "a.mp4")["sound"] == ["aac"]
    assert abs(first_sound(out / "a.mp4") - 0.1) < SYNC


def test_a_sound_file_gives_a_motion_file_sound(made: Material, out: Path) -> None:
    animato.animate(made.person, "nod", out / "a.webm", replace(CROP, audio=made.speech))
    assert stream_facts(out / "a.webm")["sound"] == ["opus"]
    assert abs(first_sound(out / "a.webm") - 0.1) < SYNC


def test_a_silent_video_can_be_asked_for(made: Material, out: Path) -> None:
    animato.animate(made.person, made.driver, out / "a.mp4", replace(CROP, sound=False))
    assert stream_facts(out / "a.mp4")["sound"] == []


def test_an_existing_file_is_kept_when_it_may_not_be_replaced(made: Material, out: Path) -> None:
    (out / "a.mp4").write_bytes(b"mine")
    with pytest.raises(UsageError, match="exists already"):
        animato.animate(made.person, "nod", out / "a.mp4", CROP, overwrite=False)
    assert (out / "a.mp4").read_bytes() == b"mine"


def test_an_existing_file_is_replaced_whole(made: Material, out: Path) -> None:
    (out / "a.mp4").write_bytes(b"old")
    animato.animate(made.person, "nod", out / "a.mp4", CROP, overwrite=True)
    assert stream_facts(out / "a.mp4")["frames"] == 5
    assert contents(out) == ["a.mp4"]


@pytest.mark.parametrize("name", ["50% done", "100%.mp4", "naïve 脸 #1.mp4", "-o.mp4", "a" * 240 + ".gif", "MY.MP4"])
def test_names_are_taken_as_they_are(made: Material, out: Path, name: str) -> None:
    animato.animate(made.person, "nod", out / name, replace(CROP, end=0.04))
    assert contents(out) == [name]
