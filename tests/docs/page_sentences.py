"""The sentences that the package can say, read from its source: f-strings with … where a value goes."""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path

from animato.cli.option_names import in_options

PACKAGE = Path(__file__).resolve().parents[2] / "animato"
GAP = "…"


def typed(sentence: str) -> str:
    """Return a sentence as the command line prints it; a setting whose name is inserted is an option, too."""
    return re.sub(rf"`{GAP}`", f"--{GAP}", in_options(sentence))


def template(node: ast.expr) -> str | None:
    """Return a text expression with … for every inserted value; None when it is no plain text."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else GAP for part in node.values)
    return None


@functools.cache
def every_sentence() -> frozenset[str]:
    """Return every text in the package, as templates."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            text = template(node) if isinstance(node, ast.expr) else None
            if text:
                found.add(typed(text))
    return frozenset(found)


def sentences_of(folder: str, kinds: tuple[str, ...]) -> dict[str, str]:
    """Return the first sentence of every error of some classes made in a folder of the package, with its file.

    Args:
        folder: below the package, such as "head".
        kinds: names of error classes, or of variables that hold one.
    """
    found = {}
    for path in sorted((PACKAGE / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.func.id not in kinds:
                continue
            text = template(node.args[0]) if node.args else None
            if text:
                found[typed(text)] = str(path.relative_to(PACKAGE.parent))
    return found
