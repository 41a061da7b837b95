"""Compiled networks are kept on disk: the same outputs to the last bit, and trouble with the cache is no trouble."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from animato.renderers.portrait.networks import PersonParameters, portrait_networks
from animato.runtime import network_cache
from animato.runtime.engine import Engine
from animato.tracking.detector import FaceDetector
from animato.tracking.landmarker import read_asset

MODEL = "face_blendshapes.tflite"
GIVEN = np.random.default_rng(0).random((1, 146, 2), np.float32)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache" / "networks"
    monkeypatch.setenv(network_cache.VARIABLE, str(folder))
    return folder


def _scores() -> NDArray[Any]:
    return Engine(1).network(read_asset(MODEL))(GIVEN)[0]


def _one(folder: Path) -> Path:
    (entry,) = folder.iterdir()
    return entry


def test_an_entry_gives_the_same_bits(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = _scores()
    assert cache.stat().st_mode & 0o777 == 0o700 and _one(cache).stat().st_mode & 0o777 == 0o600
    monkeypatch.setattr("animato.runtime.engine.read_model", lambda *_: pytest.fail("compiled again"))
    np.testing.assert_array_equal(_scores(), first)


def test_entries_differ_by_threads_and_shape(cache: Path) -> None:
    Engine(1).network(read_asset(MODEL))
    Engine(2).network(read_asset(MODEL))
    Engine(2).network(read_asset(MODEL), (1, 146, 2))
    assert len(list(cache.iterdir())) == 3


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "no network"])
def test_a_damaged_entry_is_replaced(cache: Path, damage: str) -> None:
    first = _scores()
    entry = _one(cache)
    content = entry.read_bytes()
    if damage == "flipped":
        entry.write_bytes(content[:1000] + bytes([content[1000] ^ 1]) + content[1001:])
    elif damage == "no network":  # with a checksum that fits, as of an OpenVINO that writes otherwise
        entry.write_bytes(hashlib.sha256(content[32:5000]).digest() + content[32:5000])
    else:
        entry.write_bytes(content[: 5000 if damage == "cut" else 0])
    np.testing.assert_array_equal(_scores(), first)
    assert network_cache.load(_one(cache).stem) is not None


def test_a_folder_that_others_can_write_to_is_not_used(cache: Path) -> None:
    cache.mkdir(parents=True)
    cache.chmod(0o777)
    _scores()
    assert not list(cache.iterdir())
    cache.chmod(0o700)
    _scores()
    entry = _one(cache)
    cache.chmod(0o720)
    assert network_cache.load(entry.stem) is None
    cache.chmod(0o700)
    assert network_cache.load(entry.stem) is not None


def test_a_link_to_a_folder_is_not_used(cache: Path, tmp_path: Path) -> None:
    cache.parent.mkdir()
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    cache.symlink_to(tmp_path / "elsewhere")
    _scores()
    assert not list((tmp_path / "elsewhere").iterdir())


def test_without_a_cache_networks_are_compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    expected = _scores()
    monkeypatch.setenv(network_cache.VARIABLE, "")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    np.testing.assert_array_equal(_scores(), expected)
    blocked = tmp_path / "file"
    blocked.write_bytes(b"")
    monkeypatch.setenv(network_cache.VARIABLE, str(blocked / "networks"))
    np.testing.assert_array_equal(_scores(), expected)
    assert not (tmp_path / "home").exists() and len(list(cache.iterdir())) == 1


def test_the_least_recently_used_entries_are_removed(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network_cache, "MAX_ENTRIES", 2)
    times = iter(range(1, 10))
    for key in ("a", "b", "c"):
        network_cache.store(key, key.encode())
        network_cache.os.utime(cache / f"{key}.network", (0, next(times)))
        if key == "b":
            assert network_cache.load("a") == b"a"  # used last
    assert sorted(path.stem for path in cache.iterdir()) == ["a", "c"]


def test_nothing_of_a_person_is_cached(cache: Path) -> None:
    networks = portrait_networks(Engine(1))
    own = {name: {key: array + 0 for key, array in arrays.items()} for name, arrays in networks.weights.arrays.items()}
    networks.replaced(PersonParameters({}, own)).painter("mouth", 1, 1)
    assert not cache.exists()
    networks.painter("mouth", 1, 1)
    assert len(list(cache.iterdir())) == 1
    networks.replaced(PersonParameters({}, {})).painter("mouth", 2, 1)  # only AdaIN parameters, which are inputs
    assert len(list(cache.iterdir())) == 2


def test_the_key_of_code_is_that_of_its_text() -> None:
    assert network_cache.code_key(network_cache) == network_cache.code_key(network_cache)
    assert network_cache.code_key(network_cache) != network_cache.code_key(hashlib)


def test_a_detector_from_the_cache_finds_the_same_faces(cache: Path, portrait: NDArray[np.uint8]) -> None:
    first, second = ([repr(found) for found in FaceDetector(Engine(1)).detect(portrait)] for _ in range(2))
    assert first and first == second and list(cache.iterdir())
