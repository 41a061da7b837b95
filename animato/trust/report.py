"""Report of `animato verify`: credentials, watermark and declared source types, as text and JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from animato.trust.declared import Signal
from animato.trust.detect import MarkReading
from animato.trust.reading import Credentials
from animato.trust.text import clean

NO_MARK = "No mark found. This does not mean the video is real."
MARK_CAVEAT = "A mark shows that a tool like animato was used, but marks can be copied onto real video."

FOUND, NOTHING_FOUND, UNREADABLE = 0, 7, 3
"""Exit codes."""

_SOURCE_WORDS = {
    "trainedAlgorithmicMedia": "AI-generated",
    "compositeWithTrainedAlgorithmicMedia": "partly AI-generated, composed with real material",
    "algorithmicMedia": "made by an algorithm",
    "compositeSynthetic": "composed with synthetic material",
    "digitalCapture": "captured by a camera",
}


@dataclass(frozen=True)
class VerifyReport:
    """Verification result for one file or folder.

    Attributes:
        name: file name without its folder.
        media_type: detected from the file signature; "folder" for a folder of images.
        credentials: validation state and content of the content credentials.
        mark: watermark reading; None when no frame could be read.
        declared: source types in unsigned metadata.
        note: record stored on this computer for the mark's id, or None.
        warnings: messages about parts that could not be read.
    """

    name: str
    media_type: str
    credentials: Credentials
    mark: MarkReading | None
    declared: tuple[Signal, ...] = ()
    note: dict[str, Any] | None = None
    warnings: tuple[str, ...] = ()

    @property
    def found(self) -> bool:
        """Whether credentials, a watermark or a declared AI source type were found."""
        marked = self.mark is not None and self.mark.present
        signed = self.credentials.state != "none" or self.credentials.elsewhere
        return marked or signed or any(signal.declares_ai for signal in self.declared)

    @property
    def exit_code(self) -> int:
        """0 when provenance was found, else 7."""
        return FOUND if self.found else NOTHING_FOUND

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain JSON types."""
        return {
            "file": self.name,
            "media_type": self.media_type,
            "found": self.found,
            "credentials": self.credentials.as_json(),
            "mark": None if self.mark is None else self.mark.as_json(),
            "declared": [{"place": signal.place, "source_type": signal.source_type} for signal in self.declared],
            "known_here": self.note,
            "warnings": list(self.warnings),
            "sentences": self.sentences(),
        }

    def sentences(self) -> list[str]:
        """Return the report as sentences for the user, credentials first, with their limitations."""
        rows = [self._credentials_sentence(), *self._label_sentence(), *self._mark_sentences()]
        rows += [f"Declared in the {signal.place}: {_words(signal.source_type)}." for signal in self.declared]
        rows += [clean(warning, 300) for warning in self.warnings]
        return [*rows, MARK_CAVEAT] if self.mark is not None and self.mark.present else rows

    def _credentials_sentence(self) -> str:
        credentials = self.credentials
        where = " (in the .c2pa file beside it)" if credentials.beside else ""
        if credentials.elsewhere:
            return "Content credentials are stored at a remote address; they were not fetched."
        if credentials.state == "none":
            return "No content credentials."
        if credentials.state == "invalid":
            return (
                f"Invalid content credentials{where}: the file was changed after it was signed, or the "
                f"signature is broken ({', '.join(credentials.problems) or 'no reason given'})."
            )
        signer = (
            "signed by this installation of animato"
            if credentials.state == "trusted"
            else f"signer: {credentials.signer}"
        )
        recognised = "" if credentials.state == "trusted" else " is not recognised"
        parts = [
            f"made with {credentials.tool}" if credentials.tool else "",
            _words(credentials.source_type) if credentials.source_type else "",
            _inputs(credentials.inputs),
        ]
        statement = "; ".join(part for part in parts if part)
        return (
            f"Valid content credentials{where}; {signer}{recognised}. Claims: {statement or 'none about the source'}."
        )

    def _label_sentence(self) -> list[str]:
        label = self.credentials.label
        if label is None or self.credentials.state not in ("valid", "trusted"):
            return []
        if label.text is None:
            return [f'Visible label: none; the reason given is "{label.reason or "none"}".']
        return [f'Visible label, according to the credentials: "{label.text}", {label.corner or "somewhere"}.']

    def _mark_sentences(self) -> list[str]:
        mark = self.mark
        if mark is None:
            return ["No frames could be read, so there was no search for a mark."]
        evidence = f"z {mark.z:.1f}, {mark.frames_read} frame{'s' if mark.frames_read != 1 else ''} read"
        if not mark.present:
            return [f"{NO_MARK} ({evidence})"]
        if mark.found_id is None:
            return [f"An invisible mark was detected, but its id cannot be decoded ({evidence})."]
        payload = mark.found_id
        share = f"{100 * (mark.bit_confidence or 0):.0f} % of the bits agree"
        rows = [f"Invisible mark found: id {payload.id_text}, kind {payload.kind.word} ({share}, {evidence})."]
        if self.note is not None:
            rows.append(f"Made on this computer, on {clean(self.note.get('made', 'an unknown day'), 20)}.")
        claimed = self.credentials.mark_id
        if claimed is not None and claimed != payload.id_text:
            rows.append(f"The credentials name another mark ({claimed}): they may have been moved from another file.")
        return rows


def _words(source_type: str) -> str:
    return _SOURCE_WORDS.get(source_type, f"source type {source_type}")


def _inputs(counts: dict[str, int]) -> str:
    named = [f"{count} {role}{'s' if count > 1 else ''}" for role, count in counts.items()]
    return f"from {', '.join(named)}" if named else ""
