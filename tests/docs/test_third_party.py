"""THIRD_PARTY.md, the notice beside the model and the constraints agree with the files and the metadata."""

from __future__ import annotations

import hashlib
import importlib.metadata
import re
import tomllib
from pathlib import Path

from animato.appearance.channels import CHANNELS
from animato.geometry.landmarks import ASSET, ASSET_SHA256
from animato.motion.bundled import bundled
from animato.motion.motion_file import load_motion

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "THIRD_PARTY.md").read_text(encoding="utf-8")
NOTICE = (ROOT / "animato" / "assets" / "NOTICE").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
HASHED = re.compile(r"^\| `(animato/assets/[^`]+)` \|.*?`([0-9a-f]{64})`", re.MULTILINE)
FAMILIES = ("Apache", "MIT", "BSD", "MPL", "ISC", "PSF", "GPL")


def plain(name: str) -> str:
    """Return a package name as registries compare them."""
    return re.sub(r"[-_.]+", "-", name).lower()


def required() -> set[str]:
    """Return the names of all direct dependencies, extras included."""
    listed = [
        *PROJECT["dependencies"],
        *(item for extra in PROJECT["optional-dependencies"].values() for item in extra),
    ]
    return {plain(re.split(r"[\s\[<>=!~;]", item, maxsplit=1)[0]) for item in listed}


def pinned() -> dict[str, str]:
    """Return the names and versions in constraints.txt."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pairs = (line.partition("==") for line in lines if line and not line.startswith("#"))
    return {name: version for name, _, version in pairs}


def families(text: str) -> set[str]:
    """Return the licence families that a text names; GNU licences only as a word of their own."""
    return {name for name in FAMILIES if re.search(rf"\b{name}", text)}


def test_the_page_lists_every_bundled_file_with_its_true_hash() -> None:
    listed = dict(HASHED.findall(PAGE))
    shipped = [path for path in (ROOT / "animato" / "assets").rglob("*") if path.is_file() and path.name != "NOTICE"]
    assert set(listed) == {path.relative_to(ROOT).as_posix() for path in shipped}
    for path in shipped:
        assert listed[path.relative_to(ROOT).as_posix()] == hashlib.sha256(path.read_bytes()).hexdigest(), path.name


def test_page_notice_and_code_name_the_same_model_file() -> None:
    size = ASSET.stat().st_size
    assert ASSET_SHA256 in PAGE and ASSET_SHA256 in NOTICE
    assert f"| {size} |" in PAGE and f"{size:,} bytes" in NOTICE


def test_every_bundled_movement_carries_the_licence_that_page_and_notice_state() -> None:
    for name, path in bundled().items():
        licence = load_motion(path, CHANNELS).licence
        row = next(line for line in PAGE.splitlines() if f"`animato/assets/motion/{name}.motion`" in line)
        assert row.endswith(f"| {licence} |"), name
        assert f"motion/{name}.motion" in NOTICE, name


def test_every_dependency_is_on_the_page() -> None:
    words = {plain(word) for word in re.findall(r"[A-Za-z][\w.-]*", PAGE)}
    assert not required() - words
    assert not {plain(name) for name in pinned()} - words


def test_the_constraints_pin_what_the_tested_extras_ask_for_and_nothing_local() -> None:
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    extras = PROJECT["optional-dependencies"]
    tested = {plain(re.split(r"[\s\[<>=!~;]", item, maxsplit=1)[0]) for item in PROJECT["dependencies"]}
    for name in ("training", "evaluation", "dev"):
        tested |= {plain(re.split(r"[\s\[<>=!~;]", item, maxsplit=1)[0]) for item in extras[name]}
    assert not tested - {plain(name) for name in pinned()}
    assert "://" not in text and "-e " not in text and "+" not in "".join(pinned().values())


def test_the_licences_on_the_page_are_those_of_the_installed_packages() -> None:
    rows = re.findall(r"^\| (?:[a-z, ]+ \| )?([a-z][\w-]+) \| ([^|]+) \|", PAGE, re.MULTILINE)
    checked = 0
    for name, licence in rows:
        try:
            metadata = importlib.metadata.metadata(name).json
        except importlib.metadata.PackageNotFoundError:
            continue
        stated = [str(metadata.get("license_expression", "")), str(metadata.get("license", ""))[:60]]
        stated += [item for item in metadata.get("classifier", []) if item.startswith("License")]
        if families(" ".join(stated)):
            assert families(licence) & families(" ".join(stated)), f"{name}: page {licence}, metadata {stated}"
            checked += 1
    assert checked >= 10
