"""Mutated files, and the files that `make fuzz` found, are read or refused, never another library's exception."""

from __future__ import annotations

import importlib
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from animato.errors import UsageError
from animato.settings.animate import AnimateSettings

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
CORPUS = sorted((Path(__file__).parent / "corpus").glob("*-*-*"))
CASES = 3
"""Mutants of each seed; `make fuzz` tries as many as its time allows."""

pytestmark = [
    pytest.mark.filterwarnings("default"),  # decoders warn of damage
    pytest.mark.skipif(sys.platform == "win32", reason="the script limits memory with POSIX calls"),
]


@pytest.fixture(scope="module")
def fuzz() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(SCRIPTS))
        yield importlib.import_module("fuzz")


@pytest.fixture(scope="module")
def folder(fuzz: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("fuzz")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANIMATO_HOME", str(folder / "home"))
        fuzz.make_seeds(folder / "seeds")
        (folder / "work").mkdir()
        yield folder


def test_every_seed_is_accepted(fuzz: ModuleType, folder: Path) -> None:
    for loader, (seeds, _) in fuzz.LOADERS.items():
        for name in seeds:
            path = folder / "work" / name
            path.write_bytes((folder / "seeds" / name).read_bytes())
            assert fuzz.run_case(loader, path) is None, (loader, name)


def test_mutants_are_read_or_refused(fuzz: ModuleType, folder: Path) -> None:
    for loader, (seeds, _) in fuzz.LOADERS.items():
        for name in seeds:
            rng, seed = random.Random(name), (folder / "seeds" / name).read_bytes()
            for number in range(CASES):
                path = folder / "work" / name
                path.write_bytes(fuzz.mutant(seed, seed, path.suffix, rng))
                assert fuzz.run_case(loader, path) is None, (loader, name, number)


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.name)
def test_earlier_findings_stay_mended(fuzz: ModuleType, folder: Path, path: Path) -> None:
    loader, _, name = path.name.split("-", 2)
    (folder / "work" / name).write_bytes(path.read_bytes())
    assert fuzz.run_case(loader, folder / "work" / name) is None


def test_a_mutant_depends_on_its_seed_alone(fuzz: ModuleType) -> None:
    made = [fuzz.mutant(b"abc" * 50, b"xyz" * 50, ".png", random.Random("1-7")) for _ in range(2)]
    assert made[0] == made[1] != b"abc" * 50


@pytest.mark.parametrize("value", [10**400, -(10**400)], ids=["huge", "negative"])
def test_numbers_beyond_floats_are_refused(value: int) -> None:
    with pytest.raises(UsageError, match="too large a number"):
        AnimateSettings(mouth=value)
