"""Consent: the grounds on which a head may be made, and the statement that is affirmed for each."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, Literal, get_args

from animato.errors import RefusedError, UsageError
from animato.settings.base import check, setting

Ground = Literal["self", "other", "deceased", "not-a-person"]
"""Ground on which a face may be animated."""

GROUNDS: tuple[Ground, ...] = get_args(Ground)
MINOR = "minor"

STATEMENTS: Mapping[str, str] = {
    "self": "I am the person in these photos, I am an adult, and I agree that animato makes videos of me.",
    "other": "The person in these photos is an adult, knows what is made of their likeness and has agreed to it, and "
    "I can show that they have.",
    MINOR: "The person in these photos is a minor. I am their parent or legal guardian, I agree for them, and the "
    "videos are not against their interest.",
    "deceased": "The person in these photos has died. I act for their estate or family, or in the public interest, "
    "and I make no one believe that they said or did what they did not.",
    "not-a-person": "These pictures show no real person: a painting, a statue, a character, or an invented face.",
}
"""Statement affirmed by each ground, and by a guardian for a minor. Records hold the sentence itself."""

MAX_TEXT = 500
"""Longest free text of a consent, characters."""

MORE = "docs/consent.md"


def today() -> str:
    """Return the date in UTC as YYYY-MM-DD."""
    return dt.datetime.now(dt.UTC).date().isoformat()


@dataclass(frozen=True)
class Consent:
    """Why a face may be animated: who affirmed which statement, and until when.

    Attributes:
        ground: "self", "other" (an adult who agreed; a minor with `guardian`), "deceased" or "not-a-person".
        reason: why a deceased person is shown; required for that ground.
        guardian: name of the parent or legal guardian who agrees for a minor; only with ground "other".
        attested_by: name of who affirms the statement.
        scope: what the videos may be used for.
        expires: last day on which the head may be animated, YYYY-MM-DD.
        date: on which the statement was affirmed, YYYY-MM-DD; today by default.
        statement: the sentence that was affirmed; that of the ground by default.
        clip: result of comparing a consent clip with the photos, plain JSON types, or None.

    Raises:
        UsageError: an unknown ground, a missing reason, a date that is none.

    Example:
        >>> Consent("self", expires="2030-12-31").statement[:29]
        'I am the person in these phot'
    """

    ground: Ground
    _: KW_ONLY
    reason: str | None = None
    guardian: str | None = None
    attested_by: str | None = None
    scope: str | None = None
    expires: str | None = None
    date: str = field(default_factory=today)
    statement: str = ""
    clip: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        if self.ground not in GROUNDS:
            raise UsageError(
                f"`consent` cannot be {self.ground!r}", where=f"one of: {', '.join(GROUNDS)}", hint="`consent=self`"
            )
        if self.ground == "deceased" and not (self.reason or "").strip():
            raise UsageError(
                "consent for a deceased person needs a reason",
                where="on whose behalf, or in which public interest, they are shown",
                hint='`consent=deceased` `consent_reason="for the family"`',
                more=MORE,
            )
        if self.guardian and self.ground != "other":
            raise UsageError("`guardian` goes with `consent=other`", hint="leave one of them out", more=MORE)
        for name in ("reason", "guardian", "attested_by", "scope"):
            value = getattr(self, name)
            if value is not None and (not isinstance(value, str) or len(value) > MAX_TEXT):
                raise UsageError(f"{name} of a consent must be text of at most {MAX_TEXT} characters")
        for name in ("expires", "date"):
            _check_day(name, getattr(self, name))
        if not self.statement:
            object.__setattr__(self, "statement", STATEMENTS[MINOR if self.guardian else self.ground])

    @property
    def statement_sha256(self) -> str:
        """SHA-256 of the statement in UTF-8, 64 hexadecimal digits."""
        return hashlib.sha256(self.statement.encode()).hexdigest()

    @property
    def expired(self) -> bool:
        """Whether the last day of the consent has passed, in UTC."""
        return self.expires is not None and self.expires < today()

    def public(self) -> dict[str, str]:
        """Return what is published in content credentials: ground, hash of the statement and date; no names."""
        return {"ground": self.ground, "statement_sha256": self.statement_sha256, "date": self.date}


def _check_day(name: str, value: Any) -> None:
    if value is None and name == "expires":
        return
    try:
        valid = dt.date.fromisoformat(value).isoformat() == value
    except (TypeError, ValueError):
        valid = False
    if not valid:
        raise UsageError(f"{value!r} is not a day ({name} of a consent)", hint="2030-12-31, for example")


def required_consent(consent: Consent | str | None) -> Consent:
    """Return the consent given, as a value or as the name of its ground.

    Raises:
        RefusedError: none is given.
        UsageError: an unknown ground, or a value of another type.
    """
    if isinstance(consent, Consent):
        return consent
    if isinstance(consent, str):
        return Consent(consent)  # type: ignore[arg-type]  # checked there
    if consent is not None:
        raise UsageError(f"a consent cannot be of the type {type(consent).__name__}", hint="`consent=self`")
    raise RefusedError(
        "no head is made without consent: say on which ground this face may be animated",
        where="self (this is you), other (an adult who agreed), deceased, not-a-person (painting, character)",
        hint="`consent=self`, for example; it affirms the statement of that ground",
        more=MORE,
    )


@dataclass(frozen=True, kw_only=True)
class ConsentSettings:
    """Options that give a consent on the command line."""

    consent: Ground | None = setting(
        None,
        "Ground on which the face may be animated, which affirms its statement: self, other (an adult who agreed), "
        "deceased, or not-a-person (a painting, a statue, a character). Asked for in a terminal.",
        group="Consent",
    )
    consent_reason: str | None = setting(
        None, "Why a deceased person is shown; required with `consent=deceased`.", group="Consent"
    )
    guardian: str | None = setting(
        None, "With `consent=other`, for a minor: the parent or guardian who agrees.", group="Consent"
    )
    attested_by: str | None = setting(None, "Who affirms the statement; stays in the head file.", group="Consent")
    consent_scope: str | None = setting(
        None, "What the videos may be used for; stays in the head file.", group="Consent"
    )
    consent_expires: str | None = setting(
        None, "Last day on which the head may be animated, YYYY-MM-DD.", group="Consent"
    )

    def __post_init__(self) -> None:
        check(self, "consent")
        given = [name for name in vars(self) if name != "consent" and getattr(self, name) is not None]
        if self.consent is None and given:
            raise UsageError(f"`{given[0]}` needs `consent`", hint="`consent=other`, for example", more=MORE)

    def given(self) -> Consent | None:
        """Return the consent; None if no ground was given.

        Raises:
            UsageError: see `Consent`.
        """
        if self.consent is None:
            return None
        return Consent(
            self.consent,
            reason=self.consent_reason,
            guardian=self.guardian,
            attested_by=self.attested_by,
            scope=self.consent_scope,
            expires=self.consent_expires,
        )
