"""Reading content credentials (C2PA) back: are there any, do they hold, whose are they, what do they say."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from animato.trust.claim import INPUTS, MARK
from animato.trust.credentials import json_failures, sidecar_of
from animato.trust.keys import local_authority
from animato.trust.sdk import c2pa, offline_context
from animato.trust.text import clean

State = Literal["none", "invalid", "valid", "trusted"]

LARGEST_SIDECAR = 16_000_000
UNRECOGNISED = "signingCredential.untrusted"
AI_TYPES = ("trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia", "algorithmicMedia", "compositeSynthetic")
"""Terms of the IPTC vocabulary that say "made by a machine", wholly or in part."""


@dataclass(frozen=True)
class Credentials:
    """What the content credentials of a file are worth and what they say. All texts are safe to print.

    Attributes:
        state: "none"; "invalid" (they do not fit the file, or the signature is broken); "valid" (they hold, the signer
            is not recognised); "trusted" (they hold and were signed by this installation).
        beside: whether they lie in a .c2pa file beside it.
        elsewhere: whether the file only names an address on a network where they are kept; nothing is fetched.
        signer: names in the signer's certificate, which anyone can choose.
        tool: what made the file, as claimed.
        source_type: the last part of the IPTC term, as claimed; None when there is none.
        mark_id: id of the invisible mark, as claimed by animato's own assertion.
        inputs: how many inputs of each role, as claimed.
        problems: codes of the C2PA specification, without "unrecognised signer".
    """

    state: State = "none"
    beside: bool = False
    elsewhere: bool = False
    signer: str | None = None
    tool: str | None = None
    source_type: str | None = None
    mark_id: str | None = None
    inputs: dict[str, int] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    @property
    def says_ai(self) -> bool:
        """Whether they say that the pictures are machine-made, wholly or in part."""
        return self.source_type in AI_TYPES

    def as_json(self) -> dict[str, Any]:
        """Return everything as plain JSON types."""
        return {
            "state": self.state,
            "beside": self.beside,
            "elsewhere": self.elsewhere,
            "signer": self.signer,
            "tool": self.tool,
            "source_type": self.source_type,
            "says_ai": self.says_ai,
            "mark_id": self.mark_id,
            "inputs": dict(self.inputs),
            "problems": list(self.problems),
        }


def read_credentials(path: Path, media_type: str) -> Credentials:
    """Return what the content credentials of a file say; nothing is fetched from a network.

    Args:
        media_type: such as "video/mp4"; a type the library does not read is looked up beside the file only.
    """
    library = c2pa()
    beside = sidecar_of(path)
    manifest = None
    if media_type not in library.Reader.get_supported_mime_types():
        if not beside.is_file() or beside.stat().st_size > LARGEST_SIDECAR:
            return Credentials()
        manifest = beside.read_bytes()
    try:
        with path.open("rb") as file:
            context = offline_context(local_authority())
            with library.Reader(media_type, file, manifest, context) as reader:
                return _told(reader, manifest is not None)
    except library.C2paError.ManifestNotFound:
        return Credentials()
    except library.C2paError as problem:
        if str(problem).startswith("Remote:"):
            return Credentials(elsewhere=True)
        if manifest is None and _not_readable(problem):
            return Credentials()
        return Credentials(state="invalid", beside=manifest is not None, problems=(clean(problem),))


def _not_readable(problem: Exception) -> bool:
    """Return whether the file itself, not its credentials, is what the library could not read."""
    return "could not be parsed" in str(problem) or "NotSupported" in str(problem)


def _told(reader: Any, beside: bool) -> Credentials:
    state = str(reader.get_validation_state())
    codes = [clean(item.get("code")) for item in json_failures(reader.get_validation_results())]
    problems = tuple(code for code in codes if code != UNRECOGNISED)
    held: State = "trusted" if state == "Trusted" else "valid" if state == "Valid" else "invalid"
    manifest = reader.get_active_manifest() or {}
    assertions = {str(item.get("label")): item.get("data") for item in _list(manifest.get("assertions"))}
    return Credentials(
        state=held,
        beside=beside,
        signer=_signer(manifest),
        tool=_tool(manifest),
        source_type=_source_type(assertions),
        mark_id=_mark_id(assertions.get(MARK)),
        inputs=_inputs(assertions.get(INPUTS)),
        problems=problems,
    )


def _list(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _signer(manifest: dict[str, Any]) -> str | None:
    info = manifest.get("signature_info")
    if not isinstance(info, dict):
        return None
    names = [clean(info[name]) for name in ("common_name", "issuer") if info.get(name)]
    return ", ".join(names) or None


def _tool(manifest: dict[str, Any]) -> str | None:
    generators = _list(manifest.get("claim_generator_info"))
    if not generators:
        return None
    return clean(f"{generators[0].get('name', '')} {generators[0].get('version', '')}") or None


def _source_type(assertions: dict[str, Any]) -> str | None:
    """Return the source type of the action that made the file."""
    for label, data in assertions.items():
        if not label.startswith("c2pa.actions") or not isinstance(data, dict):
            continue
        for action in _list(data.get("actions")):
            url = action.get("digitalSourceType")
            if isinstance(url, str) and re.search(r"[\w-]+$", url):
                return clean(url.rsplit("/", 1)[-1])
    return None


def _mark_id(data: Any) -> str | None:
    found = data.get("id") if isinstance(data, dict) else None
    return found if isinstance(found, str) and re.fullmatch(r"[0-9a-f]{8}", found) else None


def _inputs(data: Any) -> dict[str, int]:
    counts: dict[str, int] = {}
    for item in _list(data.get("inputs") if isinstance(data, dict) else None):
        role = clean(item.get("role"), 20)
        counts[role] = counts.get(role, 0) + 1
    return counts
