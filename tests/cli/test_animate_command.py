"""What `animato animate` prints: a few lines for a person, one JSON object for a script, a bar on a terminal only."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from main_job import Material, contents, stream_facts
from sample_photo import sample_photo

from animato.cli.main import run
from animato.cli.progress import progress_bar
from animato.media.image import save_picture

SHORT = ["--driver", "nod", "--end", "0.2", "--frame", "crop", "--size", "256"]


def command(made: Material, target: Path, *more: str) -> list[str]:
    """The arguments of a run of five frames."""
    return ["animate", str(made.photo), *SHORT, "-o", str(target), *more]


def test_a_person_reads_the_file_its_size_and_the_notes(
    made: Material, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(command(made, out / "a.mp4")) == 0
    printed, said = capsys.readouterr()
    assert f"{out / 'a.mp4'}: 512 x 512, 5 frames at 25 per second, watermark " in printed
    assert "jitter" in printed
    assert all(line.startswith("note: ") for line in said.splitlines())
    assert "only 109 px across" in said


def test_a_script_reads_one_json_object_and_nothing_else(
    made: Material, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(command(made, out / "a.mp4", "--json")) == 0
    printed, said = capsys.readouterr()
    told = json.loads(printed)
    assert said == ""
    assert printed.count("\n") == 1
    assert told["path"] == str(out / "a.mp4")
    assert (told["frames"], told["fps"], told["width"], told["height"]) == (5, 25.0, 512, 512)
    assert len(told["mark_id"]) == 8
    assert any("109 px" in sentence for sentence in told["warnings"])
    assert {"warp", "mark", "encode", "sign"} <= set(told["milliseconds"])
    assert told["first_frame_seconds"] > 0


def test_a_script_that_fails_reads_one_error_on_stdout(
    made: Material, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(command(made, out / "a.mp4", "--json", "--face", "4")) == 3
    told = json.loads(capsys.readouterr().out)
    assert list(told) == ["error"]
    assert "no face number 4" in told["error"]["what"]


def test_quiet_prints_nothing(made: Material, out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(command(made, out / "a.mp4", "--quiet")) == 0
    assert capsys.readouterr() == ("", "")
    assert stream_facts(out / "a.mp4")["frames"] == 5


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_progress_is_shown_on_a_terminal_with_the_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", screen)
    with progress_bar("animating") as progress:
        assert progress is not None
        for done in range(1, 5):
            progress(done, 8)
        progress(9, 8)  # more frames than were expected
        progress(10, None)
    assert "animating" in screen.getvalue()
    assert "10/9" in screen.getvalue(), "what is done, and what is expected"
    assert "0:00:0" in screen.getvalue(), "the time left"


@pytest.mark.parametrize(("stream", "quiet"), [(Terminal(), True), (io.StringIO(), False)])
def test_no_progress_is_shown_in_a_pipe_or_when_quiet(
    stream: io.StringIO, quiet: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", stream)
    with progress_bar("animating", quiet=quiet) as progress:
        assert progress is None
    assert stream.getvalue() == ""


def test_the_options_reach_the_rendering(made: Material, out: Path) -> None:
    options = ["--fps", "12.5", "--start", "0.04", "--no-sound", "--pose", "0.5", "--still-head", "--crf", "30"]
    arguments = ["animate", str(made.photo), "--driver", str(made.driver), "--frame", "crop", "-o", str(out / "a.mp4")]
    assert run([*arguments, *options]) == 0
    facts = stream_facts(out / "a.mp4")
    assert (facts["rate"], facts["frames"], facts["sound"]) == (12.5, 7, [])


def test_several_photos_make_one_person(
    made: Material, out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_picture(tmp_path / "wall.png", np.full((300, 300, 3), 120, np.uint8))
    save_picture(tmp_path / "again.jpg", sample_photo())
    photos = [str(tmp_path / "wall.png"), str(tmp_path / "again.jpg"), str(made.photo)]
    assert run(["animate", *photos, *SHORT, "-o", str(out / "a.mp4")]) == 0
    assert "no face found in wall.png; the photo was left out" in capsys.readouterr().err


def test_several_faces_are_told_and_can_be_chosen(
    out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    both = tmp_path / "both.png"
    save_picture(both, np.ascontiguousarray(np.hstack([sample_photo(), sample_photo()[:, ::-1]])))
    arguments = ["animate", str(both), *SHORT, "-o", str(out / "a.mp4")]
    assert run(arguments) == 0
    assert "shows 2 faces" in capsys.readouterr().err
    assert run([*arguments, "--face", "right", "--overwrite"]) == 0
    assert "shows 2 faces" not in capsys.readouterr().err
    assert run([*arguments, "--face", "3", "--overwrite"]) == 3
    assert "no face number 3: 2 found" in capsys.readouterr().err
    assert contents(out) == ["a.mp4"]


def test_a_covered_face_is_noted(out: Path, made: Material, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    low, high = (
        made.person.photo.face.points[:468, :2].min(axis=0),
        made.person.photo.face.points[:468, :2].max(axis=0),
    )
    masked = sample_photo().copy()
    masked[int(low[1] + 0.55 * (high - low)[1]) : int(high[1]) + 10, int(low[0]) - 5 : int(high[0]) + 5] = (
        60,
        110,
        200,
    )
    save_picture(tmp_path / "masked.png", masked)
    assert run(["animate", str(tmp_path / "masked.png"), *SHORT, "-o", str(out / "a.mp4")]) == 0
    assert "seems to be covered" in capsys.readouterr().err
