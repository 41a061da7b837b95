"""Promises of signing: every format, nothing unsigned, nothing personal, one flipped byte is noticed."""

from __future__ import annotations

import datetime as dt
import io
import json
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image
from test_keys import own_pair
from trust_material import FORMATS, manifest_of

from animato.errors import OutputError, RefusedError
from animato.pipeline.signing import with_state
from animato.settings.provenance import SigningSettings
from animato.trust import credentials
from animato.trust.claim import MOTION, Claim, Ingredient
from animato.trust.credentials import comment_text, sign_file, sign_folder, sign_output
from animato.trust.keys import local_authority, local_key
from animato.trust.metadata import IPTC_BASE, SourceType, jpeg_with_xmp, png_with_xmp
from animato.trust.reading import read_credentials
from animato.trust.sdk import c2pa, offline_context

Write = Callable[[str], Path]


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_format_is_signed_and_reads_back(suffix: str, write_output: Write, claim: Claim, tmp_path: Path) -> None:
    signed = tmp_path / f"signed{suffix}"
    sign_output(write_output(suffix), signed, claim)
    read = read_credentials(signed, FORMATS[suffix])
    assert read.state == "trusted" and read.problems == ()
    assert read.beside == (suffix == ".webm")
    assert read.declares_ai and read.source_type == "compositeWithTrainedAlgorithmicMedia"
    assert read.mark_id == claim.payload.id_text and read.inputs == {"photo": 2, "driver": 1}
    assert read.tool == f"animato {claim.version}" and read.signer == "animato local install, unverified"


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_flipped_byte_makes_the_credentials_invalid(
    suffix: str, write_output: Write, claim: Claim, tmp_path: Path
) -> None:
    signed = tmp_path / f"signed{suffix}"
    sign_output(write_output(suffix), signed, claim)
    content = bytearray(signed.read_bytes())
    content[-100 if suffix != ".jpg" else len(content) // 2] ^= 1
    signed.write_bytes(content)
    read = read_credentials(signed, FORMATS[suffix])
    assert read.state == "invalid" and any("mismatch" in code for code in read.problems)


def test_another_computer_sees_a_valid_signature_of_an_unrecognised_signer(
    write_output: Write, claim: Claim, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_output(write_output(".mp4"), tmp_path / "signed.mp4", claim)
    monkeypatch.setenv("ANIMATO_HOME", str(tmp_path / "elsewhere"))
    assert read_credentials(tmp_path / "signed.mp4", "video/mp4").state == "valid"
    assert local_authority() is None and not (tmp_path / "elsewhere").exists()


def test_the_manifest_says_how_from_what_and_with_which_mark(write_output: Write, claim: Claim, tmp_path: Path) -> None:
    sign_output(write_output(".mp4"), tmp_path / "signed.mp4", claim)
    manifest = manifest_of(tmp_path / "signed.mp4", "video/mp4")
    data = {item["label"]: item["data"] for item in manifest["assertions"]}
    created, watermarked = data["c2pa.actions.v2"]["actions"]
    assert created["action"] == "c2pa.created" and created["digitalSourceType"] == SourceType.COMPOSITE.url
    assert len(created["parameters"]["ingredients"]) == len(manifest["ingredients"]) == 2
    assert watermarked["action"] == "c2pa.watermarked.unbound"
    assert data["org.animato.mark"] == {"algorithm": "mark-1", **claim.payload.as_json()}
    hashes = [(item["role"], item["sha256"], item["bytes"]) for item in data["org.animato.inputs"]["inputs"]]
    assert hashes == [(item.role, item.sha256, item.size) for item in claim.ingredients]
    assert data["org.animato.inputs"]["inputs"][2]["mediaType"] == MOTION
    assert data["org.animato.render"]["settings"] == {"fps": 25.0, "face": "largest", "still_head": False}
    assert manifest["ingredients"][0]["relationship"] == "inputTo"
    assert "thumbnail" not in json.dumps(manifest)


def credentialed_photo(unsigned: Path, target: Path) -> Path:
    """Sign a photo with credentials that name its author and place, and give it an XMP instance id."""
    context, key = offline_context(), local_key()
    author = {"@context": "https://schema.org", "@type": "CreativeWork", "author": [{"name": "Jane Roe"}]}
    created = {"action": "c2pa.created", "digitalSourceType": f"{IPTC_BASE}digitalCapture"}
    definition = {
        "title": "Jane at home 52.52N 13.40E.png",
        "format": "image/png",
        "assertions": [
            {"label": "stds.schema-org.CreativeWork", "data": author},
            {"label": "c2pa.actions.v2", "data": {"actions": [created]}},
        ],
    }
    data = unsigned.read_bytes()
    xmp = b"XML:com.adobe.xmp\0\0\0\0\0" + XMP_WITH_ID
    chunk = struct.pack(">I", len(xmp)) + b"iTXt" + xmp + struct.pack(">I", zlib.crc32(b"iTXt" + xmp))
    with (
        c2pa().Signer.from_info(c2pa().C2paSignerInfo(b"es256", key.chain, key.key, None)) as signer,
        target.open("w+b") as file,
    ):
        c2pa().Builder(definition, context).sign(signer, "image/png", io.BytesIO(data[:33] + chunk + data[33:]), file)
    return target


XMP_WITH_ID = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/" '
    b'xmpMM:InstanceID="xmp.iid:secret-instance" xmpMM:DocumentID="xmp.did:secret-document"/></rdf:RDF></x:xmpmeta>'
)


@pytest.mark.parametrize("suffix", [".mp4", ".png", ".jpg", ".gif", ".webm", ""], ids=lambda suffix: suffix or "folder")
def test_what_an_input_says_of_itself_does_not_reach_the_output(
    write_output: Write, claim: Claim, tmp_path: Path, suffix: str
) -> None:
    photo = credentialed_photo(write_output(".png"), tmp_path / "photo.png")
    assert b"Jane Roe" in photo.read_bytes() and read_credentials(photo, "image/png").state == "trusted"
    item = replace(Ingredient.from_file(photo, "photo"), credentials="valid")
    again = Claim(SourceType.TRAINED, claim.payload, (item,))
    (tmp_path / "out").mkdir()
    signed = tmp_path / "out" / f"signed{suffix}"
    sign_output(write_output(suffix), signed, again)
    written = b"".join(path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file())
    for secret in (b"Jane", b"52.52N", b"secret-instance", b"secret-document", b"photo.png"):
        assert secret not in written
    assert item.sha256.encode() in written
    if suffix == ".mp4":
        manifest = manifest_of(signed, "video/mp4")
        data = {entry["label"]: entry["data"] for entry in manifest["assertions"]}
        assert data["org.animato.inputs"]["inputs"][0]["credentials"] == "valid"
        assert "active_manifest" not in manifest["ingredients"][0]


def test_credentials_of_an_input_are_carried_over_on_request(write_output: Write, claim: Claim, tmp_path: Path) -> None:
    sign_output(write_output(".png"), tmp_path / "first.png", claim)
    again = Claim(SourceType.TRAINED, claim.payload, (Ingredient.from_file(tmp_path / "first.png", "photo"),))
    sign_output(write_output(".mp4"), tmp_path / "second.mp4", again, SigningSettings(keep_credentials=True))
    ingredient = manifest_of(tmp_path / "second.mp4", "video/mp4")["ingredients"][0]
    assert ingredient["active_manifest"].startswith("urn:c2pa:")
    assert read_credentials(tmp_path / "second.mp4", "video/mp4").source_type == "trainedAlgorithmicMedia"


def test_a_folder_of_frames_is_signed_frame_by_frame(write_output: Write, claim: Claim, tmp_path: Path) -> None:
    unsigned = write_output("")
    sign_output(unsigned, tmp_path / "signed", claim)
    names = sorted(path.name for path in (tmp_path / "signed").iterdir())
    assert names == sorted(path.name for path in unsigned.iterdir()) and len(names) == 6
    for name in names:
        read = read_credentials(tmp_path / "signed" / name, "image/png")
        assert read.state == "trusted" and read.mark_id == claim.payload.id_text
        one, other = (np.asarray(Image.open(folder / name)) for folder in (unsigned, tmp_path / "signed"))
        assert np.array_equal(one, other)
    assert len(manifest_of(tmp_path / "signed" / names[-1], "image/png")["ingredients"]) == 2


def test_an_own_certificate_is_used_when_given(write_output: Write, claim: Claim, tmp_path: Path) -> None:
    certificate, key = own_pair(tmp_path)
    sign_output(
        write_output(".mp4"), tmp_path / "signed.mp4", claim, SigningSettings(sign_cert=certificate, sign_key=key)
    )
    assert read_credentials(tmp_path / "signed.mp4", "video/mp4").state == "valid"


def test_signing_that_fails_leaves_no_file(
    write_output: Write, claim: Claim, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = write_output(".webm")
    (tmp_path / "clean").mkdir()

    def broken(*_: object, **__: object) -> Iterator[None]:
        raise RuntimeError("the library is in a bad mood")

    monkeypatch.setattr(credentials, "_check", broken)
    with pytest.raises(RefusedError, match="could not be signed"):
        sign_output(output, tmp_path / "clean" / "signed.webm", claim)
    assert list((tmp_path / "clean").iterdir()) == []


def test_a_file_that_is_not_what_it_says_is_refused(claim: Claim, tmp_path: Path) -> None:
    (tmp_path / "fake.mp4").write_bytes(b"no video")
    (tmp_path / "fake.png").write_bytes(b"no picture")
    (tmp_path / "fake.txt").write_bytes(b"text")
    for name in ("fake.mp4", "fake.png", "fake.txt"):
        with pytest.raises(RefusedError):
            sign_output(tmp_path / name, tmp_path / f"signed-{name}", claim)
        assert not (tmp_path / f"signed-{name}").exists()


def test_an_empty_or_broken_folder_of_frames_leaves_nothing(claim: Claim, tmp_path: Path) -> None:
    folder = tmp_path / "frames"
    folder.mkdir()
    with pytest.raises(RefusedError):
        sign_folder(folder, tmp_path / "signed", claim)
    (folder / "frame_000001.png").write_bytes(b"no picture")
    with pytest.raises(RefusedError):
        sign_folder(folder, tmp_path / "signed", claim)
    assert not (tmp_path / "signed").exists()


def test_an_unwritable_target_is_an_output_error(write_output: Write, claim: Claim, tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        sign_file(write_output(".mp4"), tmp_path / "absent" / "signed.mp4", "video/mp4", claim)


def test_the_unsigned_file_is_only_read(write_output: Write, claim: Claim, tmp_path: Path) -> None:
    unsigned = write_output(".png")
    before = unsigned.read_bytes()
    sign_output(unsigned, tmp_path / "signed.png", claim)
    assert unsigned.read_bytes() == before


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_pictures_carry_the_iptc_source_type_in_xmp(
    suffix: str, write_output: Write, claim: Claim, tmp_path: Path
) -> None:
    sign_output(write_output(suffix), tmp_path / f"signed{suffix}", claim)
    with Image.open(tmp_path / f"signed{suffix}") as picture:
        xmp = picture.info["xmp"]
        picture.load()
    assert f'Iptc4xmpExt:DigitalSourceType="{SourceType.COMPOSITE.url}"'.encode() in xmp


def test_the_comment_survives_signing_an_mp4(write_output: Write, claim: Claim, tmp_path: Path) -> None:
    sign_output(write_output(".mp4"), tmp_path / "signed.mp4", claim)
    with av.open(str(tmp_path / "signed.mp4")) as container:
        assert container.metadata["comment"] == comment_text(True)


def test_xmp_is_only_put_into_what_it_belongs_in() -> None:
    for put in (png_with_xmp, jpeg_with_xmp):
        with pytest.raises(ValueError):
            put(b"GIF89a", SourceType.TRAINED)


def test_an_expired_certificate_signs_nothing(
    write_output: Write, claim: Claim, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = local_key(dt.datetime.now(dt.UTC) - dt.timedelta(days=400))
    monkeypatch.setattr(credentials, "signing_key", lambda _: old)
    with pytest.raises(RefusedError, match="could not be signed"):
        sign_output(write_output(".mp4"), tmp_path / "signed.mp4", claim)
    assert not (tmp_path / "signed.mp4").exists()


def test_inputs_are_recorded_with_the_state_of_their_credentials(
    write_output: Write, claim: Claim, tmp_path: Path
) -> None:
    plain = write_output(".png")
    sign_output(plain, tmp_path / "signed.png", claim)
    data = bytearray((tmp_path / "signed.png").read_bytes())
    data[data.index(b"IDAT") + 40] ^= 1
    (tmp_path / "changed.png").write_bytes(data)
    states = {"unsigned.png": "none", "signed.png": "valid", "changed.png": "invalid"}
    for name, state in states.items():
        assert with_state(Ingredient.from_file(tmp_path / name, "photo")).credentials == state
    (tmp_path / "gone.png").write_bytes(plain.read_bytes())
    gone = Ingredient.from_file(tmp_path / "gone.png", "photo")
    (tmp_path / "gone.png").unlink()
    assert with_state(gone).credentials is None and "credentials" not in gone.as_json()
