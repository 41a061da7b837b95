"""Benchmark the training loop against a minimal loop with the same arithmetic."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from animato.data.clips import ClipStore
from animato.models.layers import refresh_spectral
from animato.settings.training import TrainSettings
from animato.training.adam import ADAM_BETAS, ADAM_EPS
from animato.training.checkpoint import Checkpoints
from animato.training.distributed import ProcessGroup
from animato.training.episodes import Episodes
from animato.training.loop import fit
from animato.training.losses import discriminator_hinge, embedding_match
from animato.training.meta import build
from animato.training.meta_system import KIND, MetaSystem
from animato.training.state import new_state
from animato.training.step import Objective, picture_loss


@dataclass(frozen=True)
class Throughput:
    """Episodes per second of both loops.

    Attributes:
        ours: of the real loop, with logging, averaging and prefetching.
        plain: of the minimal loop.
    """

    ours: float
    plain: float

    @property
    def share(self) -> float:
        """Speed of the real loop relative to the minimal loop."""
        return self.ours / self.plain


def compare_throughput(settings: TrainSettings, store: ClipStore, steps: int = 8, rounds: int = 3) -> Throughput:
    """Run both loops alternately and return the best speed of each.

    Alternating and best-of reduce the effect of other load on the machine. Nothing is saved or validated.

    Args:
        settings: of the run; the same networks, batch and number of photos in both loops.
        steps: optimiser steps per round.
        rounds: rounds per loop.
    """
    photos = (settings.photos_low + settings.photos_high + 1) // 2
    benchmark_settings = replace(settings, photos_low=photos, photos_high=photos, validate_episodes=0, save_minutes=1e9)
    benchmark_settings = replace(
        benchmark_settings,
        save_episodes=0,
        log_episodes=max(benchmark_settings.log_episodes, benchmark_settings.batch),
        device="cpu",
    )
    with tempfile.TemporaryDirectory(prefix="animato-") as name:
        system = build(benchmark_settings, store, ProcessGroup(0, 1, torch.device("cpu")), 2.1)
        plain = plain_loop(benchmark_settings, system.episodes, system.objective)
        training_loop = _training_loop(system, Path(name))
        best = {"ours": 0.0, "plain": 0.0}
        for round_number in range(rounds + 1):
            for label, loop in (("ours", training_loop), ("plain", plain)):
                started = time.perf_counter()
                loop(steps)
                if round_number:  # the first turn fills caches
                    best[label] = max(best[label], steps * benchmark_settings.batch / (time.perf_counter() - started))
    return Throughput(best["ours"], best["plain"])


def _training_loop(system: MetaSystem, folder: Path) -> Callable[[int], None]:
    def loop(steps: int) -> None:
        system.schedule = replace(system.schedule, total=system.count + steps * system.schedule.per_step)
        fit(
            system,
            Checkpoints(folder / "checkpoints", folder / "model", KIND, "episode", 9, 1),
            folder,
            None,
            keep=False,
        )

    return loop


def plain_loop(settings: TrainSettings, episodes: Episodes, objective: Objective) -> Callable[[int], None]:
    """Return a minimal training loop: fetch, two losses, two Adam steps, embedding table, average."""
    state = new_state(settings, len(episodes.sources), torch.device("cpu"))
    embedder, generator, discriminator = (
        state.embedder_generator.embedder,
        state.embedder_generator.generator,
        state.discriminator,
    )
    generator_adam = torch.optim.Adam(
        state.embedder_generator.parameters(), settings.lr_drawer, ADAM_BETAS, ADAM_EPS, fused=True
    )
    discriminator_adam = torch.optim.Adam(
        discriminator.parameters(), settings.lr_critic, ADAM_BETAS, ADAM_EPS, fused=True
    )
    done = 0

    def loop(steps: int) -> None:
        nonlocal done
        for _ in range(steps):
            batch = episodes.batch(done)
            refresh_spectral(state.embedder_generator)
            e = embedder(batch.photos_BKCHW, batch.photo_drawings_BKCHW)
            fake = generator(batch.drawing_BCHW, e)
            person = state.embedding_table.read(batch.rows_B)
            discriminator.requires_grad_(False)
            parts = picture_loss(fake, batch, discriminator, person.detach(), objective)
            if objective.match:
                parts["match"] = objective.weights.match * embedding_match(e, person)
            generator_adam.zero_grad()
            torch.autograd.backward(torch.stack(list(parts.values())).sum())
            generator_adam.step()
            discriminator.requires_grad_(True)
            pictures = torch.cat([batch.target_BCHW, fake.detach()])
            drawings = torch.cat([batch.drawing_BCHW] * 2)
            for _ in range(settings.critic_steps):
                refresh_spectral(discriminator)
                person = state.embedding_table.read(batch.rows_B)
                score, _features = discriminator(pictures, drawings, torch.cat([person, person]))
                real_B, fake_B = score.chunk(2)
                discriminator_adam.zero_grad()
                torch.autograd.backward(discriminator_hinge(real_B, fake_B))
                discriminator_adam.step()
                assert person.grad is not None
                state.embedding_table.update(batch.rows_B, person.grad, settings.lr_critic, ADAM_BETAS, ADAM_EPS)
            with torch.no_grad():
                for average, current in zip(
                    state.average.parameters(), state.embedder_generator.parameters(), strict=True
                ):
                    average.lerp_(current, 1 - settings.average)
            done += 1

    return loop
