"""Build the unsigned C2PA manifest of an output: source type, input hashes, settings, watermark.

A manifest contains no names of people, files, folders or machines. Titles are "photo", "driver", "background",
"audio"; settings with paths are omitted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from animato.errors import InputError
from animato.media.hash import sha256_file
from animato.media.probe import media_type as probe
from animato.trust.metadata import SourceType
from animato.trust.payload import MarkPayload
from animato.version import __version__

ROLES = ("photo", "driver", "background", "audio")
MAX_TEXT = 80
"""Longest text setting that is published, characters."""

TOOL = "animato"
ACTIONS, MARK, INPUTS, RENDER, CONSENT, LABEL = (
    "c2pa.actions.v2",
    "org.animato.mark",
    "org.animato.inputs",
    "org.animato.render",
    "org.animato.consent",
    "org.animato.label",
)
"""Labels of the assertions in a manifest."""

MOTION = "application/vnd.animato.motion"
"""Media type of a motion file; unknown to the C2PA library, so it is recorded by hash only."""


@dataclass(frozen=True)
class Ingredient:
    """One input of an output.

    Attributes:
        role: "photo", "driver", "background" or "audio".
        sha256: of the input's bytes, 64 hexadecimal digits.
        size: in bytes.
        media_type: such as "image/jpeg".
        path: location, used to include its own credentials on request; None when only the hash is known. Never written
            to the manifest.
        credentials: state of its own content credentials: "none", "valid", "invalid", or None when unknown.
    """

    role: str
    sha256: str
    size: int
    media_type: str
    path: Path | None = None
    credentials: str | None = None

    def __post_init__(self) -> None:
        if self.role not in ROLES:
            raise ValueError(f"an input is a {', a '.join(ROLES)}; not {self.role!r}")
        if len(self.sha256) != 64 or set(self.sha256) - set("0123456789abcdef"):
            raise ValueError("sha256 is 64 lower-case hexadecimal digits")

    @classmethod
    def from_file(cls, path: Path, role: str, media_type: str | None = None) -> Ingredient:
        """Return the ingredient of a file.

        Args:
            role: "photo", "driver", "background" or "audio".
            media_type: of the file; detected from its first bytes by default.

        Raises:
            InputError: the file cannot be read.
        """
        known = media_type or (MOTION if path.suffix.lower() == ".motion" else probe(path))
        digest = sha256_file(path)
        try:
            return cls(role, digest, path.stat().st_size, known, path)
        except OSError as problem:
            raise InputError(f"{path} cannot be read: {problem.strerror}") from problem

    def as_json(self) -> dict[str, Any]:
        """Return role, hash, size, type and state of credentials as plain JSON types; no name and no path."""
        state = {} if self.credentials is None else {"credentials": self.credentials}
        return {"role": self.role, "sha256": self.sha256, "bytes": self.size, "mediaType": self.media_type, **state}


@dataclass(frozen=True)
class LabelClaim:
    """The visible label of an output.

    Attributes:
        text: of the label; None if there is none.
        corner: in which it lies, such as "bottom-right"; None if there is none.
        reason: why there is none: a word of `no_label`, or "not-a-person"; None if there is one.
    """

    text: str | None = None
    corner: str | None = None
    reason: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON types, without what is None."""
        known = {name: value for name, value in vars(self).items() if value is not None}
        return {"visible": self.text is not None, **known}


@dataclass(frozen=True)
class Claim:
    """Content of the manifest of one output.

    Attributes:
        source_type: trained for a bare crop, composite when pasted into a photo.
        payload: payload of the invisible watermark.
        ingredients: the inputs, photos first.
        settings: settings used, by name; filtered by `public_settings`.
        version: of animato.
        consents: ground, hash of the statement and date of each head's consent; no names.
        label: the visible label, or why there is none; None if nothing is said about it.
    """

    source_type: SourceType
    payload: MarkPayload
    ingredients: tuple[Ingredient, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    version: str = __version__
    consents: tuple[Mapping[str, Any], ...] = ()
    label: LabelClaim | None = None


def public_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that are safe to publish: booleans, numbers, short words and lists of these.

    Paths, path-like strings, other types and unset settings are omitted.
    """
    kept: dict[str, Any] = {}
    for name, value in settings.items():
        items = list(value) if isinstance(value, (list, tuple)) else [value]
        if items and all(_is_public(item) for item in items):
            kept[str(name)] = items if isinstance(value, (list, tuple)) else value
    return kept


def _is_public(value: Any) -> bool:
    if isinstance(value, (bool, int, float)):
        return value == value and abs(value) != float("inf")
    # Words only: no path separators of any platform, and no file suffix.
    if not isinstance(value, str) or not re.fullmatch(rf"[\w .,:+-]{{1,{MAX_TEXT}}}", value):
        return False
    return re.search(r"\.[A-Za-z]\w*$", value) is None and re.match(r"[A-Za-z]:", value) is None


def manifest_definition(claim: Claim, media_type: str, labels: list[str]) -> dict[str, Any]:
    """Return the manifest definition for the C2PA SDK.

    Args:
        media_type: of the output.
        labels: of the ingredients that will be added to the manifest, in order.
    """
    agent = {"name": TOOL, "version": claim.version}
    created: dict[str, Any] = {
        "action": "c2pa.created",
        "digitalSourceType": claim.source_type.url,
        "softwareAgent": agent,
    }
    if labels:
        created["parameters"] = {"ingredientIds": labels}
    # "unbound": the watermark is not on the C2PA list of soft bindings, and only listed ones count as bound.
    watermarked = {"action": "c2pa.watermarked.unbound", "softwareAgent": agent}
    assertions: list[dict[str, Any]] = [
        {"label": ACTIONS, "data": {"actions": [created, watermarked]}},
        {"label": MARK, "data": {"algorithm": "mark-1", **claim.payload.as_json()}},
        {"label": INPUTS, "data": {"inputs": [ingredient.as_json() for ingredient in claim.ingredients]}},
        {"label": RENDER, "data": {"version": claim.version, "settings": public_settings(claim.settings)}},
    ]
    if claim.consents:
        heads = [public_settings(consent) for consent in claim.consents]
        assertions.append({"label": CONSENT, "data": {"heads": heads}})
    if claim.label is not None:
        assertions.append({"label": LABEL, "data": claim.label.as_json()})
    return {
        "claim_generator_info": [agent],
        "title": f"{TOOL} {'picture' if media_type.startswith('image/') and media_type != 'image/gif' else 'video'}",
        "format": media_type,
        "assertions": assertions,
    }
