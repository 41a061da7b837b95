"""A consent names its ground and statement; its record is signed, bound to photos, and can expire and be revoked."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from animato.errors import RefusedError, UsageError
from animato.settings.consent import GROUNDS, STATEMENTS, Consent, ConsentSettings, required_consent
from animato.trust.consent_record import ConsentRecord, PhotoHash, pixels_sha256, sign_consent
from animato.trust.revocations import check_not_expired, check_not_revoked, revoke

PHOTOS = (PhotoHash("a" * 64, "b" * 64), PhotoHash("c" * 64, "d" * 64))
NAMED = Consent("other", attested_by="Jane Doe", guardian="John Doe", scope="a film", expires="2999-12-31")


def read_back(record: ConsentRecord, **changes: object) -> ConsentRecord:
    """The record after it was stored as JSON with some fields changed."""
    return ConsentRecord.from_json(json.loads(json.dumps({**record.to_json(), **changes})), "me.animato")


def test_every_ground_has_a_statement_whose_hash_is_published_without_names() -> None:
    for ground in GROUNDS:
        consent = Consent(ground, reason="for the family", attested_by="Jane Doe")
        assert consent.statement == STATEMENTS[ground]
        digest = hashlib.sha256(STATEMENTS[ground].encode()).hexdigest()
        assert consent.public() == {"ground": ground, "statement_sha256": digest, "date": consent.date}


def test_the_statement_is_about_an_adult_or_a_guardian_speaks() -> None:
    assert all("adult" in STATEMENTS[ground] for ground in ("self", "other"))
    assert "parent or legal guardian" in NAMED.statement
    with pytest.raises(UsageError, match="`guardian` goes with"):
        Consent("self", guardian="John Doe")


def test_what_is_no_consent_is_refused() -> None:
    with pytest.raises(RefusedError, match="no head is made without consent") as refused:
        required_consent(None)
    assert refused.value.exit_code == 5
    assert refused.value.hint is not None and "`consent=self`" in refused.value.hint
    with pytest.raises(UsageError, match="cannot be 'friend'"):
        required_consent("friend")
    with pytest.raises(UsageError, match="of the type bool"):
        required_consent(True)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="needs a reason"):
        Consent("deceased", reason=" ")
    for day in ("tomorrow", "2030-1-1", "2030-02-30", ""):
        with pytest.raises(UsageError, match="is not a day"):
            Consent("self", expires=day)
    with pytest.raises(UsageError, match="at most 500"):
        Consent("self", scope="x" * 501)


def test_options_give_a_consent_and_details_without_a_ground_are_refused() -> None:
    assert ConsentSettings().given() is None
    given = ConsentSettings(consent="deceased", consent_reason="for the estate", attested_by="Jane Doe").given()
    assert given == Consent("deceased", reason="for the estate", attested_by="Jane Doe")
    with pytest.raises(UsageError, match="`guardian` needs `consent`"):
        ConsentSettings(guardian="John Doe")


def test_a_record_comes_back_signed_by_this_installation() -> None:
    record = sign_consent(NAMED, PHOTOS)
    again = read_back(record)
    assert again == record
    assert again.own
    again.check_signature("me.animato")
    again.check_photos(PHOTOS, "me.animato")


@pytest.mark.parametrize(
    "changes",
    [
        {"ground": "self"},
        {"ground": "not-a-person"},
        {"expires": None},
        {"expires": "3000-01-01"},
        {"date": "2020-01-01"},
        {"attested_by": None},
        {"guardian": None},
        {"statement": "I agree."},
        {"statement": "I agree.", "statement_sha256": hashlib.sha256(b"I agree.").hexdigest()},
        {"photos": []},
        {"photos": [{"file": "e" * 64, "pixels": "f" * 64}]},
        {"made": "2999-01-01"},
        {"signature": ""},
        {"signature": 3},
        {"certificate": "none"},
        {"ground": ["self"]},
        {"clip": {"verdict": "match"}},
        {"photos": 5},
        {"scope": {"x": 1}},
    ],
)
def test_an_edited_record_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(RefusedError, match="was changed after it was signed") as refused:
        read_back(sign_consent(NAMED, PHOTOS), **changes).check_signature("me.animato")
    assert "animato consent renew me.animato" in str(refused.value)


@pytest.mark.parametrize("old", [None, {}, {"schema": 1, "basis": "self"}, [1], "self"])
def test_a_record_of_an_earlier_version_is_refused_with_what_to_type(old: object) -> None:
    with pytest.raises(RefusedError, match=r"me\.animato has no signed consent record") as refused:
        ConsentRecord.from_json(old, "me.animato")
    assert "animato consent renew me.animato" in str(refused.value)


def test_a_record_signed_by_another_installation_is_valid_and_named_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = sign_consent(NAMED, PHOTOS)
    monkeypatch.setenv("ANIMATO_HOME", str(tmp_path / "other"))
    record.check_signature("me.animato")
    assert not record.own
    sign_consent(NAMED, PHOTOS)
    assert not record.own
    stolen = dataclasses.replace(sign_consent(NAMED, PHOTOS), signature=record.signature)
    with pytest.raises(RefusedError, match="was changed"):
        stolen.check_signature("me.animato")


def test_a_record_belongs_to_its_photos_only() -> None:
    record = sign_consent(NAMED, PHOTOS)
    record.check_photos([PhotoHash("a" * 64), PhotoHash("c" * 64)], "me.animato")
    for others in ([], PHOTOS[:1], PHOTOS[::-1], [PhotoHash("a" * 64, "0" * 64), PHOTOS[1]]):
        with pytest.raises(RefusedError, match="belongs to other photos"):
            record.check_photos(others, "me.animato")


def test_the_hash_of_a_picture_covers_its_pixels_and_its_shape() -> None:
    picture = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    assert pixels_sha256(picture) == pixels_sha256(np.asfortranarray(picture))
    assert pixels_sha256(picture) != pixels_sha256(picture.reshape(4, 2, 3))
    assert pixels_sha256(picture) != pixels_sha256(picture[::-1])


def test_an_expired_consent_is_refused_from_the_day_after_its_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("animato.settings.consent.today", lambda: "2030-01-01")
    check_not_expired(Consent("self"), "me.animato")
    check_not_expired(Consent("self", expires="2030-01-01"), "me.animato")
    with pytest.raises(RefusedError, match=r"the consent for me\.animato has expired") as refused:
        check_not_expired(Consent("self", expires="2029-12-31"), "me.animato")
    assert "animato consent renew me.animato" in str(refused.value)


def test_a_revocation_covers_the_photos_until_consent_is_given_again() -> None:
    record, same_photo, other = (
        sign_consent(NAMED, photos) for photos in (PHOTOS, PHOTOS[1:], [PhotoHash("a" * 64, "9" * 64)])
    )
    check_not_revoked(record, "me.animato")
    revoke(record)
    for revoked in (record, same_photo):
        with pytest.raises(RefusedError, match="was revoked"):
            check_not_revoked(revoked, "me.animato")
    check_not_revoked(other, "me.animato")
    check_not_revoked(sign_consent(NAMED, PHOTOS), "me.animato")


def test_a_revocation_names_nobody(home: Path) -> None:
    revoke(sign_consent(NAMED, PHOTOS))
    (entry,) = (home / "revoked").iterdir()
    assert set(json.loads(entry.read_text())) == {"schema", "record", "photos", "date"}
    assert "Doe" not in entry.read_text()


def test_a_damaged_list_of_revocations_animates_nothing(home: Path) -> None:
    record = sign_consent(NAMED, PHOTOS)
    revoke(record)
    next((home / "revoked").iterdir()).write_text("{")
    with pytest.raises(RefusedError, match="list of revoked consents is damaged"):
        check_not_revoked(record, "me.animato")
