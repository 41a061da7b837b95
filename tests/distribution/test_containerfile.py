"""The image is built in two stages, runs as nobody in particular, and holds what the package needs and no more."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def instructions() -> list[tuple[str, str]]:
    """Return the instructions of the Containerfile, continued lines joined."""
    text = (ROOT / "Containerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = (line.strip() for line in text.splitlines())
    return [(line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in lines if line and line[0] != "#"]


def last_stage() -> list[tuple[str, str]]:
    found = instructions()
    return found[max(number for number, (name, _) in enumerate(found) if name == "FROM") :]


def test_the_image_that_runs_is_not_the_one_that_builds() -> None:
    assert sum(name == "FROM" for name, _ in instructions()) == 2
    assert [value for name, value in last_stage() if name == "COPY"] == ["--from=build /opt/animato /opt/animato"]
    assert not any(re.search(r"pip|apt|curl|wget|git", value) for name, value in last_stage() if name == "RUN")


def test_it_runs_as_a_user_with_no_rights_and_starts_animato() -> None:
    settings = dict(last_stage())
    assert settings["USER"] == "10001" and settings["ENTRYPOINT"] == '["animato"]'
    assert [name for name, _ in last_stage()].index("USER") < [name for name, _ in last_stage()].index("ENTRYPOINT")


def test_the_versions_are_the_tested_ones() -> None:
    pinned = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    python = re.search(r"CPython (\d\.\d+)", pinned)
    assert python and all(f"python:{python[1]}-slim" in value for name, value in instructions() if name == "FROM")
    assert any("-c constraints.txt" in value for _, value in instructions())


def test_everything_that_is_copied_reaches_the_builder() -> None:
    reaching = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = [value for name, value in instructions() if name == "COPY" and "--from" not in value]
    names = {Path(part).name for value in copied for part in value.split()[:-1]}
    assert names == reaching and all((ROOT / name).exists() for name in names)


def test_a_linter_finds_nothing() -> None:
    linter = shutil.which("hadolint")
    if linter is None:
        pytest.skip("hadolint is not installed; make container-lint")
    done = subprocess.run([linter, "Containerfile"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
