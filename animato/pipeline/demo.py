"""The bundled portrait of `animato demo` and `animato bench`: a computer-made head, so nobody is animated unasked."""

from __future__ import annotations

from pathlib import Path

from animato.media.image import load_picture
from animato.settings.consent import Consent
from animato.types import Frame

DEMO_PHOTO = Path(__file__).resolve().parents[1] / "assets" / "demo_portrait.png"
DEMO_CREDIT = "a computer-made head (MIT-licensed VALID avatars, CC0 light of Poly Haven)"


def demo_photo() -> Frame:
    """Return the bundled portrait, 320 x 320 x 3 uint8 RGB."""
    return load_picture(DEMO_PHOTO).image


def demo_consent() -> Consent:
    """Return the ground on which the bundled portrait is animated."""
    return Consent("not-a-person", attested_by="the animato project", scope="demonstration and benchmark")
