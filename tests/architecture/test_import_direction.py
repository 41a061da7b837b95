"""Imports point down only (docs/architecture.md), torch stays in its few homes, and starting up stays light."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from source_tree import Source, imported, sources

LEVELS: tuple[tuple[str, ...], ...] = (
    ("cli",),
    ("studio",),
    ("api", "doctor", "batch"),
    ("animator",),
    ("live",),
    ("evaluation",),
    ("training",),
    ("pipeline",),
    ("drivers", "network", "renderers"),
    ("appearance",),
    ("head",),
    ("motion", "data"),
    ("tracking",),
    ("models",),
    ("weights", "trust"),
    ("media",),
    ("geometry",),
    ("runtime",),
    ("settings",),
    ("types", "errors", "version"),
)
"""From the top down: a part imports from those below it."""

DOOR = "__init__.py"
"""The package's own door names what the library offers; it loads each at its first use."""

TORCH_HOMES = ("models", "training", "evaluation")
TORCH_GUESTS = {"doctor.py", "runtime/torch_network.py", "runtime/torch_threads.py"}
"""Files outside those homes that may import torch inside a function: a check-up, an engine, its thread bound."""

HEAVY = (
    *("torch", "openvino", "onnxruntime", "av", "cv2", "c2pa", "cryptography", "scipy", "skimage", "PIL"),
    *("tensorboard", "ray"),
)


def level_of(part: str) -> int:
    return next(index for index, parts in enumerate(LEVELS) if part in parts)


def parts_used(source: Source) -> set[tuple[str, int]]:
    return {(name.split(".")[1], line) for name, line in imported(source) if name.startswith("animato.")}


def test_every_part_of_the_package_has_a_level() -> None:
    known = {part for parts in LEVELS for part in parts}
    assert {source.part for source in sources() if source.name != DOOR} <= known


def test_imports_point_down_only() -> None:
    wrong = []
    for source in sources():
        if source.name == DOOR:
            continue
        for part, line in parts_used(source):
            if part == source.part:
                continue
            if level_of(part) <= level_of(source.part):
                wrong.append(f"{source.name}:{line} imports {part}")
    assert not wrong


def torch_imports(source: Source) -> list[int]:
    return [line for name, line in imported(source) if name.split(".")[0] in {"torch", "torchvision"}]


def test_torch_is_imported_only_by_models_training_evaluation_and_guests() -> None:
    strangers = {s.name for s in sources() if torch_imports(s) and s.part not in TORCH_HOMES}
    assert strangers <= TORCH_GUESTS


def test_the_guests_import_torch_inside_a_function_only() -> None:
    for source in sources():
        if source.name in TORCH_GUESTS:
            top = {node.lineno for node in source.tree.body}
            assert not top & set(torch_imports(source))


def loaded_by(code: str) -> set[str]:
    """Run a program in a fresh interpreter and return the top-level modules it loaded."""
    tail = "\nimport sys, json\nprint(json.dumps(sorted({n.split('.')[0] for n in sys.modules})))"
    run = subprocess.run([sys.executable, "-c", code + tail], capture_output=True, text=True, check=False, timeout=120)
    assert run.returncode == 0, run.stderr
    return set(json.loads(run.stdout.splitlines()[-1]))


HELP = """
import contextlib, io
from animato.cli.main import run
with contextlib.redirect_stdout(io.StringIO()) as said:
    assert run({arguments!r}) == 0
assert "animato" in said.getvalue().lower()
"""


@pytest.mark.parametrize(
    "code",
    ["import animato", *(HELP.format(arguments=words) for words in (["--help"], ["animate", "--help"], ["--version"]))],
    ids=["import", "help", "animate-help", "version"],
)
def test_starting_up_loads_no_heavy_library(code: str) -> None:
    loaded = loaded_by(code)
    assert "animato" in loaded
    assert not loaded & set(HEAVY)


def test_the_main_job_loads_no_torch() -> None:
    loaded = loaded_by("import animato.api, animato.pipeline.output, animato.cli.animate, animato.cli.verify")
    assert "cv2" in loaded
    assert "torch" not in loaded


def test_a_misspelt_name_of_the_library_is_an_attribute_error() -> None:
    import animato

    with pytest.raises(AttributeError, match="animatee"):
        _ = animato.animatee


def test_every_name_the_library_offers_exists_and_is_listed() -> None:
    import animato

    assert sorted(animato.__all__) == dir(animato)
    for name in animato.__all__:
        assert getattr(animato, name) is not None
