"""The package's source files, parsed once, for the tests that hold the house rules."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "animato"


@dataclass(frozen=True)
class Source:
    """One file.

    Attributes:
        name: path below the package's folder, with slashes.
        text: its text.
        tree: its syntax tree.
    """

    name: str
    text: str
    tree: ast.Module

    @property
    def part(self) -> str:
        """The first level of the package it belongs to: "face", "api", ..."""
        return self.name.split("/")[0].removesuffix(".py")


@functools.cache
def sources() -> tuple[Source, ...]:
    """Every Python file of the package."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        found.append(Source(path.relative_to(PACKAGE).as_posix(), text, ast.parse(text)))
    return tuple(found)


def imported(source: Source) -> Iterator[tuple[str, int]]:
    """Yield (full dotted name, line) of everything a file imports, at any depth; `from a import b` is a.b."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{source.name}:{node.lineno} imports relatively; the package imports by full names"
            for alias in node.names:
                yield f"{node.module}.{alias.name}", node.lineno


Function = ast.FunctionDef | ast.AsyncFunctionDef


def public_functions(source: Source) -> Iterator[tuple[str, Function]]:
    """Yield (dotted name, node) of the public functions and methods of a file's public classes."""
    for node in source.tree.body:
        if isinstance(node, Function) and not node.name.startswith("_"):
            yield node.name, node
        elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            for inner in node.body:
                if isinstance(inner, Function) and not inner.name.startswith("_"):
                    yield f"{node.name}.{inner.name}", inner


def public_classes(source: Source) -> Iterator[ast.ClassDef]:
    """Yield the public classes of a file."""
    for node in source.tree.body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield node


def all_functions(source: Source) -> Iterator[Function]:
    """Yield every function of a file, private and nested ones too."""
    for node in ast.walk(source.tree):
        if isinstance(node, Function):
            yield node
