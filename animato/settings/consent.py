"""Consent settings: the four bases, and the statement the user affirms for each."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from animato.errors import RefusedError
from animato.settings.base import check, setting

STATEMENT_VERSION = "consent-1"

Basis = Literal["self", "other-consented", "deceased", "not-a-person"]
"""Basis on which a person is animated."""

STATEMENTS: Mapping[Basis, str] = {
    "self": "I am the person in these photos, I am of age, and I agree that animato makes videos of me.",
    "other-consented": "The person in these photos is of age, or I am their parent or guardian; they know what "
    "is made of their likeness and have agreed to it, and I can show that they have.",
    "deceased": "The person in these photos has died; I act for their estate or family, or in the public interest, "
    "and I make no one believe that they said or did what they did not.",
    "not-a-person": "These pictures show no real person: a painting, a statue, a character of mine, an invented face.",
}
"""Statement the user affirms, by basis. Changing a sentence requires a new STATEMENT_VERSION."""


@dataclass(frozen=True, kw_only=True)
class ConsentSettings:
    """Basis of consent for creating a person file."""

    consent_basis: Basis | None = setting(
        None,
        "Basis of consent: self, other-consented, deceased, or not-a-person (a painting, a statue, a character).",
    )
    i_have_consent: bool = setting(False, "Affirm the statement for the basis; it is stored in the person file.")
    attester: str | None = setting(None, "Name of the person who affirms it (free text), stored in the person file.")
    scope: str | None = setting(None, "Permitted use of the videos (free text), stored in the person file.")
    expires: str | None = setting(None, "Last day of the consent, YYYY-MM-DD.")

    def __post_init__(self) -> None:
        check(self, "consent")
        if self.expires is not None:
            try:
                time.strptime(self.expires, "%Y-%m-%d")
            except ValueError:
                raise RefusedError(
                    f"`expires={self.expires}` is not a day", where="consent.expires", hint="`expires=2030-12-31`"
                ) from None


def consent_record(settings: ConsentSettings) -> dict[str, Any]:
    """Return the consent record of a person file.

    Raises:
        RefusedError: no basis is given, or its statement is not affirmed.
    """
    basis = settings.consent_basis
    if basis is None:
        raise RefusedError(
            "a person file needs a basis of consent",
            where=f"one of: {', '.join(STATEMENTS)}",
            hint="`consent_basis=self` `i_have_consent=True`",
        )
    if not settings.i_have_consent:
        raise RefusedError(
            "the statement of consent was not affirmed",
            where=f"{basis}: {STATEMENTS[basis]}",
            hint="`i_have_consent=True`",
        )
    text = STATEMENTS[basis]
    record: dict[str, Any] = {
        "schema": 1,
        "basis": basis,
        "statement": f"{STATEMENT_VERSION}/{basis}",
        "statement_text": text,
        "statement_sha256": hashlib.sha256(text.encode()).hexdigest(),
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
    }
    extra = {"attester": settings.attester, "scope": settings.scope, "expires": settings.expires}
    return record | {name: value for name, value in extra.items() if value}
