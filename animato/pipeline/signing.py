"""Build the signed claim of an output: ingredients, settings, consent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from animato.errors import AnimatoError
from animato.media.structure import check_structure
from animato.motion.expression_file import controls_of_text
from animato.pipeline.actor import Cast
from animato.pipeline.consent import person_consent, published_consents
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
    # Only plain values are published, not paths.
    published = {**vars(settings), "background": settings.background_kind, "offset": offset_claim(settings)}

    def sign(unsigned: Path, signed: Path, payload: MarkPayload) -> None:
        claim = Claim(
            source_type=source_type(settings.composed),
            payload=payload,
            ingredients=ingredients(cast, settings),
            settings=published,
            consents=published_consents([member.head for member in cast], settings.person),
            label=label_claim(settings, label),
        )
        sign_output(unsigned, signed, claim, settings)

    return sign


def ground_of(cast: Sequence[Cast], settings: AnimateSettings) -> str | None:
    """Return the ground of consent of a cast; None if it differs between its heads."""
    grounds = {member.head.consent.ground for member in cast}
    if settings.person is not None:
        grounds.add(person_consent(settings.person).consent.ground)
    return grounds.pop() if len(grounds) == 1 else None


def label_claim(settings: AnimateSettings, label: Label | None) -> LabelClaim:
    """Return what the credentials say about the visible label."""
    if label is None:
        return LabelClaim(reason=settings.no_label or "not-a-person")
    return LabelClaim(text=settings.label_text, corner=label.corner)


def offset_claim(settings: AnimateSettings) -> str | None:
    """Return what the credentials say about the offset: its controls and their values, also if it comes from a file."""
    if settings.offset is None:
        return None
    return ", ".join(f"{name} {value:g}" for name, value in controls_of_text(settings.offset).items())


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
