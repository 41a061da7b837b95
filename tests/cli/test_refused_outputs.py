"""An output that cannot be written, or would replace an input, is refused before anything is rendered."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from main_job import Material, contents, speaking_frames, write_video

from animato.cli.main import run

Refuse = Callable[..., str]


@pytest.mark.parametrize("name", ["a.avi", "a.jpg", "a.tar.gz", "a.png"])
def test_an_output_of_another_kind_is_refused(refuse: Refuse, name: str) -> None:
    assert name.rpartition(".")[2] in refuse(name=name, code=2)


def test_an_output_in_no_folder_is_refused(refuse: Refuse) -> None:
    said = refuse(name="nowhere/a.mp4")
    assert "does not exist" in said
    assert "mkdir -p" in said


def test_a_folder_in_the_place_of_a_file_is_refused(refuse: Refuse, out: Path) -> None:
    (out / "a.mp4").mkdir()
    assert "is a folder" in refuse()


def test_a_file_in_the_place_of_a_folder_is_refused_before_anything_is_rendered(
    refuse: Refuse, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (out / "frames").write_text("mine")
    monkeypatch.setattr("animato.pipeline.casting.open_driver", lambda *_: pytest.fail("too late"))
    assert "is a file" in refuse(name="frames")
    assert (out / "frames").read_text() == "mine"


def test_a_folder_that_may_not_be_written_is_refused_before_anything_is_rendered(
    refuse: Refuse, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(tempfile, "TemporaryFile", denied)
    monkeypatch.setattr("animato.pipeline.casting.open_driver", lambda *_: pytest.fail("too late"))
    assert "permission denied" in refuse()


def test_a_name_too_long_for_the_system_is_refused_before_anything_is_rendered(
    refuse: Refuse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("animato.pipeline.casting.open_driver", lambda *_: pytest.fail("too late"))
    for name in ("a" * 300 + ".mp4", "a" * 300):
        assert "the name is too long" in refuse(name=name)


def test_a_key_store_that_cannot_be_written_is_refused(
    refuse: Refuse, made: Material, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANIMATO_HOME", str(made.photo / "keys"))
    assert "ANIMATO_HOME" in refuse(driver="nod")


@pytest.mark.parametrize("option", [[], ["--overwrite"]])
def test_an_output_that_is_an_input_is_refused(
    out: Path, made: Material, capsys: pytest.CaptureFixture[str], option: list[str]
) -> None:
    clip = write_video(out / "clip.mp4", speaking_frames()[:3], 25)
    (out / "sub").mkdir()
    before = clip.read_bytes()
    same = out / "sub" / ".." / "clip.mp4"
    assert run(["animate", str(made.photo), "--driver", str(clip), "-o", str(same), *option]) == 2
    said = capsys.readouterr().err
    assert "which is an input" in said or "exists already" in said
    assert clip.read_bytes() == before
    assert contents(out) == ["clip.mp4", "sub"]


def test_frames_do_not_replace_the_photo_they_are_made_from(
    out: Path, made: Material, capsys: pytest.CaptureFixture[str]
) -> None:
    photo = out / "frame_000001.png"
    photo.write_bytes(made.photo.read_bytes())
    assert run(["animate", str(photo), "--driver", "nod", "--end", "0.1", "-o", str(out), "--overwrite"]) == 2
    assert "which is an input" in capsys.readouterr().err
    assert contents(out) == ["frame_000001.png"]


def test_credentials_beside_a_webm_are_not_replaced(refuse: Refuse, out: Path) -> None:
    (out / "a.c2pa").write_bytes(b"of another program")
    assert "a.c2pa exists already" in refuse(name="a.webm", code=2)
    assert (out / "a.c2pa").read_bytes() == b"of another program"


@pytest.mark.parametrize("model", ["portrait", "paper"])
def test_a_person_file_over_its_own_photo_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], model: str
) -> None:
    photo = tmp_path / "me.jpg"
    photo.write_bytes(b"a photo")
    (tmp_path / "link.animato").symlink_to(photo)
    consent = ("--consent", "self", "--model", model, "--weights", str(tmp_path))
    for output in (photo, tmp_path / "link.animato"):
        assert run(["adapt", str(photo), "-o", str(output), *consent]) == 2
        assert "which is an input" in capsys.readouterr().err
    assert photo.read_bytes() == b"a photo"


def test_a_motion_file_or_head_over_its_source_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clip, head = tmp_path / "clip.motion", tmp_path / "me.animato"
    for path in (clip, head):
        path.write_bytes(b"mine")
    assert run(["motion", "record", str(clip), "-o", str(clip), "--overwrite"]) == 2
    consent = ("--consent", "self")
    assert run(["head", "save", str(head), "-o", str(head), "--overwrite", *consent]) == 2
    assert capsys.readouterr().err.count("which is an input") == 2
    assert clip.read_bytes() == head.read_bytes() == b"mine"
