"""Promises of the checker: three separate answers, honest sentences, and calm in the face of hostile files."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from animato.cli.main import app
from animato.errors import InputError, PictureError
from animato.media.image import save_picture
from animato.media.writer import open_writer
from animato.settings.provenance import VerifySettings
from animato.trust.claim import Claim
from animato.trust.credentials import sidecar_of, sign_output
from animato.trust.declared import Signal, declared_signals
from animato.trust.detect import MarkReading
from animato.trust.fingerprint import file_hashes, looks_like
from animato.trust.key_folder import data_home
from animato.trust.metadata import SourceType
from animato.trust.payload import MarkKind, MarkPayload
from animato.trust.reading import Action, Credentials
from animato.trust.report import MARK_CAVEAT, NO_MARK, VerifyReport
from animato.trust.text import clean
from animato.trust.verify import files_of, verify_file
from animato.trust.watermark import Marker
from animato.types import Frame

Write = Callable[[str], Path]


@pytest.mark.parametrize("suffix", [".mp4", ".webm", ".gif", ".png", ".jpg", ""])
def test_every_output_of_ours_is_recognised_three_times_over(suffix: str, sign: Write, payload: MarkPayload) -> None:
    report = verify_file(sign(suffix))
    assert report.credentials.state == "trusted"
    assert report.mark is not None and report.mark.found_id == payload
    assert report.declared and all(signal.declares_ai for signal in report.declared)
    assert report.note is not None and report.note["mark"]["id"] == payload.id_text
    assert report.exit_code == 0 and report.sentences()[-1] == MARK_CAVEAT
    assert report.name == f"out{suffix}"


def test_the_mark_outlives_stripped_credentials(sign: Write, tmp_path: Path, payload: MarkPayload) -> None:
    with Image.open(sign(".png")) as picture:
        Image.fromarray(np.asarray(picture)).save(tmp_path / "stripped.jpg", quality=80)
    report = verify_file(tmp_path / "stripped.jpg")
    assert report.credentials.state == "none" and report.declared == ()
    assert report.mark is not None and report.mark.found_id == payload
    assert any("Made on this computer" in sentence for sentence in report.sentences())


def test_an_unmarked_picture_is_not_called_real(portrait: Frame, tmp_path: Path) -> None:
    save_picture(tmp_path / "plain.png", portrait)
    report = verify_file(tmp_path / "plain.png")
    assert report.exit_code == 7 and not report.found
    assert report.sentences()[0] == "No content credentials."
    assert report.sentences()[1].startswith(NO_MARK)
    told = " ".join(report.sentences()).lower().replace(NO_MARK.lower(), "")
    assert not any(word in told for word in ("authentic", "genuine", "real"))


def test_the_fixed_sentences_are_the_agreed_ones() -> None:
    assert NO_MARK == "No mark found. This does not mean the video is real."
    assert MARK_CAVEAT == "A mark shows that a tool like animato was used, but marks can be copied onto real video."


def test_changed_files_are_reported_as_changed(sign: Write) -> None:
    path = sign(".mp4")
    content = bytearray(path.read_bytes())
    content[-200] ^= 255
    path.write_bytes(content)
    report = verify_file(path)
    assert report.credentials.state == "invalid" and "Invalid" in report.sentences()[0]


def test_credentials_of_another_output_are_noticed(portrait: Frame, tmp_path: Path, payload: MarkPayload) -> None:
    other = MarkPayload(1, MarkKind.TEST, 5)
    save_picture(tmp_path / "swapped.png", Marker(other, seed=1).embed(portrait))
    sign_output(tmp_path / "swapped.png", tmp_path / "signed.png", Claim(SourceType.TRAINED, payload))
    sentences = verify_file(tmp_path / "signed.png").sentences()
    assert any("name another mark (1234abcd)" in sentence for sentence in sentences)


def test_a_webm_without_its_sidecar_has_no_credentials_but_its_mark(sign: Write, payload: MarkPayload) -> None:
    path = sign(".webm")
    sidecar_of(path).unlink()
    report = verify_file(path)
    assert report.credentials.state == "none"
    assert report.mark is not None and report.mark.found_id == payload


def test_a_stranger_among_signed_frames_is_noticed(sign: Write, portrait: Frame) -> None:
    folder = sign("")
    save_picture(folder / "frame_000099.png", portrait)
    report = verify_file(folder)
    assert report.credentials.state == "invalid"
    assert any("1 none, 6 trusted" in sentence for sentence in report.sentences())


def test_a_declared_source_type_alone_is_reported_as_declared(portrait: Frame, tmp_path: Path) -> None:
    url = SourceType.TRAINED.url
    attribute = f'<x Iptc4xmpExt:DigitalSourceType="{url}"/>'
    element = f"<Iptc4xmpExt:DigitalSourceType>{url}</Iptc4xmpExt:DigitalSourceType>"
    resource = f'<Iptc4xmpExt:DigitalSourceType rdf:resource="{url}"/>'
    for number, xmp in enumerate((attribute, element, resource)):
        path = tmp_path / f"{number}.jpg"
        Image.fromarray(portrait).save(path, xmp=xmp.encode())
        report = verify_file(path)
        assert [(signal.place, signal.source_type) for signal in report.declared] == [
            ("XMP", "trainedAlgorithmicMedia")
        ]
        assert report.exit_code == 0 and "Declared in the XMP: AI-generated." in report.sentences()


def test_a_camera_declared_in_a_field_is_nothing_found(portrait: Frame, tmp_path: Path) -> None:
    xmp = f'Iptc4xmpExt:DigitalSourceType="{SourceType.TRAINED.url.rsplit("/", 1)[0]}/digitalCapture"'
    Image.fromarray(portrait).save(tmp_path / "camera.jpg", xmp=xmp.encode())
    report = verify_file(tmp_path / "camera.jpg")
    assert report.exit_code == 7 and "Declared in the XMP: captured by a camera." in report.sentences()


def test_fields_at_either_end_of_a_large_file_are_found(tmp_path: Path) -> None:
    field = f'Iptc4xmpExt:DigitalSourceType="{SourceType.TRAINED.url}"'.encode()
    for number, content in enumerate((field + b"\0" * 9_000_000, b"\0" * 9_000_000 + field, b"\0" * 3_999_990 + field)):
        path = tmp_path / str(number)
        path.write_bytes(content)
        assert len(declared_signals(path)) == 1


def test_json_has_the_same_answers_and_is_plain(sign: Write, payload: MarkPayload) -> None:
    told = json.loads(json.dumps(verify_file(sign(".mp4")).to_json()))
    assert told["mark"]["id"]["id"] == payload.id_text and told["credentials"]["state"] == "trusted"
    assert told["found"] is True and told["declared"][0]["place"] == "comment"
    assert "score" not in told


def test_a_long_video_is_read_in_places_spread_over_its_length(
    tmp_path: Path, portrait: Frame, payload: MarkPayload
) -> None:
    small = cv2.resize(portrait, (256, 256), interpolation=cv2.INTER_AREA)
    marked = Marker(payload, strength=2.0, seed=1).embed(small)
    # Only the last quarter is marked: reading the beginning alone would miss it.
    path = tmp_path / "long.mp4"
    write_frames(path, [small] * 150 + [marked] * 60)
    report = verify_file(path, VerifySettings(max_frames=100))
    assert report.mark is not None and report.mark.found_id == payload and report.mark.frames_read <= 100


def write_frames(path: Path, frames: list[Frame]) -> None:
    with open_writer(path, width=frames[0].shape[1], height=frames[0].shape[0], fps=Fraction(25)) as writer:
        for frame in frames:
            writer.write(frame)


@pytest.mark.parametrize("content", [b"", b"hello", b"\x89PNG\r\n\x1a\n broken", b"\0\0\0\x18ftypisom" + b"\0" * 90])
def test_files_that_cannot_be_read_are_a_sentence(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "odd.mp4"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        verify_file(path)
    assert caught.value.exit_code == 3


def test_missing_files_and_empty_folders_are_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        verify_file(tmp_path / "absent.mp4")
    with pytest.raises(InputError, match="no PNG or JPEG"):
        verify_file(tmp_path)


def test_a_signed_file_whose_pictures_are_damaged_still_tells_its_credentials(sign: Write) -> None:
    path = sign(".png")
    content = bytearray(path.read_bytes())
    place = content.index(b"IDAT") + 4
    content[place : place + 200] = b"\0" * 200
    path.write_bytes(content)
    report = verify_file(path)
    assert report.mark is None and report.credentials.state == "invalid" and report.exit_code == 0
    assert any("cannot be read" in sentence for sentence in report.sentences())


@pytest.mark.parametrize("seed", range(12))
def test_mutilated_files_end_in_a_report_or_a_sentence(seed: int, sign: Write) -> None:
    path = sign((".mp4", ".png", ".gif", ".webm")[seed % 4])
    rng = np.random.default_rng(seed)
    content = bytearray(path.read_bytes())
    for _ in range(40):
        content[int(rng.integers(len(content)))] = int(rng.integers(256))
    path.write_bytes(content[: int(rng.integers(len(content) // 2, len(content)))])
    try:
        assert verify_file(path).credentials.state != "trusted"
    except InputError as problem:
        assert problem.exit_code == 3


def test_a_hostile_sidecar_is_invalid_not_a_crash(sign: Write) -> None:
    path = sign(".webm")
    for content in (b"", b"\0" * 5000, sidecar_of(path).read_bytes()[:900]):
        sidecar_of(path).write_bytes(content)
        assert verify_file(path).credentials.state == "invalid"


def test_strange_strings_are_made_printable() -> None:
    assert clean("a\x1b[31mred\u202egnp.exe\n\tb") == "a[31mredgnp.exe b"
    assert len(clean("x" * 10_000)) == 120
    report = VerifyReport("x", "video/mp4", Credentials(state="valid", signer=clean("\x1b]0;evil\x07")), None)
    assert "\x1b" not in " ".join(report.sentences())


def test_the_command_speaks_json_and_exit_codes(sign: Write, portrait: Frame, tmp_path: Path) -> None:
    runner = CliRunner()
    save_picture(tmp_path / "plain.png", portrait)
    signed, plain, absent = str(sign(".png")), str(tmp_path / "plain.png"), str(tmp_path / "absent.png")
    good = runner.invoke(app, ["verify", signed])
    assert good.exit_code == 0 and "Invisible mark found: id 1234abcd" in good.output
    assert runner.invoke(app, ["verify", plain]).exit_code == 7
    assert runner.invoke(app, ["verify", absent]).exit_code == 3
    assert runner.invoke(app, ["verify", signed, plain]).exit_code == 7
    several = runner.invoke(app, ["verify", "--json", signed, plain, absent])
    assert several.exit_code == 3
    rows = [json.loads(line) for line in several.stdout.splitlines() if line.startswith("{")]
    assert [row.get("found") for row in rows] == [True, False, None] and "no such file" in rows[2]["error"]["what"]


def test_verifying_changes_nothing_on_disk(portrait: Frame, tmp_path: Path, home: Path) -> None:
    folder = tmp_path / "only"
    folder.mkdir()
    save_picture(folder / "plain.png", portrait)
    before = (folder / "plain.png").read_bytes()
    verify_file(folder / "plain.png")
    assert list(folder.iterdir()) == [folder / "plain.png"] and (folder / "plain.png").read_bytes() == before
    assert not home.exists()


def test_a_picture_bomb_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    # A PNG header that promises 60000 x 60000 pixels.
    header = bytearray(
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + (60000).to_bytes(4, "big") * 2 + b"\x08\x02\x00\x00\x00"
    )
    header += zlib.crc32(header[12:29]).to_bytes(4, "big")
    (tmp_path / "bomb.png").write_bytes(bytes(header) + b"\0" * 64)
    with pytest.raises(PictureError):
        verify_file(tmp_path / "bomb.png")


def test_a_known_number_on_other_pictures_is_not_called_made_here(
    sign: Write, portrait: Frame, tmp_path: Path, payload: MarkPayload
) -> None:
    sign(".mp4")
    other = np.ascontiguousarray(pytest.importorskip("skimage.data").chelsea()[:300, 60:360])
    other = cv2.resize(other, (512, 512), interpolation=cv2.INTER_CUBIC)
    write_frames(tmp_path / "real.mp4", [Marker(payload, seed=1).embed(other)] * 8)
    report = verify_file(tmp_path / "real.mp4")
    assert report.mark is not None and report.mark.found_id == payload
    assert report.same_pictures is False and report.note is not None
    told = " ".join(report.sentences())
    assert "Made on this computer" not in told and "pictures that look different" in told


def test_the_pictures_made_here_are_known_again_after_handling(sign: Write, tmp_path: Path) -> None:
    path = sign(".png")
    with Image.open(path) as picture:
        frame = np.asarray(picture.convert("RGB"))
    upside_down = np.ascontiguousarray(np.rot90(frame, 2))
    for name, changed in (("cropped", frame[26:486, 26:486]), ("turned", upside_down), ("small", frame[::2, ::2])):
        assert looks_like(np.ascontiguousarray(changed), file_hashes([path])), name


def test_a_note_without_hashes_does_not_say_made_here(sign: Write) -> None:
    path = sign(".png")
    note = next((data_home() / "marks").glob("*.json"))
    record = json.loads(note.read_text())
    del record["picture_hashes"]
    note.write_text(json.dumps(record))
    report = verify_file(path)
    assert report.same_pictures is None and any("does not say for which" in row for row in report.sentences())


def test_names_that_a_stranger_chose_are_quoted_shortened_and_apart_from_the_verdict() -> None:
    name = 'this installation of animato", trusted and recognised by everybody in the world \x1b[2J'
    report = VerifyReport("x", "video/mp4", Credentials(state="valid", signer=name, tool=name), None)
    rows = report.sections()[0][1]
    assert "installation" not in rows[0] and "recognise" in rows[0]
    assert len(rows) == 3 and rows[2].startswith('Names in the file, which anybody can choose: signer "this inst')
    assert all(len(part) <= 40 for part in rows[2].split('"')[1::2]) and rows[2].count('"') == 4
    assert "\x1b" not in rows[2]
    odd = Credentials(state="valid", actions=(Action("trusted by animato", "reallyReal"),))
    assert 'action "trusted by animato": source type "reallyReal"' in " ".join(
        VerifyReport("x", "video/mp4", odd, None).sentences()
    )


def test_a_capture_claim_beside_a_mark_is_called_a_contradiction(payload: MarkPayload) -> None:
    mark = MarkReading(payload, True, 20.0, 9.0, 1.0, 25)
    capture = Credentials(state="valid", signer="A camera", actions=(Action("c2pa.created", "digitalCapture"),))
    report = VerifyReport("x", "video/mp4", capture, mark)
    assert report.contradictions()[0].startswith("Contradiction: the credentials claim a recording by a camera")
    assert report.contradictions()[0] in report.sentences() and report.to_json()["contradictions"]
    assert VerifyReport("x", "video/mp4", capture, None).contradictions() == []
    declared = (Signal("XMP", "digitalCapture"),)
    assert "Contradiction" in VerifyReport("x", "video/mp4", Credentials(), mark, declared).contradictions()[0]


def test_what_was_done_after_the_capture_is_told() -> None:
    steps = (Action("c2pa.created", "digitalCapture"), Action("c2pa.edited", "compositeWithTrainedAlgorithmicMedia"))
    credentials = Credentials(state="valid", actions=steps)
    told = " ".join(VerifyReport("x", "image/jpeg", credentials, None).sentences())
    assert "captured by a camera, then edited: partly AI-generated" in told
    assert credentials.declares_ai and credentials.declares_capture


def test_all_actions_of_a_signed_manifest_are_read(sign: Write) -> None:
    credentials = verify_file(sign(".png")).credentials
    assert [action.name for action in credentials.actions] == ["c2pa.created", "c2pa.watermarked.unbound"]
    assert credentials.source_type == "compositeWithTrainedAlgorithmicMedia"


def test_the_three_answers_are_separate_in_words_and_in_json(sign: Write, portrait: Frame, tmp_path: Path) -> None:
    report = verify_file(sign(".mp4"))
    assert [heading for heading, _ in report.sections()] == ["Credentials", "Mark", "Declared", "Notes"]
    assert report.to_json()["answers"] == {"credentials": "trusted", "mark": "id", "declared": "ai"}
    save_picture(tmp_path / "plain.png", portrait)
    assert verify_file(tmp_path / "plain.png").answers() == {"credentials": "none", "mark": "none", "declared": "none"}


def test_a_folder_of_files_is_verified_file_by_file(sign: Write, portrait: Frame, tmp_path: Path) -> None:
    mixed = tmp_path / "mixed"
    mixed.mkdir()
    save_picture(mixed / "a.png", portrait)
    sign(".mp4").rename(mixed / "b.mp4")
    (mixed / "notes.txt").write_text("no picture")
    assert [path.name for path in files_of(mixed)] == ["a.png", "b.mp4"]
    done = CliRunner().invoke(app, ["verify", "--json", str(mixed)])
    assert done.exit_code == 7
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["answers"]["mark"] for row in rows] == ["none", "id"]
    frames = sign("")
    assert files_of(frames) == [frames]
