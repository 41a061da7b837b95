"""docs/architecture.md draws the import direction that the tests hold, and names only files that exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
RULES = ROOT / "tests" / "architecture" / "test_import_direction.py"


def levels() -> list[list[str]]:
    """Return the levels of the package as the test of the import direction states them, from the top down."""
    for node in ast.parse(RULES.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "LEVELS" and node.value is not None:
            return [list(level) for level in ast.literal_eval(node.value)]
    raise AssertionError("the test of the import direction has no LEVELS")


def test_the_page_draws_the_import_direction_that_is_tested() -> None:
    drawn = PAGE.split("## Import direction")[1].split("```")[1].strip().splitlines()
    assert [line.split() for line in drawn] == levels()


def test_every_package_has_a_line_in_the_list_of_packages() -> None:
    listed = re.findall(r"^(\w+)/ ", PAGE.split("## Packages")[1].split("```")[1], re.MULTILINE)
    packages = {path.parent.name for path in (ROOT / "animato").glob("*/__init__.py")}
    assert set(listed) == packages


def test_every_file_that_the_page_names_exists() -> None:
    named = set(re.findall(r"`((?:\w+/)*\w+\.py)", PAGE))
    assert len(named) > 20
    assert not [name for name in sorted(named) if not any((root / name).is_file() for root in (ROOT / "animato", ROOT))]
