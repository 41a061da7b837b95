"""What the pages say of the portrait renderer is what settings, windows and the shipped file say."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from animato.geometry.patch import FACE_PATCHES
from animato.settings.portrait import PortraitTrainSettings
from animato.weights.portrait import LICENCE, SOURCES, read_portrait, shipped_path

DOCS = Path(__file__).resolve().parents[2] / "docs"
CARD = (DOCS / "model-card.md").read_text(encoding="utf-8")


def test_the_page_on_training_states_the_default_weights_of_all_losses() -> None:
    rows = dict(re.findall(r"^\| `--([a-z]+)` \| ([\d.]+) \|", (DOCS / "training.md").read_text(), re.MULTILINE))
    names = {"pixel", "edges", "inside", "around", "content", "landmarks", "paint", "calm"}
    names |= {"adversarial", "features"}
    assert {name: float(value) for name, value in rows.items()} == {
        name: getattr(PortraitTrainSettings(), name) for name in names
    }


def test_the_page_on_architecture_lists_the_windows_in_their_order_with_their_sizes() -> None:
    text = (DOCS / "architecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([a-z-]+) \| (head|eye|mouth) \| (\d+) \| ([^|]+) \|", text, re.MULTILINE)
    spans = [f"{region.span}" if region.span else "the whole square" for region in FACE_PATCHES]
    assert rows == [(r.name, r.network, str(r.side), span) for r, span in zip(FACE_PATCHES, spans, strict=True)]


def test_the_card_describes_the_file_that_ships() -> None:
    path = shipped_path()
    assert f"`{hashlib.sha256(path.read_bytes()).hexdigest()}`" in CARD
    assert f"{path.stat().st_size:,} bytes" in CARD and f"Licence: {LICENCE}" in CARD
    weights = read_portrait(path)
    for name, arrays in weights.arrays.items():
        assert f"{name} {sum(array.size for array in arrays.values()):,}" in CARD
    assert f"the {len(weights.people)} people of the training split" in " ".join(CARD.split())
    commands = [line for line in CARD.splitlines() if line.startswith("animato train-portrait")]
    for name, entry in weights.header["networks"].items():
        line = next(line for line in commands if name in line.split("--networks ")[1].split()[0].split(","))
        assert f"--steps {entry['recipe']['steps']} " in line


def test_the_card_attributes_every_source_that_the_file_names() -> None:
    for source in SOURCES:
        name = source.split("(")[0].split(" set of")[0].split("rendered")[0].strip()
        assert name in CARD, source
        for maker in ("Cooke", "DeBruine", "VALID", "Poly Haven"):
            assert maker not in source or maker in CARD, source
