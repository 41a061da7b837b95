"""Samples from shards: what cases are made of, a function of the key, by any process; a run of them resumes exactly."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from drawn_cases import CASES, TINY
from drawn_shards import write_drawn_shards

from animato.data.shards import ShardClips
from animato.errors import InterruptedRunError, UsageError
from animato.settings.portrait import MAX_PHOTOS, NETWORKS, PortraitTrainSettings, portrait_recipe_settings
from animato.training.checkpoint import SCHEMA
from animato.training.estimate import Machine
from animato.training.loop import Progress
from animato.training.portrait.batches import BatchSampler, PatchBatch
from animato.training.portrait.job import estimate_portrait_on_folder, train_portrait_on_folder
from animato.training.portrait.stream import ClipSource
from animato.training.portrait.system import KIND
from animato.training.prefetch import Prefetch
from animato.weights.io import read_arrays

SETTINGS = PortraitTrainSettings(
    networks="eye",
    stream=True,
    steps=3,
    batch=1,
    warmup=2,
    critic_from=0.6,
    content=0.0,
    log_steps=1,
    validate_steps=3,
    save_minutes=60.0,
)


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_drawn_shards(tmp_path_factory.mktemp("shards"))


def equal(one: PatchBatch, other: PatchBatch) -> bool:
    return all(torch.equal(getattr(one, name), getattr(other, name)) for name in one.__dataclass_fields__)


@pytest.mark.parametrize("network", NETWORKS)
def test_a_sample_from_clips_is_what_a_case_is(shards: Path, network: str) -> None:
    source = ClipSource(ShardClips(shards), "train", network, CASES)
    assert source.people == tuple(f"person-{number}" for number in range(4)), "nobody of the test split"
    assert source.trained == {"person-0", "person-1", "person-2"}
    keys = source.choose(np.random.default_rng(0), 4)
    samples = [source.read(key, MAX_PHOTOS) for key in keys]
    assert {person for _, person in samples} <= {0, 1, 2}
    config = TINY[network]
    for sample, _ in samples:
        assert sample.pictures.shape == (config.side, config.side, 10)
        assert sample.photos.shape == (MAX_PHOTOS, config.side, config.side, 6)
        seen = sample.validity[:, 0, 0] >= 0
        assert seen[0] and 1 <= seen.sum() <= MAX_PHOTOS
        truth, composite = (sample.pictures[..., part].astype(float) for part in (slice(0, 3), slice(3, 6)))
        assert 0 < np.abs(truth - composite).mean() < 60, "the photo, warped to the truth"
    again, _ = source.read(keys[0], MAX_PHOTOS)
    assert all(np.array_equal(a, b) for a, b in zip(again, samples[0][0], strict=True))
    held = ClipSource(ShardClips(shards), "val", network, CASES)
    assert {held.read(key, 1)[1] for key in held.choose(np.random.default_rng(1), 1)} == {3}


class Steps:
    """The batches of steps, for a process."""

    def __init__(self, sampler: BatchSampler) -> None:
        self.sampler = sampler

    def __call__(self, number: int) -> PatchBatch:
        return self.sampler.batch(number)


def test_shares_make_up_the_batch_and_a_process_makes_what_a_thread_does(shards: Path) -> None:
    sampler = BatchSampler(ClipSource(ShardClips(shards), "train", "eye", CASES), 2, 0)
    whole = sampler.batch(3)
    shares = [sampler.batch(3, share, 2) for share in range(2)]
    for name in whole.__dataclass_fields__:
        rows = torch.cat([getattr(share, name) for share in shares])
        assert torch.equal(rows, getattr(whole, name)), name
    before = torch.get_rng_state()
    with Prefetch(Steps(sampler), range(2, 4), 1, processes=True) as batches:
        assert not equal(batches.take(), whole)
        assert equal(batches.take(), whole)
    assert torch.equal(torch.get_rng_state(), before), "a checkpoint holds it"


def test_a_run_from_shards_stopped_half_way_goes_on_bit_for_bit(shards: Path, tmp_path: Path) -> None:
    def stop(progress: Progress) -> None:
        if progress.done == 2:
            raise KeyboardInterrupt

    train_portrait_on_folder(SETTINGS, CASES, shards, tmp_path / "whole", None, None, TINY)
    with pytest.raises(InterruptedRunError, match="of 'eye' stopped after 2 steps"):
        train_portrait_on_folder(SETTINGS, CASES, shards, tmp_path / "broken", stop, None, TINY)
    train_portrait_on_folder(SETTINGS, CASES, shards, tmp_path / "broken", None, None, TINY)
    name = "eye/step-0000003.safetensors"
    whole, broken = (read_arrays(tmp_path / run / name, KIND, SCHEMA).arrays for run in ("whole", "broken"))
    assert whole.keys() == broken.keys()
    assert all(np.array_equal(array, broken[key]) for key, array in whole.items())
    logged = [json.loads(line) for line in (tmp_path / "whole/eye/log.jsonl").read_text().splitlines()]
    assert [line["kind"] for line in logged] == ["train"] * 3 + ["validation"]
    assert {"gradient_network", "gradient_critic", "drawn_spread", "real_spread", "loss"} <= set(logged[2])
    assert not (tmp_path / "whole" / "cases").exists(), "nothing is unpacked"
    with pytest.raises(UsageError, match="`stream="):
        other = dataclasses.replace(SETTINGS, stream=False)
        train_portrait_on_folder(other, CASES, shards, tmp_path / "whole", None, None, TINY)


def test_the_dry_run_plans_each_network_and_writes_nothing(shards: Path, tmp_path: Path) -> None:
    settings = portrait_recipe_settings("large", {"content": 0.0, "networks": "eye", "device": "cpu"})
    machine = Machine(processes=8, price=16.0, tflops=50.0)
    (found,) = estimate_portrait_on_folder(settings, CASES, shards, tmp_path / "run", machine, TINY)
    assert (found.name, found.steps, found.share, found.trial_share) == ("eye", 60_000, 32, 4)
    assert found.data == {"people": 3, "clips": 4}
    assert found.cost == pytest.approx(16 * found.hours)
    assert found.seconds_a_step >= found.loading_seconds / 12
    text = "\n".join(found.sentences())
    assert "8 processes, each 32 samples at once" in text and "50 TFLOP/s (assumed)" in text
    assert not list(tmp_path.iterdir())
