"""A head is a value: saved and loaded, it renders the same frames."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from main_job import Material, finder, speaking_frames
from safetensors.numpy import load_file, save_file
from sample_photo import sample_photo

import animato
from animato import AnimateSettings, Consent, Head
from animato.errors import FileFormatError, InputError, UsageError

CROP = AnimateSettings(frame="crop", size=256, end=0.2, threads=1)
CONSENT = Consent("not-a-person", attested_by="Jane Doe")


def unmarked(head: Head) -> list[np.ndarray]:
    from animato.drivers.opening import open_driver
    from animato.motion.bundled import find_driver
    from animato.pipeline.actor import Cast
    from animato.pipeline.factory import build_scene
    from animato.pipeline.flow import frames_of
    from animato.runtime.stage_clock import StageClock

    cast = [Cast(head, open_driver(find_driver("nod"), CROP, finder()))]
    return list(frames_of(build_scene(cast, CROP, finder().engine)[0], StageClock()))


@pytest.fixture(scope="module")
def head() -> Head:
    return Head.from_photos([sample_photo(), speaking_frames()[9]], consent=CONSENT, finder=finder())


@pytest.fixture(scope="module")
def saved(head: Head, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("heads") / "me.animato"
    head.save(path)
    return path


def test_a_loaded_head_gives_the_same_frames_bit_for_bit(head: Head, saved: Path) -> None:
    loaded = Head.load(str(saved))
    assert [photo.sha256 for photo in loaded.photos] == [photo.sha256 for photo in head.photos]
    assert loaded.warnings == head.warnings
    assert loaded.report == head.report
    for before, after in zip(unmarked(head), unmarked(loaded), strict=True):
        np.testing.assert_array_equal(before, after)


def changed_header(saved: Path, target: Path, report: object) -> Path:
    """A copy of a head file with another report card in its header, or without one."""
    from safetensors import safe_open

    with safe_open(saved, "np") as stream:
        metadata = stream.metadata()
    header = json.loads(metadata["animato"])
    header.pop("report")
    header |= {} if report is None else {"report": report}
    save_file(load_file(saved), target, {**metadata, "animato": json.dumps(header)})
    return target


def test_the_card_of_a_head_is_read_and_not_computed_again(
    head: Head, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from animato.head import head as module

    monkeypatch.setattr(module, "head_report", lambda _photos: pytest.fail("computed"))
    assert Head.load(saved).report == head.report


def test_an_older_head_file_gets_its_card_from_the_photos(head: Head, saved: Path, out: Path) -> None:
    older = changed_header(saved, out / "older.animato", None)
    assert Head.load(older).report == head.report


def test_a_damaged_card_is_refused(saved: Path, out: Path) -> None:
    for report in ("good", {"photos": 2}):
        path = changed_header(saved, out / "damaged.animato", report)
        with pytest.raises(FileFormatError, match=r"the report card in damaged\.animato is damaged"):
            Head.load(path)


def test_a_head_file_can_be_animated_like_a_photo(saved: Path, out: Path) -> None:
    result = animato.animate(saved, "nod", out / "a.mp4", CROP)
    assert result.frames == 5


def test_the_consent_of_a_head_is_published_without_names(saved: Path, out: Path) -> None:
    animato.animate(saved, "nod", out / "a.mp4", CROP)
    content = (out / "a.mp4").read_bytes()
    assert b"not-a-person" in content
    assert b"Jane Doe" not in content


def test_a_loaded_head_keeps_its_record_when_saved_again_and_takes_another_consent(saved: Path, out: Path) -> None:
    Head.load(saved).save(out / "copy.animato")
    assert Head.load(out / "copy.animato").record == Head.load(saved).record
    Head.load(saved).save(out / "other.animato", consent="self")
    assert Head.load(out / "other.animato").consent == Consent("self")


def test_an_existing_head_file_is_not_replaced_unasked(head: Head, saved: Path) -> None:
    with pytest.raises(UsageError, match="exists already"):
        head.save(saved)
    head.save(saved, overwrite=True)


def test_the_file_does_not_say_where_the_photo_lay(made: Material, out: Path) -> None:
    Head.from_photos(made.photo, finder=finder()).save(out / "me.animato")
    assert str(made.photo.parent).encode() not in (out / "me.animato").read_bytes()


def test_what_is_no_head_file_is_refused(saved: Path, out: Path) -> None:
    with pytest.raises(InputError):
        Head.load(out / "none.animato")
    (out / "text.animato").write_text("hello")
    with pytest.raises(FileFormatError):
        Head.load(out / "text.animato")
    with pytest.raises(UsageError, match=r"\.animato"):
        Head.load(saved).save(out / "me.zip")


@pytest.mark.parametrize("damage", ["image", "points", "blendshapes"])
def test_a_damaged_photo_in_a_head_file_is_refused(saved: Path, out: Path, damage: str) -> None:
    from safetensors import safe_open

    arrays = load_file(saved)
    with safe_open(saved, "np") as stream:
        metadata = stream.metadata()
    arrays[f"0.{damage}"] = arrays[f"0.{damage}"][:20].copy()
    save_file(arrays, out / "half.animato", metadata)
    with pytest.raises(FileFormatError, match=r"photo 1 of half\.animato is damaged"):
        Head.load(out / "half.animato")


@pytest.mark.usefixtures("strict_consent")
def test_the_command_makes_a_head_file_that_animate_takes(made: Material, out: Path) -> None:
    from animato.cli.main import run

    saved, video = out / "me.animato", out / "a.mp4"
    base = ["head", "save", str(made.photo), "-o", str(saved)]
    assert run(base) == 5, "no consent, no file"
    assert run([*base, "--consent", "not-a-person"]) == 0
    assert run(["animate", str(saved), "-d", "nod", "-o", str(video), "--end", "0.2", "--frame", "crop"]) == 0
    assert video.stat().st_size > 10_000


def test_the_command_prints_the_card_of_a_head_file_and_of_photos(
    head: Head, saved: Path, made: Material, capsys: pytest.CaptureFixture[str]
) -> None:
    from animato.cli.main import run

    assert run(["head", "show", str(saved)]) == 0
    first, *lines = capsys.readouterr().out.splitlines()
    assert first == f"2 photos; {head.photo.name} is animated"
    assert [line[9:] for line in lines] == head.report.sentences()
    assert {line[:9].strip() for line in lines} == {"improve", "good"}

    assert run(["head", "show", str(saved), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(head.report.to_json()))

    assert run(["head", "show", str(made.photo)]) == 0
    assert "1 photo; " in capsys.readouterr().out
    assert run(["head", "show", "nowhere.animato"]) == 3
