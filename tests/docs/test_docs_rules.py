"""The rules that docs/architecture.md says tests hold, read from the page where it draws them."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "animato"
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
FILES = sorted(PACKAGE.rglob("*.py"))
HEAVY = ("torch", "openvino", "av", "c2pa", "cv2", "skimage", "scipy")


def levels() -> dict[str, tuple[int, int]]:
    """Return package to (line, place on its line) as the page draws the import direction."""
    picture = PAGE.split("## Import direction")[1].split("```")[1]
    rows = [re.findall(r"[a-z]+", line) for line in picture.splitlines() if re.search(r"[a-z]", line)]
    return {name: (row, place) for row, names in enumerate(rows) for place, name in enumerate(names)}


def part_of(module: str) -> str:
    """Return the package (or root module) below animato that a dotted name belongs to."""
    return module.split(".")[1]


def imports(path: Path) -> list[tuple[str, int]]:
    """Return (module, column) of every import in a file; column 0 means at the top."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [(name.name, node.col_offset) for name in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.append((node.module, node.col_offset))
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_imports_point_down_the_picture(path: Path) -> None:
    order = levels()
    here = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if here == "__init__":
        return
    assert here in order, f"{here} is not in the picture"
    for module, _ in imports(path):
        if not module.startswith("animato."):
            continue
        there = part_of(module)
        arrow = re.search(rf"\b{here} -+> {there}\b", PAGE) is not None
        assert there == here or arrow or order[there][0] > order[here][0], f"{here} imports {module}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_file_is_short_unpickled_and_without_torch_where_torch_has_no_place(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 300
    assert path.stem not in ("utils", "helpers", "common", "misc")
    names = {module.split(".")[0] for module, _ in imports(path)}
    assert not names & {"pickle", "shelve", "dill", "joblib", "marshal"}
    assert "allow_pickle=True" not in text and "weights_only=False" not in text
    if path.relative_to(PACKAGE).parts[0] not in ("models", "training", "evaluation"):
        assert "torch" not in [module.split(".")[0] for module, column in imports(path) if column == 0]


@pytest.mark.parametrize("program", ["import animato", "from animato.cli.main import run; run(['--help'])"])
def test_import_and_help_stay_light(program: str) -> None:
    tail = f"; import sys; print('loaded:', *sorted(set({HEAVY!r}) & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program + tail], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip().splitlines()[-1] == "loaded:"
