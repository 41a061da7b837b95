"""The messages on photos.md, drivers.md and exit-codes.md are those the program says, and none is missing."""

from __future__ import annotations

import re
from pathlib import Path

from page_sentences import GAP, every_sentence, sentences_of

DOCS = Path(__file__).resolve().parents[2] / "docs"
TABLES = re.compile(r"^\| (?:message|note) \|.*\n\|[-|]+\n((?:\|.*\n)+)", re.MULTILINE)


def messages(page: str) -> list[str]:
    """Return the first column of the tables of messages on a page."""
    tables = TABLES.findall((DOCS / page).read_text(encoding="utf-8"))
    return [row.split("|")[1].strip() for table in tables for row in table.strip().splitlines()]


def test_pages_quote_messages_as_the_program_says_them() -> None:
    known = every_sentence()
    for page in ("photos.md", "drivers.md", "exit-codes.md"):
        listed = messages(page)
        assert len(listed) >= 8, page
        for message in listed:
            core = message.strip(GAP + " ")
            assert any(core in sentence for sentence in known), f"{page}: {message}"


SAID_IN = (
    ("photos.md", "head", ("FaceError",)),
    ("photos.md", "tracking", ("FaceError",)),
    ("photos.md", "media", ("PictureError",)),
    ("drivers.md", "media", ("VideoError",)),
    ("drivers.md", "drivers", ("FaceError",)),
    ("exit-codes.md", "pipeline", ("OutputError",)),
    ("drivers.md", "motion", ("FileFormatError",)),
)
"""Pages, and the errors whose first sentences they list."""


def test_no_message_is_missing_from_its_page() -> None:
    for page, folder, kinds in SAID_IN:
        cores = [message.strip(GAP + " ") for message in messages(page)]
        said = sentences_of(folder, kinds)
        assert said, f"no {kinds} in {folder}"
        for sentence, where in said.items():
            wordless = not re.search(r"[a-z]{3}", sentence)  # "… …": its words are quoted one by one
            assert wordless or any(core in sentence for core in cores), f"{page} lacks what {where} says: {sentence}"
