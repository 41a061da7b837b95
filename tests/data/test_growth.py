"""Work and memory for very many clips, counted on a few thousand fake ones: linear work, few bytes a clip."""

from __future__ import annotations

import gc
import importlib.util
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from animato.data.folder import Folder
from animato.data.manifest import build_manifest, read_clips
from animato.data.plan import check_folder_settings, extend_plan
from animato.data.shards import ShardClips
from animato.data.sources import find_sources
from animato.training.sources import SourceSampler, sources_of

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "simulate_scale.py"
FEW, MANY = 480, 1920


def simulation() -> ModuleType:
    spec = importlib.util.spec_from_file_location("simulate_scale", SCRIPT)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class FakeSet:
    """A fake set with its sources, plan and shards."""

    def __init__(self, root: Path, clips: int) -> None:
        scale = simulation()
        self.sources, self.settings, self.folder = root / "sources", scale.SETTINGS, Folder(root / "prepared")
        scale.make_sources(self.sources, clips)
        self.folder.make()
        check_folder_settings(self.folder, self.settings)
        extend_plan(self.folder, self.find().clips, self.settings)
        scale.make_shards(self.folder, 16)
        self.manifest()

    def find(self) -> Any:
        return find_sources([self.sources], self.settings)

    def plan(self) -> Any:
        return extend_plan(self.folder, self.found.clips, self.settings)

    def manifest(self) -> Any:
        return build_manifest(self.folder, self.settings, self.found)

    def read(self) -> Any:
        return sum(clip["frames"] for clip in read_clips(self.folder.path))

    def open(self) -> Any:
        return ShardClips(self.folder.path)

    def sampler(self) -> Any:
        sources = sources_of(self.store, "train")
        return sources, SourceSampler(sources)

    @property
    def found(self) -> Any:
        if not hasattr(self, "_found"):
            self._found = self.find()
        return self._found

    @property
    def store(self) -> Any:
        if not hasattr(self, "_store"):
            self._store = self.open()
        return self._store


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> tuple[FakeSet, FakeSet]:
    made = [FakeSet(tmp_path_factory.mktemp("fake"), clips) for clips in (FEW, MANY)]
    for fake in made:
        _ = fake.found, fake.store
    return made[0], made[1]


def calls(work: Callable[[], Any]) -> int:
    """Return the number of function calls, those of C included."""
    count = 0

    def note(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def memory(work: Callable[[], Any]) -> tuple[int, int]:
    """Return the largest size of what was allocated, and the size of what is left with the result, in bytes."""
    work()  # caches of the libraries
    gc.collect()
    tracemalloc.start()
    try:
        result = work()
        gc.collect()
        left, peak = tracemalloc.get_traced_memory()
        del result
    finally:
        tracemalloc.stop()
    return peak, left


STAGES = ("find", "plan", "manifest", "read", "open", "sampler")


@pytest.mark.parametrize("stage", STAGES)
def test_four_times_the_clips_are_four_times_the_calls(sets: tuple[FakeSet, FakeSet], stage: str) -> None:
    few, many = (calls(getattr(fake, stage)) for fake in sets)
    assert many <= 4.1 * few


PEAK = {"find": 450, "plan": 120, "manifest": 120, "read": 50, "open": 220, "sampler": 40}
"""Bytes for each further clip. Objects would take 1,000 to 3,000; those of the plan and the manifest are counted
without the clips found, which both share."""

LEFT = {"find": 340, "plan": 20, "manifest": 20, "read": 1, "open": 90, "sampler": 12}


@pytest.mark.parametrize("stage", STAGES)
def test_each_further_clip_takes_few_bytes(sets: tuple[FakeSet, FakeSet], stage: str) -> None:
    (peak_few, left_few), (peak_many, left_many) = (memory(getattr(fake, stage)) for fake in sets)
    assert (peak_many - peak_few) / (MANY - FEW) <= PEAK[stage]
    assert (left_many - left_few) / (MANY - FEW) <= LEFT[stage]


def test_reading_all_over_a_set_holds_few_indexes(
    sets: tuple[FakeSet, FakeSet], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("animato.data.shard_files.INDEX_BYTES", 100_000)
    store = ShardClips(sets[1].folder.path)
    for row in np.random.default_rng(1).permutation(MANY)[:300].tolist():
        assert store.load(store.clips[row].clip, [0]).images.shape == (1, 64, 64, 3)
    files = store._files
    assert files._index_bytes == sum(index.nbytes for index in files._indexes.values()) <= 100_000
    assert 1 < len(files._indexes) < MANY // 32
