"""Report of `animato verify`: credentials, watermark and declared source types, as text and JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from animato.trust.declared import Signal
from animato.trust.detect import MarkReading
from animato.trust.reading import Credentials
from animato.trust.text import clean
from animato.trust.wording import action_words, quoted, source_words

NO_MARK = "No mark found. This does not mean the video is real."
MARK_CAVEAT = "A mark shows that a tool like animato was used, but marks can be copied onto real video."

FOUND, NOTHING_FOUND, UNREADABLE = 0, 7, 3
"""Exit codes."""

MAX_TOLD = 8
"""Claimed actions that are told, at most."""


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
        same_pictures: whether the pictures are those the note describes; None without a note, or if it does not say.
    """

    name: str
    media_type: str
    credentials: Credentials
    mark: MarkReading | None
    declared: tuple[Signal, ...] = ()
    note: dict[str, Any] | None = None
    warnings: tuple[str, ...] = ()
    same_pictures: bool | None = None

    @property
    def marked(self) -> bool:
        """Whether a watermark was found, with or without an id."""
        return self.mark is not None and self.mark.present

    @property
    def found(self) -> bool:
        """Whether credentials, a watermark or a declared AI source type were found."""
        signed = self.credentials.state != "none" or self.credentials.elsewhere
        return self.marked or signed or any(signal.declares_ai for signal in self.declared)

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
            "answers": self.answers(),
            "credentials": self.credentials.as_json(),
            "mark": None if self.mark is None else self.mark.as_json(),
            "declared": [{"place": signal.place, "source_type": signal.source_type} for signal in self.declared],
            "known_here": self.note,
            "same_pictures": self.same_pictures,
            "contradictions": self.contradictions(),
            "warnings": list(self.warnings),
            "sentences": self.sentences(),
        }

    def answers(self) -> dict[str, str]:
        """Return the three answers as one word each.

        credentials: trusted, valid, invalid, elsewhere or none. mark: id, present, none or unread. declared: ai,
        capture, other or none.
        """
        mark = self.mark
        if mark is None:
            seen = "unread"
        else:
            seen = "id" if mark.found_id is not None else "present" if mark.present else "none"
        if any(signal.declares_ai for signal in self.declared):
            said = "ai"
        elif any(signal.declares_capture for signal in self.declared):
            said = "capture"
        else:
            said = "other" if self.declared else "none"
        return {
            "credentials": "elsewhere" if self.credentials.elsewhere else self.credentials.state,
            "mark": seen,
            "declared": said,
        }

    def sections(self) -> list[tuple[str, list[str]]]:
        """Return the report in sections, (heading, sentences): the three answers, then what follows from them."""
        declared = [f"Declared in the {signal.place}: {source_words(signal.source_type)}." for signal in self.declared]
        sections = [
            ("Credentials", [*self._credentials_sentences(), *self._label_sentence()]),
            ("Mark", self._mark_sentences()),
            ("Declared", declared or ["No source type is declared in the metadata."]),
        ]
        notes = [*self.contradictions(), *(clean(warning, 300) for warning in self.warnings)]
        notes += [MARK_CAVEAT] if self.marked else []
        return [*sections, ("Notes", notes)] if notes else sections

    def sentences(self) -> list[str]:
        """Return the report as sentences for the user, credentials first, with their limitations."""
        return [sentence for _, sentences in self.sections() for sentence in sentences]

    def contradictions(self) -> list[str]:
        """Return a sentence for every pair of answers that cannot both be true of this file."""
        rows = []
        credentials = self.credentials
        intact = credentials.state in ("valid", "trusted")
        if self.marked and intact and credentials.declares_capture and not credentials.declares_ai:
            rows.append(
                "Contradiction: the credentials claim a recording by a camera and no use of AI, but the pictures carry "
                "a mark of animato. Either the claim is false, or the mark was copied onto real video."
            )
        if self.marked and any(signal.declares_capture for signal in self.declared):
            rows.append("Contradiction: the metadata declare a recording by a camera, but the pictures carry a mark.")
        if intact and credentials.declares_capture and any(signal.declares_ai for signal in self.declared):
            rows.append("Contradiction: the credentials claim a recording by a camera, the metadata declare AI.")
        claimed = credentials.mark_id if intact else None
        named = self.mark.found_id if self.mark is not None else None
        if claimed is not None and named is not None and claimed != named.id_text:
            rows.append(f"The credentials name another mark ({claimed}): they may have been moved from another file.")
        return rows

    def _credentials_sentences(self) -> list[str]:
        credentials = self.credentials
        where = " (in the .c2pa file beside it)" if credentials.beside else ""
        if credentials.elsewhere:
            return ["Content credentials are stored at a remote address; they were not fetched."]
        if credentials.state == "none":
            return ["No content credentials."]
        if credentials.state == "invalid":
            return [
                f"Invalid content credentials{where}: the file was changed after it was signed, or the "
                f"signature is broken ({', '.join(credentials.problems) or 'no reason given'})."
            ]
        if credentials.state == "trusted":
            verdict = f"Valid content credentials{where}; signed by this installation of animato."
        else:
            verdict = f"Unchanged since it was signed{where}, but by a signer this computer does not recognise."
        rows = [verdict, f"{self._claims()}."]
        names = [("signer", credentials.signer), ("tool", credentials.tool)]
        told = [f"{role} {quoted(name)}" for role, name in names if name]
        if told:
            rows.append(f"Names in the file, which anybody can choose: {', '.join(told)}.")
        return rows

    def _claims(self) -> str:
        actions = self.credentials.actions
        steps = [action_words(action.name, action.source_type) for action in actions[:MAX_TOLD]]
        more = len(actions) - len(steps)
        steps += [f"{more} more"] if more > 0 else []
        statement = [", then ".join(steps)] if steps else []
        counts = self.credentials.inputs.items()
        inputs = [f"{count} {role}{'s' if count > 1 else ''}" for role, count in counts]
        statement += [f"from {', '.join(inputs)}"] if inputs else []
        vouched = "It claims" if self.credentials.state == "trusted" else "It claims, unconfirmed"
        return f"{vouched}: {'; '.join(statement) or 'nothing about the source'}"

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
        return [*rows, self._note_sentence(self.note)] if self.note is not None else rows

    def _note_sentence(self, note: dict[str, Any]) -> str:
        day = clean(note.get("made", "an unknown day"), 20)
        if self.same_pictures:
            return f"Made on this computer, on {day}."
        if self.same_pictures is None:
            return f"This computer used the id on {day}; its note does not say for which pictures."
        return (
            f"This computer used the id on {day}, but for pictures that look different: the mark was copied onto "
            "these, or they were cropped or changed a lot."
        )
