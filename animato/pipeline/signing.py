"""What an output says about itself: which inputs, which settings, which mark; signed by `trust.credentials`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from animato.drivers.base import Driver
from animato.head.head import Person
from animato.settings.animate import AnimateSettings
from animato.trust.claim import Claim, Ingredient
from animato.trust.credentials import sign_output
from animato.trust.keys import signing_key
from animato.trust.metadata import source_type
from animato.trust.payload import MarkPayload

CONSENT_FIELDS = ("basis", "statement", "statement_sha256", "date")
"""Fields of a consent record that are published; names and documents stay in the person file."""


def signer_for(
    person: Person, driver: Driver, settings: AnimateSettings, pasted: bool
) -> Callable[[Path, Path, MarkPayload], None]:
    """Return the function that writes the signed twin of an unsigned output."""
    signing_key(settings)  # a wrong `sign_key` is refused now, not after the rendering

    def sign(unsigned: Path, signed: Path, payload: MarkPayload) -> None:
        claim = Claim(
            source_type=source_type(pasted),
            payload=payload,
            ingredients=ingredients(person, driver, settings),
            settings=vars(settings),  # paths stay out: only plain values are published
            consent=consent_of(settings),
        )
        sign_output(unsigned, signed, claim, settings)

    return sign


def consent_of(settings: AnimateSettings) -> dict[str, str] | None:
    """Return what credentials may say of the consent in a person file: basis, statement, date; None without one."""
    if settings.person is None:
        return None
    from animato.weights.person import read_person_record

    record = read_person_record(settings.person).consent
    return {key: str(value) for key, value in record.items() if key in CONSENT_FIELDS}


def ingredients(person: Person, driver: Driver, settings: AnimateSettings) -> tuple[Ingredient, ...]:
    """Return every input of an output by its hash: photos, driver, sound."""
    found = [Ingredient("photo", photo.sha256, photo.bytes, photo.media_type, photo.path) for photo in person.photos]
    found.append(Ingredient.from_file(driver.path, "driver"))
    if settings.sound and settings.audio is not None:
        found.append(Ingredient.from_file(settings.audio, "audio"))
    return tuple(found)
