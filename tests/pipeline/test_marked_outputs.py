"""Nothing leaves unmarked: every frame carries the mark, every file says what it is and can be verified."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from main_job import Material, read_frames, unmarked

import animato
from animato import AnimateSettings
from animato.media.image import load_picture
from animato.pipeline.output import Watermarker
from animato.trust.detect import detect_mark
from animato.trust.verify import verify_file


def test_every_single_frame_of_a_folder_carries_the_mark(made: Material, out: Path) -> None:
    result = animato.animate(made.person, "nod", out / "frames", AnimateSettings(frame="crop", end=0.12))
    pictures = sorted((out / "frames").iterdir())
    found = [detect_mark([load_picture(path).image]).found_id for path in pictures]
    assert len(pictures) == 3
    assert [payload and payload.id_text for payload in found] == [result.mark_id] * 3


def test_the_library_marks_every_frame_it_yields(made: Material) -> None:
    frames = list(animato.render(made.person, "nod", AnimateSettings(frame="crop", end=0.12)))
    found = {reading.id_text for frame in frames if (reading := detect_mark([frame]).found_id)}
    assert len(frames) == 3
    assert len(found) == 1
    assert all(detect_mark([frame]).found_id for frame in frames)


def test_a_rendering_without_its_mark_shows_none(made: Material) -> None:
    frames = unmarked(made.person, "nod", AnimateSettings(frame="crop", end=0.12))
    assert not detect_mark(frames).present


@pytest.mark.parametrize(
    ("frame", "kind"), [("crop", "trainedAlgorithmicMedia"), ("photo", "compositeWithTrainedAlgorithmicMedia")]
)
@pytest.mark.parametrize("suffix", [".mp4", ".webm", ".gif", ""])
def test_every_format_verifies_and_says_how_much_of_it_is_made(
    made: Material, out: Path, frame: str, kind: str, suffix: str
) -> None:
    target = out / f"a{suffix}"
    result = animato.animate(made.photo, "nod", target, AnimateSettings(frame=frame, end=0.2))
    report = verify_file(target)
    assert report.credentials.state == "trusted"
    assert report.credentials.source_type == kind
    assert report.credentials.mark_id == result.mark_id
    assert report.credentials.inputs == {"photo": 1, "driver": 1}
    assert report.mark is not None
    assert report.mark.found_id is not None, "the mark must survive the format"
    assert report.mark.found_id.id_text == result.mark_id


def test_the_sound_file_is_named_among_the_inputs(made: Material, out: Path) -> None:
    settings = AnimateSettings(frame="crop", size=256, end=0.12, audio=made.speech)
    animato.animate(made.person, "nod", out / "a.mp4", settings)
    assert verify_file(out / "a.mp4").credentials.inputs == {"photo": 1, "driver": 1, "audio": 1}


def test_two_runs_carry_different_marks(made: Material, out: Path) -> None:
    settings = AnimateSettings(frame="crop", size=256, end=0.12)
    ids = {animato.animate(made.person, "nod", out / f"{run}.mp4", settings).mark_id for run in range(2)}
    assert len(ids) == 2


def test_marking_changes_a_frame_by_about_44_decibels(made: Material) -> None:
    settings = AnimateSettings(frame="crop", end=0.12)
    plain = unmarked(made.person, "nod", settings)
    watermarker = Watermarker()
    marked = [watermarker.frame(frame).copy() for frame in plain]
    for before, after in zip(plain, marked, strict=True):
        error = float(np.mean((before.astype(float) - after.astype(float)) ** 2))
        assert 41 < 10 * np.log10(255**2 / error) < 48


def test_the_mark_is_read_from_the_decoded_video(made: Material, out: Path) -> None:
    result = animato.animate(made.person, "nod", out / "a.mp4", AnimateSettings(end=0.6, crf=28))
    reading = detect_mark(read_frames(out / "a.mp4"))
    assert reading.found_id is not None
    assert reading.found_id.id_text == result.mark_id
