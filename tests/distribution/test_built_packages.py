"""The wheel and the sdist hold the package and nothing else, and the wheel works in an environment of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

from animato.version import __version__

ROOT = Path(__file__).resolve().parents[2]
TOP = ("pyproject.toml", "README.md", "LICENSE", "THIRD_PARTY.md")
BUILD = """
import os, sys, tarfile
from setuptools import build_meta
tree, out = sys.argv[1:]
os.chdir(tree)
sdist = build_meta.build_sdist(out)
with tarfile.open(os.path.join(out, sdist)) as tar:
    tar.extractall(os.path.join(out, "unpacked"), filter="data")
os.chdir(os.path.join(out, "unpacked", sdist.removesuffix(".tar.gz")))
build_meta.build_wheel(out)
"""
"""What `python -m build --no-isolation` does, in one process instead of six."""

DOCUMENTS = {"METADATA", "WHEEL", "RECORD", "entry_points.txt", "top_level.txt", "LICENSE", "THIRD_PARTY.md"}


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    """Run a program without this process's paths and return what it prints."""
    keep = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "ANIMATO_HOME")}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**keep, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def packaged_files() -> set[str]:
    """Return the files of the package in this tree."""
    files = (path for path in (ROOT / "animato").rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(ROOT).as_posix() for path in files}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Build the sdist from a copy of the tree, then the wheel from the sdist, offline."""
    pytest.importorskip("setuptools")
    root = tmp_path_factory.mktemp("built")
    shutil.copytree(ROOT / "animato", root / "tree" / "animato", ignore=shutil.ignore_patterns("__pycache__"))
    for name in TOP:
        shutil.copy(ROOT / name, root / "tree" / name)
    run(sys.executable, "-c", BUILD, root / "tree", root, cwd=root)
    return next(root.glob("*.whl")), next(root.glob("*.tar.gz"))


def test_the_wheel_holds_every_file_of_the_package_and_no_other(built: tuple[Path, Path]) -> None:
    with zipfile.ZipFile(built[0]) as wheel:
        names = set(wheel.namelist())
    documents = {name for name in names if ".dist-info/" in name}
    assert names - documents == packaged_files()
    assert {Path(name).name for name in documents} == DOCUMENTS


def test_the_sdist_holds_what_the_wheel_is_built_from_and_no_test_or_shared_data(built: tuple[Path, Path]) -> None:
    with tarfile.open(built[1]) as sdist:
        names = {member.name.partition("/")[2] for member in sdist if member.isfile()}
    rest = {name for name in names - packaged_files() if not name.startswith("animato.egg-info/")}
    assert packaged_files() <= names
    assert rest == {*TOP, "PKG-INFO", "setup.cfg"}


def test_the_wheel_works_in_an_environment_of_its_own(built: tuple[Path, Path], tmp_path: Path) -> None:
    home = tmp_path / "env"
    venv.EnvBuilder().create(home)
    programs = home / ("Scripts" if os.name == "nt" else "bin")
    pip = [sys.executable, "-m", "pip", "--python", programs / "python", "--disable-pip-version-check"]
    run(*pip, "install", "--quiet", "--no-index", "--no-deps", "--no-compile", built[0], cwd=tmp_path)
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(home), "platbase": str(home)}))
    # The dependencies are those of this environment; installing them anew would need a network and minutes.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    where = run(programs / "python", "-c", "import animato; print(animato.__file__)", cwd=tmp_path)
    assert Path(where.strip()).is_relative_to(packages)
    assert run(programs / "animato", "--version", cwd=tmp_path).strip() == f"animato {__version__}"
    told = run(programs / "animato", "doctor", cwd=tmp_path, ANIMATO_HOME=str(tmp_path / "home"))
    assert "animato" in told
