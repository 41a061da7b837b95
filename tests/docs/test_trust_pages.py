"""The pages on security, threats, privacy and keys name tests that exist, and quote what is measured elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from animato.trust.key_folder import LOCK_FILE
from animato.trust.keys import AUTHORITY_FILE, LEAF_FILE, RENEW_DAYS
from animato.trust.passphrase import FILE_VARIABLE, MIN_LENGTH, VARIABLE

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"


def text_of(name: str) -> str:
    return " ".join((DOCS / name).read_text(encoding="utf-8").split())


@pytest.mark.parametrize("page", ["threat-model.md", "privacy.md"])
def test_every_test_that_a_page_names_exists_in_its_file(page: str) -> None:
    rows = re.findall(r"\| `(tests/[\w/]+\.py)`: ([^|]+)\|", text_of(page))
    assert len(rows) >= 6
    for path, names in rows:
        source = (ROOT / path).read_text(encoding="utf-8")
        for name in re.findall(r"`(test_\w+)`", names):
            assert f"def {name}(" in source, f"{page}: {path}: {name}"


def test_the_threat_model_quotes_the_measurements_of_the_watermark() -> None:
    threats = text_of("threat-model.md")
    pages = [(DOCS / name).read_text(encoding="utf-8") for name in ("mark.md", "provenance.md")]
    cut = [line.strip("| ").split(" | ") for page in pages for line in page.splitlines()]
    rows = {cells[0]: cells[1] for cells in cut if len(cells) > 2}
    for name in ("h264 crf 28", "10 % cropped, half size, crf 23", "half size, crf 28"):
        assert f"{name}: {rows[name]}" in threats
    chain = "harsh chain: crf 23, 0.66 x and crf 30, crf 30"
    assert f"({chain.removeprefix('harsh chain: ')}: {rows[chain]})" in threats
    assert f"In {rows['faces, videos and stills']} trials" in threats
    assert f"and {rows['periodic images (34 kinds, 512 px)']} periodic images" in threats


def test_the_page_of_keys_states_the_files_and_constants_of_the_code() -> None:
    page = text_of("keys.md")
    for name in (AUTHORITY_FILE, LEAF_FILE, LOCK_FILE, VARIABLE, FILE_VARIABLE):
        assert f"`{name}`" in page
    assert f"minimum of {MIN_LENGTH} characters" in page and f"renewed {RENEW_DAYS} days before" in page
