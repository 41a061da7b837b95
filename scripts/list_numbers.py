"""Count the hand-picked numbers in motion and warping code (docs/numbers.md).

python scripts/list_numbers.py [--list]

Counted: every number in an upper-case module constant (a tuple of three counts three), and literals in functions that
affect the result. Not counted: 0, 1, 2, their halves and negatives, integers outside a comparison (indices, sizes,
axes), guards against division by zero (at most 1e-3), constants of 8-bit images, and the constants of `NOT_PICKED`:
sizes, indices, formats and published definitions.
"""

from __future__ import annotations

import argparse
import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

PACKAGE = Path(__file__).resolve().parents[1] / "animato"
FOLDERS = ("motion", "appearance", "renderers")
FILES = (
    *(f"tracking/{n}.py" for n in ("body_stabilizer", "occlusion", "landmark_stabilizer", "patch_matching", "tracker")),
    *(f"geometry/{name}.py" for name in ("mesh", "visibility", "aperture_mask", "paste", "dental_arch")),
    *(f"head/{name}.py" for name in ("gamut", "white_balance", "eyeballs", "iris", "eye_axes", "mouth", "drawn_mouth")),
    *(f"head/{name}.py" for name in ("arch_bank", "arch_texture", "light", "mouth_rendering", "mouth_surfaces")),
    "drivers/shot.py",
)

NOT_PICKED = frozenset(
    {
        "APERTURES",
        "COLUMNS",
        "CORNERS",
        "FIELDS",
        "FOLDER",
        "FORMAT",
        "IRISES",
        "LAPLACIAN",
        "LEGACY_VERTICES",
        "LIGHT_VERTICES",
        "LIPS_HIDDEN",
        "LUMA",
        "MAX_BYTES",
        "MAX_FRAMES",
        "MOUTH_GRID",
        "MOUTH_INTERIOR_SHAPE",
        "OPTIONAL",
        "PATCH_FROM_GRID",
        "RING_POINTS",
        "SHAPES",
        "SUBPIXEL_BITS",
        "VERSION",
        "VERSION_1_GRID",
    }
)
TRIVIAL = frozenset({0.0, 0.5, 1.0, 2.0, 127.0, 255.0, 256.0})


class Number(NamedTuple):
    """One hand-picked number.

    Attributes:
        file: path below the package, with slashes.
        line: line number.
        name: name of the constant, or of the function that contains the literal, with "()".
        value: the number.
        description: first line of the constant's docstring; empty where there is none.
    """

    file: str
    line: int
    name: str
    value: float
    description: str


def numbers_in(file: str, tree: ast.Module) -> Iterator[Number]:
    """Yield the numbers of one module, constants first."""
    for index, node in enumerate(tree.body):
        if (name := _constant(node)) and name not in NOT_PICKED:
            following = tree.body[index + 1] if index + 1 < len(tree.body) else None
            for literal in _literals(node):
                yield Number(file, literal.lineno, name, _value(literal), _docstring(following))
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            compared = {id(n) for c in ast.walk(function) if isinstance(c, ast.Compare) for n in ast.walk(c)}
            for literal in _literals(function):
                if _decides(literal, id(literal) in compared):
                    yield Number(file, literal.lineno, f"{function.name}()", _value(literal), "")


def _constant(node: ast.stmt) -> str:
    """Return the name of the constant that a statement defines, or ""; the first name for a tuple of names."""
    if isinstance(node, ast.AnnAssign):
        targets: list[ast.expr] = [node.target]
    elif isinstance(node, ast.Assign):
        targets = node.targets
    else:
        return ""
    first = targets[0].elts[0] if isinstance(targets[0], ast.Tuple) else targets[0]
    return first.id if isinstance(first, ast.Name) and first.id.isupper() else ""


def _docstring(node: ast.stmt | None) -> str:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
        return node.value.value.splitlines()[0]
    return ""


def _literals(node: ast.AST) -> Iterator[ast.Constant]:
    for found in ast.walk(node):
        if (
            isinstance(found, ast.Constant)
            and isinstance(found.value, int | float)
            and not isinstance(found.value, bool)
        ):
            yield found


def _value(literal: ast.Constant) -> float:
    assert isinstance(literal.value, int | float)
    return float(literal.value)


def _decides(literal: ast.Constant, compared: bool) -> bool:
    value = _value(literal)
    if value in TRIVIAL or 0 < abs(value) <= 1e-3:
        return False
    return isinstance(literal.value, float) or (compared and value > 3)


def all_numbers() -> list[Number]:
    """Return the numbers of all listed modules, ordered by file and line."""
    files = [path for folder in FOLDERS for path in (PACKAGE / folder).rglob("*.py")]
    found: list[Number] = []
    for path in sorted({*files, *(PACKAGE / name for name in FILES)}):
        found += numbers_in(path.relative_to(PACKAGE).as_posix(), ast.parse(path.read_text(encoding="utf-8")))
    return found


def main() -> None:
    """Print the counts per file and in total; with --list, every number."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--list", action="store_true", help="print every number")
    found = all_numbers()
    if parser.parse_args().list:
        for number in found:
            print(f"{number.file}:{number.line}  {number.name} {number.value:g}  {number.description}")
    for file in sorted({number.file for number in found}):
        in_file = [number for number in found if number.file == file]
        constants = sum(not number.name.endswith("()") for number in in_file)
        print(f"{constants:4d} in constants {len(in_file) - constants:4d} in functions  {file}")
    constants = sum(not number.name.endswith("()") for number in found)
    undescribed = sum(not number.name.endswith("()") and not number.description for number in found)
    print(
        f"{len(found)} numbers: {constants} in constants ({undescribed} without docstring), "
        f"{len(found) - constants} in functions"
    )


if __name__ == "__main__":
    main()
