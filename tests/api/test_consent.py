"""No head without a ground; expired, revoked and edited heads do not animate; the commands show and renew consents."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from main_job import Material, contents, finder
from safetensors import safe_open
from safetensors.numpy import load_file, save_file
from sample_photo import sample_photo

import animato
from animato import AnimateSettings, Animator, Consent, Head
from animato.cli.main import run
from animato.errors import RefusedError, UsageError
from animato.pipeline.consent import consent_for_photos, person_consent
from animato.trust.consent_record import sign_consent
from animato.weights.person import PersonRecord, write_person

CROP = AnimateSettings(frame="crop", size=256, end=0.08, threads=1, model="geometry")
SCRIPTED = ["-d", "nod", "--frame", "crop", "--size", "256", "--end", "0.08", "--model", "geometry", "--threads", "1"]

pytestmark = pytest.mark.usefixtures("strict_consent")


@pytest.fixture(scope="module")
def head() -> Head:
    return Head.from_photos(sample_photo(), consent=Consent("other", attested_by="Jane Doe"), finder=finder())


@pytest.fixture
def saved(head: Head, out: Path) -> Path:
    head.save(out / "me.animato")
    return out / "me.animato"


@pytest.fixture(autouse=True)
def empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_home: None) -> None:
    """Keep the revocations of a test to itself."""
    monkeypatch.setenv("ANIMATO_HOME", str(tmp_path / "home"))


def edited(path: Path, target: Path, **changes: object) -> Path:
    """A copy of a head file with other values in its consent record."""
    with safe_open(path, "np") as stream:
        metadata = stream.metadata()
    header = json.loads(metadata["animato"])
    header["consent"] |= changes
    save_file(load_file(path), target, {**metadata, "animato": json.dumps(header)})
    return target


@pytest.mark.parametrize("model", ["portrait", "geometry"])
def test_no_renderer_animates_photos_without_consent(made: Material, out: Path, model: str) -> None:
    with pytest.raises(RefusedError, match="no head is made without consent"):
        animato.animate(made.photo, "nod", out / "a.mp4", CROP, model=model)
    with pytest.raises(RefusedError, match="no head is made without consent"):
        animato.render(made.photo, "nod", CROP, model=model)
    assert contents(out) == []


def test_no_head_is_made_without_consent(made: Material) -> None:
    with pytest.raises(RefusedError):
        Head.from_photos(made.photo, finder=finder())
    with Animator(threads=1) as animator, pytest.raises(RefusedError):
        animator.head(made.photo)
    with Animator(threads=1) as animator, pytest.raises(RefusedError):
        animator.stream([made.photo], "nod", CROP)


def test_a_consent_is_given_by_the_name_of_its_ground_or_as_a_value(made: Material, out: Path) -> None:
    result = animato.animate(made.photo, "nod", out / "a.mp4", CROP, consent="not-a-person")
    assert [consent["ground"] for consent in result.consents] == ["not-a-person"]
    content = (out / "a.mp4").read_bytes()
    assert result.consents[0]["statement_sha256"].encode() in content
    given = Consent("deceased", reason="for the estate of Jane Doe")
    assert animato.animate(made.photo, "nod", out / "b.mp4", CROP, consent=given).consents == (given.public(),)
    assert b"Jane Doe" not in (out / "b.mp4").read_bytes()


def test_a_head_has_its_own_consent_and_takes_no_other(saved: Path, out: Path) -> None:
    for photos in (saved, Head.load(saved)):
        with pytest.raises(UsageError, match="a saved head has its own"):
            animato.animate(photos, "nod", out / "a.mp4", CROP, consent="self")


def test_an_expired_head_is_loaded_but_not_animated(saved: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Head.load(saved).save(saved, consent=Consent("self", expires="2999-12-31"), overwrite=True)
    animato.animate(saved, "nod", out / "a.mp4", CROP)
    monkeypatch.setattr("animato.settings.consent.today", lambda: "3000-01-01")
    with pytest.raises(RefusedError, match=r"the consent for me\.animato has expired"):
        animato.animate(saved, "nod", out / "b.mp4", CROP)
    with pytest.raises(RefusedError, match="has expired"):
        next(animato.render(Head.load(saved), "nod", CROP))
    assert contents(out) == ["a.mp4", "me.animato"]


def test_a_head_in_memory_expires_too(head: Head, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    short = Head(head.photos, Consent("self", expires="2999-12-31"))
    monkeypatch.setattr("animato.settings.consent.today", lambda: "3000-01-01")
    with pytest.raises(RefusedError, match="has expired"):
        animato.animate(short, "nod", out / "a.mp4", CROP)


def test_a_revoked_head_and_its_copies_do_not_animate_until_renewed(saved: Path, out: Path) -> None:
    shutil.copy(saved, out / "copy.animato")
    assert run(["consent", "revoke", str(saved)]) == 0
    for path in (saved, out / "copy.animato"):
        with pytest.raises(RefusedError, match="was revoked, so it is not animated"):
            animato.animate(path, "nod", out / "a.mp4", CROP)
    assert run(["animate", str(saved), "-o", str(out / "a.mp4"), *SCRIPTED]) == 5
    assert run(["consent", "renew", str(saved), "--consent", "self"]) == 0
    assert run(["animate", str(saved), "-o", str(out / "a.mp4"), *SCRIPTED]) == 0


def test_an_edited_record_and_replaced_photos_are_refused(head: Head, saved: Path, out: Path) -> None:
    for changes in ({"ground": "self"}, {"expires": None, "date": "2001-01-01"}, {"attested_by": "John Doe"}):
        with pytest.raises(RefusedError, match="was changed after it was signed"):
            Head.load(edited(saved, out / "edited.animato", **changes))
    assert run(["animate", str(out / "edited.animato"), "-o", str(out / "a.mp4"), *SCRIPTED]) == 5
    assert head.record is None
    other = replace(head.photo, image=head.photo.image[:, ::-1].copy())
    Head((other,), head.consent, Head.load(saved).record).save(out / "stolen.animato")
    with pytest.raises(RefusedError, match="belongs to other photos"):
        Head.load(out / "stolen.animato")


def test_a_head_file_of_an_earlier_version_is_refused_until_renewed(saved: Path, out: Path) -> None:
    frames = [frame.copy() for frame in animato.render(saved, "nod", CROP)]
    old = edited(saved, out / "old.animato", schema=1, basis="self")
    with pytest.raises(RefusedError, match="has no signed consent record") as refused:
        animato.animate(old, "nod", out / "a.mp4", CROP)
    assert "animato consent renew old.animato `consent=self`" in str(refused.value)
    assert run(["consent", "renew", str(old)]) == 5, "no ground, no record"
    assert run(["consent", "renew", str(old), "--consent", "self", "--consent-expires", "2999-12-31"]) == 0
    assert Head.load(old).consent == Consent("self", expires="2999-12-31")
    again = list(animato.render(old, "nod", CROP))
    assert [frame.shape for frame in again] == [frame.shape for frame in frames]


def test_photos_of_a_person_file_need_no_further_consent(made: Material, head: Head, out: Path) -> None:
    adapted = Head.from_photos(made.photo, consent="self", finder=finder())
    record = sign_consent(Consent("self", attested_by="Jane Doe"), [photo.hashes for photo in adapted.photos])
    hashes = tuple(photo.sha256 for photo in adapted.photos)
    person = PersonRecord({}, "a" * 64, hashes, record.to_json(), {}, "2030-01-01T00:00:00Z", "1")
    write_person(out / "me.animato", {"x": np.zeros(1, np.float32)}, person)
    assert person_consent(out / "me.animato") == record
    assert consent_for_photos([[made.photo]], None, out / "me.animato") == record.consent
    with pytest.raises(RefusedError, match="no head is made without consent"):
        consent_for_photos([[made.photo, sample_photo()[::-1].copy()]], None, out / "me.animato")
    assert run(["consent", "show", str(out / "me.animato")]) == 0
    assert run(["consent", "revoke", str(out / "me.animato")]) == 0
    with pytest.raises(RefusedError, match="was revoked"):
        consent_for_photos([[made.photo]], None, out / "me.animato")


def test_the_report_card_of_photos_needs_no_consent(made: Material) -> None:
    assert run(["head", "show", str(made.photo)]) == 0


def test_a_record_is_shown_and_exported(saved: Path, out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["consent", "show", str(saved)]) == 0
    shown = capsys.readouterr().out
    assert "ground       other\n" in shown and "attested by  Jane Doe\n" in shown
    assert "state        valid, signed by this installation of animato" in shown
    assert run(["consent", "show", str(saved), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["usable"] is True
    assert run(["consent", "export", str(saved)]) == 0
    exported = json.loads(capsys.readouterr().out)
    record = Head.load(saved).record
    assert record is not None and exported == record.to_json()
    bad = edited(saved, out / "edited.animato", ground="self")
    assert run(["consent", "show", str(bad)]) == 5
    assert "was changed after it was signed" in capsys.readouterr().out
    for command in ("revoke", "export"):
        assert run(["consent", command, str(bad)]) == 5
    assert run(["consent", "show", str(out / "none.animato")]) == 3


def answered(monkeypatch: pytest.MonkeyPatch, *answers: str) -> list[str]:
    """Pretend to be a terminal in which a person types; return the questions that are asked."""
    asked: list[str] = []
    left = iter(answers)
    monkeypatch.setattr("animato.cli.ask_consent._interactive", lambda: True)
    monkeypatch.setattr("typer.prompt", lambda text, **_: asked.append(text) or next(left))
    return asked


@pytest.mark.parametrize(
    ("answers", "consent"),
    [
        (["1"], Consent("self")),
        (["not-a-person"], Consent("not-a-person")),
        (["3", "John Doe"], Consent("other", guardian="John Doe")),
        (["deceased", "for the family"], Consent("deceased", reason="for the family")),
    ],
)
def test_a_terminal_is_asked_once(
    made: Material, out: Path, monkeypatch: pytest.MonkeyPatch, answers: list[str], consent: Consent
) -> None:
    asked = answered(monkeypatch, *answers)
    assert run(["head", "save", str(made.photo), "-o", str(out / "me.animato")]) == 0
    assert len(asked) == len(answers)
    assert Head.load(out / "me.animato").consent == consent


def test_no_answer_is_no_consent_and_a_wrong_one_a_usage_error(
    made: Material, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for answer, code in (("", 5), ("9", 2), ("friend", 2)):
        answered(monkeypatch, answer)
        assert run(["animate", str(made.photo), "-o", str(out / "a.mp4"), *SCRIPTED]) == code
    assert contents(out) == []


def test_a_script_is_never_asked(made: Material, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("typer.prompt", lambda *_, **__: pytest.fail("asked"))
    assert run(["animate", str(made.photo), "-o", str(out / "a.mp4"), *SCRIPTED]) == 5
    assert run(["animate", str(made.photo), "-o", str(out / "a.mp4"), *SCRIPTED, "--consent", "self"]) == 0


def test_a_refusal_says_what_to_type(made: Material, out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["animate", str(made.photo), "-o", str(out / "a.mp4"), *SCRIPTED]) == 5
    said = capsys.readouterr().err
    assert "no head is made without consent" in said and "--consent self" in said
    assert run(["animate", str(made.photo), "-o", str(out / "a.mp4"), *SCRIPTED, "--consent", "deceased"]) == 2
    assert '--consent deceased --consent-reason "for the family"' in capsys.readouterr().err
