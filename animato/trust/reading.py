"""Read and validate the content credentials (C2PA) of a file."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from animato.trust.claim import INPUTS, LABEL, MARK, ROLES, LabelClaim
from animato.trust.credentials import json_failures, sidecar_of
from animato.trust.keys import trusted_authorities
from animato.trust.sdk import c2pa, offline_context
from animato.trust.text import clean
from animato.trust.unsigned_bytes import unsigned_bytes_are_ours
from animato.trust.wording import AI_TYPES, CAPTURE_TYPES, MAX_QUOTED

State = Literal["none", "invalid", "valid", "trusted"]

MAX_SIDECAR_BYTES = 16_000_000
UNRECOGNISED = "signingCredential.untrusted"
MAX_ACTIONS = 32
"""Actions of a manifest that are read, at most."""

UNSIGNED_CHANGED = "unsigned.changed"
"""Our own code for a changed byte that the signature does not cover."""

_CODE = re.compile(r"[A-Za-z0-9_.]{1,60}")


@dataclass(frozen=True)
class Action:
    """One claimed step of a file's making.

    Attributes:
        name: such as "c2pa.created" or "c2pa.edited".
        source_type: last part of the IPTC term; None when absent.
    """

    name: str
    source_type: str | None = None


@dataclass(frozen=True)
class Credentials:
    """Content credentials of a file and their validation state. All strings are sanitised for printing.

    Attributes:
        state: "none"; "invalid" (the file was changed, or the signature is broken); "valid" (intact, unrecognised
            signer); "trusted" (intact and signed by this installation).
        beside: whether they are in a .c2pa sidecar.
        elsewhere: whether the file only refers to a remote manifest, which is not fetched.
        signer: names in the signer's certificate, which anyone can choose.
        tool: claimed generator of the file.
        actions: all claimed steps, in order.
        mark_id: claimed id of the invisible watermark, from animato's own assertion.
        inputs: claimed number of inputs by role.
        label: claimed visible label, or the reason for leaving it out; None when nothing is said about it.
        problems: codes of the C2PA specification, without "unrecognised signer".
    """

    state: State = "none"
    beside: bool = False
    elsewhere: bool = False
    signer: str | None = None
    tool: str | None = None
    actions: tuple[Action, ...] = ()
    mark_id: str | None = None
    inputs: dict[str, int] = field(default_factory=dict)
    label: LabelClaim | None = None
    problems: tuple[str, ...] = ()

    @property
    def declares_ai(self) -> bool:
        """Whether any claimed step is AI-generated, wholly or in part."""
        return any(action.source_type in AI_TYPES for action in self.actions)

    @property
    def declares_capture(self) -> bool:
        """Whether any claimed step is a recording from life."""
        return any(action.source_type in CAPTURE_TYPES for action in self.actions)

    @property
    def source_type(self) -> str | None:
        """Source type of the first claimed step that has one."""
        return next((action.source_type for action in self.actions if action.source_type), None)

    def as_json(self) -> dict[str, Any]:
        """Return everything as plain JSON types."""
        return {
            "state": self.state,
            "beside": self.beside,
            "elsewhere": self.elsewhere,
            "signer": self.signer,
            "tool": self.tool,
            "source_type": self.source_type,
            "says_ai": self.declares_ai,
            "says_capture": self.declares_capture,
            "actions": [{"action": action.name, "source_type": action.source_type} for action in self.actions],
            "mark_id": self.mark_id,
            "inputs": dict(self.inputs),
            "label": None if self.label is None else self.label.as_json(),
            "problems": list(self.problems),
        }


def read_credentials(path: Path, media_type: str) -> Credentials:
    """Read the content credentials of a file without network access.

    Args:
        media_type: such as "video/mp4"; for a type the library does not support, only a sidecar is read.
    """
    library = c2pa()
    beside = sidecar_of(path)
    manifest = None
    if media_type not in library.Reader.get_supported_mime_types():
        if not beside.is_file() or beside.stat().st_size > MAX_SIDECAR_BYTES:
            return Credentials()
        manifest = beside.read_bytes()
    try:
        with path.open("rb") as file:
            context = offline_context(trusted_authorities())
            with library.Reader(media_type, file, manifest, context) as reader:
                credentials = _validated(reader, manifest is not None)
                if credentials.state == "trusted" and not unsigned_bytes_are_ours(
                    beside if manifest is not None else path
                ):
                    return replace(credentials, state="invalid", problems=(UNSIGNED_CHANGED,))
                return credentials
    except library.C2paError.ManifestNotFound:
        return Credentials()
    except library.C2paError as problem:
        if str(problem).startswith("Remote:"):
            return Credentials(elsewhere=True)
        if manifest is None and _not_readable(problem):
            return Credentials()
        return Credentials(state="invalid", beside=manifest is not None, problems=(_code(str(problem).split(":")[0]),))
    except OSError:
        raise
    except Exception:  # the library's Python side fails on stores without an active manifest, for example
        return Credentials(state="invalid", beside=manifest is not None, problems=("manifest.unreadable",))


def _not_readable(problem: Exception) -> bool:
    """Return whether the library failed on the file itself, not on its credentials."""
    return "could not be parsed" in str(problem) or "NotSupported" in str(problem)


def _validated(reader: Any, beside: bool) -> Credentials:
    state = str(reader.get_validation_state())
    codes = [_code(item.get("code")) for item in json_failures(reader.get_validation_results())]
    problems = tuple(code for code in codes if code != UNRECOGNISED)
    trust_state: State = "trusted" if state == "Trusted" else "valid" if state == "Valid" else "invalid"
    manifest = reader.get_active_manifest() or {}
    listed = _list(manifest.get("assertions"))
    assertions = {str(item.get("label")): item.get("data") for item in listed}
    return Credentials(
        state=trust_state,
        beside=beside,
        signer=_signer(manifest),
        tool=_tool(manifest),
        actions=_actions(listed),
        mark_id=_mark_id(assertions.get(MARK)),
        inputs=_inputs(assertions.get(INPUTS)),
        label=_label(assertions.get(LABEL)),
        problems=problems,
    )


def _list(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _signer(manifest: dict[str, Any]) -> str | None:
    info = manifest.get("signature_info")
    if not isinstance(info, dict):
        return None
    names = [clean(info[name], MAX_QUOTED) for name in ("common_name", "issuer") if info.get(name)]
    return ", ".join(names) or None


def _tool(manifest: dict[str, Any]) -> str | None:
    generators = _list(manifest.get("claim_generator_info"))
    if not generators:
        return None
    return clean(f"{generators[0].get('name', '')} {generators[0].get('version', '')}", MAX_QUOTED) or None


def _actions(assertions: list[dict[str, Any]]) -> tuple[Action, ...]:
    """Return the steps of all assertions of actions, in order; a manifest may have several of the same label."""
    steps: list[Action] = []
    for assertion in assertions:
        data = assertion.get("data")
        if not str(assertion.get("label")).startswith("c2pa.actions") or not isinstance(data, dict):
            continue
        for action in _list(data.get("actions")):
            url = action.get("digitalSourceType")
            term = re.search(r"[\w-]+$", url) if isinstance(url, str) else None
            steps.append(Action(clean(action.get("action"), MAX_QUOTED), clean(term[0], MAX_QUOTED) if term else None))
    return tuple(steps[:MAX_ACTIONS])


def _code(value: object) -> str:
    """Return a status code of the specification; anything else could be text that a stranger chose."""
    return str(value) if _CODE.fullmatch(str(value)) else "unknown"


def _mark_id(data: Any) -> str | None:
    mark_id = data.get("id") if isinstance(data, dict) else None
    return mark_id if isinstance(mark_id, str) and re.fullmatch(r"[0-9a-f]{8}", mark_id) else None


def _inputs(data: Any) -> dict[str, int]:
    counts: dict[str, int] = {}
    for item in _list(data.get("inputs") if isinstance(data, dict) else None):
        role = next((known for known in ROLES if item.get("role") == known), "other input")
        counts[role] = counts.get(role, 0) + 1
    return counts


def _label(data: Any) -> LabelClaim | None:
    """Return the claim about the visible label; its strings are a stranger's words, shortened."""
    if not isinstance(data, dict) or not isinstance(data.get("visible"), bool):
        return None
    text, corner, reason = (
        clean(data[name], 40) if isinstance(data.get(name), str) else None for name in ("text", "corner", "reason")
    )
    return LabelClaim(text or "", corner) if data["visible"] else LabelClaim(reason=reason)
