"""Build the signed claim of an output: ingredients, settings, consent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from animato.pipeline.actor import Cast
from animato.pipeline.consent import published_consents
from animato.settings.animate import AnimateSettings
from animato.trust.claim import Claim, Ingredient
from animato.trust.credentials import sign_output
from animato.trust.keys import signing_key
from animato.trust.metadata import source_type
from animato.trust.payload import MarkPayload


def signer_for(cast: Sequence[Cast], settings: AnimateSettings) -> Callable[[Path, Path, MarkPayload], None]:
    """Return the function that signs the output of a cast; see `pipeline.output.Signer`."""
    signing_key(settings)  # raises for a wrong `sign_key` before rendering

    def sign(unsigned: Path, signed: Path, payload: MarkPayload) -> None:
        claim = Claim(
            source_type=source_type(settings.composed),
            payload=payload,
            ingredients=ingredients(cast, settings),
            # Only plain values are published, not paths.
            settings={**vars(settings), "background": settings.background_kind},
            consents=published_consents([member.head for member in cast], settings.person),
        )
        sign_output(unsigned, signed, claim, settings)

    return sign


def ingredients(cast: Sequence[Cast], settings: AnimateSettings) -> tuple[Ingredient, ...]:
    """Return the inputs of an output with their hashes: photos, drivers, background, audio."""
    photos = {photo.sha256: photo for member in cast for photo in member.head.photos}.values()
    found = [Ingredient("photo", photo.sha256, photo.bytes, photo.media_type, photo.path) for photo in photos]
    found += [Ingredient.from_file(path, "driver") for path in dict.fromkeys(m.driver.path for m in cast)]
    if settings.background_file is not None:
        found.append(Ingredient.from_file(settings.background_file, "background"))
    if settings.sound and settings.audio is not None:
        found.append(Ingredient.from_file(settings.audio, "audio"))
    return tuple(found)
