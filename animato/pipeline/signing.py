"""Build the signed claim of an output: ingredients, settings, consent."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from animato.errors import AnimatoError
from animato.media.structure import check_structure
from animato.pipeline.actor import Cast
from animato.pipeline.label import Label
from animato.settings.animate import AnimateSettings
from animato.settings.media import ReaderSettings
from animato.settings.provenance import VerifySettings
from animato.trust.claim import Claim, Ingredient, LabelClaim
from animato.trust.credentials import sign_output
from animato.trust.keys import signing_key
from animato.trust.metadata import source_type
from animato.trust.payload import MarkPayload
from animato.trust.reading import read_credentials
from animato.weights.person import read_person_record

CONSENT_FIELDS = ("basis", "statement", "statement_sha256", "date")
"""Fields of a consent record that are published; names and documents stay in the person file."""


def signer_for(
    cast: Sequence[Cast], settings: AnimateSettings, label: Label | None = None
) -> Callable[[Path, Path, MarkPayload], None]:
    """Return the function that signs the output of a cast; see `pipeline.output.Signer`.

    Args:
        cast: heads and opened drivers.
        settings: of the render.
        label: the visible label of the output, or None.
    """
    signing_key(settings)  # raises for a wrong `sign_key` before rendering

    def sign(unsigned: Path, signed: Path, payload: MarkPayload) -> None:
        claim = Claim(
            source_type=source_type(settings.composed),
            payload=payload,
            ingredients=ingredients(cast, settings),
            # Only plain values are published, not paths.
            settings={**vars(settings), "background": settings.background_kind},
            consent=consent_of(cast, settings),
            label=label_claim(settings, label),
        )
        sign_output(unsigned, signed, claim, settings)

    return sign


def consent_of(cast: Sequence[Cast], settings: AnimateSettings) -> dict[str, str] | None:
    """Return the publishable fields of the consent record in a person or head file (`CONSENT_FIELDS`), or None."""
    if settings.person is not None:
        record: Mapping[str, Any] | None = read_person_record(settings.person).consent
    else:
        record = next((member.head.consent for member in cast if member.head.consent), None)
    if record is None:
        return None
    return {key: str(value) for key, value in record.items() if key in CONSENT_FIELDS}


def ground_of(cast: Sequence[Cast], settings: AnimateSettings) -> str | None:
    """Return the basis of consent of a cast; None if it is not recorded for everybody, or differs between them."""
    records: list[Mapping[str, Any] | None] = [member.head.consent for member in cast]
    if settings.person is not None:
        records = [read_person_record(settings.person).consent, *(record for record in records if record)]
    grounds = {None if record is None else str(record.get("basis")) for record in records}
    return grounds.pop() if len(grounds) == 1 else None


def label_claim(settings: AnimateSettings, label: Label | None) -> LabelClaim:
    """Return what the credentials say about the visible label."""
    if label is None:
        return LabelClaim(reason=settings.no_label or "not-a-person")
    return LabelClaim(text=settings.label_text, corner=label.corner)


def ingredients(cast: Sequence[Cast], settings: AnimateSettings) -> tuple[Ingredient, ...]:
    """Return the inputs of an output with their hashes: photos, drivers, background, audio."""
    photos = {photo.sha256: photo for member in cast for photo in member.head.photos}.values()
    found = [Ingredient("photo", photo.sha256, photo.bytes, photo.media_type, photo.path) for photo in photos]
    found += [Ingredient.from_file(path, "driver") for path in dict.fromkeys(m.driver.path for m in cast)]
    if settings.background_file is not None:
        found.append(Ingredient.from_file(settings.background_file, "background"))
    if settings.sound and settings.audio is not None:
        found.append(Ingredient.from_file(settings.audio, "audio"))
    return tuple(with_state(item) for item in found)


def with_state(item: Ingredient) -> Ingredient:
    """Return an input with the state of its own content credentials, where they can be read."""
    if item.path is None:
        return item
    try:
        check_structure(item.path, reader=ReaderSettings(max_boxes=VerifySettings().max_boxes))
        state = read_credentials(item.path, item.media_type).state
    except (AnimatoError, OSError):
        return item
    return replace(item, credentials="valid" if state == "trusted" else state)  # who trusts whom stays private
