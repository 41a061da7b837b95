"""Estimate memory, time and cost of a run from a few trial steps."""

from __future__ import annotations

import dataclasses
import resource
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import torch

from animato.data.clips import ClipStore
from animato.models.count import count_parameters
from animato.settings.training import TrainSettings
from animato.training.content import make_content_loss
from animato.training.distributed import ProcessGroup
from animato.training.episodes import Episodes
from animato.training.state import TrainState, new_state
from animato.training.step import Objective
from animato.training.update import DdpNetworks, update

TRIAL_STEPS = 2


@dataclass(frozen=True)
class CostEstimate:
    """Estimated resources of a run on this machine.

    Attributes:
        device: compute device.
        people, videos, frames: of the training split.
        parameters: of embedder and generator, and of the discriminator.
        embedding_table_mb: memory of the embedding table with its optimiser's state.
        memory_mb: peak memory of the trial (GPU memory on CUDA, else of this process).
        checkpoint_mb: size of one checkpoint.
        disk_mb: space for checkpoints and model file.
        free_mb: free space on the disk of the run folder, or None if unknown.
        seconds_a_step: measured seconds per step, at the mean number of photos.
        episodes_a_second: measured episodes per second.
        hours: for all episodes.
        cost: hours times price, or None without a price.
        content: network of the content loss.
    """

    device: str
    people: int
    videos: int
    frames: int
    parameters: tuple[int, int]
    embedding_table_mb: float
    memory_mb: float
    checkpoint_mb: float
    disk_mb: float
    free_mb: float | None
    seconds_a_step: float
    episodes_a_second: float
    hours: float
    cost: float | None
    content: str

    def sentences(self) -> list[str]:
        """Return the estimate as lines of text."""
        lines = [
            f"data        {self.people} people, {self.videos} videos, {self.frames} frames in the training split",
            f"networks    {self.parameters[0] / 1e6:.2f} M embedder and generator, {self.parameters[1] / 1e6:.2f} M "
            f"discriminator, content loss by {self.content}",
            f"device      {self.device}",
            f"memory      {self.memory_mb:.0f} MB at the peak of a trial step; embedding table "
            f"{self.embedding_table_mb:.0f} MB",
            f"disk        {self.disk_mb:.0f} MB for checkpoints of {self.checkpoint_mb:.0f} MB each and the model",
            f"time        {self.hours:.1f} hours at {self.episodes_a_second:.2f} episodes a second "
            f"({self.seconds_a_step:.2f} s a step)",
        ]
        if self.free_mb is not None and self.free_mb < self.disk_mb:
            lines.append(f"warning     only {self.free_mb:.0f} MB are free on that disk")
        lines.append(f"cost        {self.cost:.2f}" if self.cost is not None else "cost        unknown without `price`")
        return lines


def estimate(
    settings: TrainSettings, store: ClipStore, folder: Path, process_group: ProcessGroup, price: float | None
) -> CostEstimate:
    """Estimate a run by timing a few training steps on real data; their result is discarded.

    Args:
        folder: the run folder, used for the free disk space only.
        price: per hour of this machine, in any currency.
    """
    mean_photos = round((settings.photos_low + settings.photos_high) / 2)
    trial = dataclasses.replace(settings, photos_low=mean_photos, photos_high=mean_photos)
    episodes = Episodes(store, "train", trial)
    state = new_state(trial, len(episodes.sources), process_group.device)
    content = make_content_loss(trial).to(process_group.device)
    objective = Objective.of(trial, content)
    networks = DdpNetworks(state.embedder_generator, state.discriminator)
    bf16 = process_group.device.type == "cuda" and trial.precision != "fp32"
    seconds = []
    for number in range(TRIAL_STEPS + 1):
        batch = episodes.batch(number).to(process_group.device)
        started = time.perf_counter()
        update(state, networks, batch, objective, trial, process_group, bf16)
        if process_group.device.type == "cuda":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - started)
    step_seconds = min(seconds[1:])
    episodes_a_second = trial.batch / step_seconds
    hours = settings.episodes / episodes_a_second / 3600
    checkpoint_mb = _checkpoint_mb(state)
    free_mb = shutil.disk_usage(_nearest_existing(folder)).free / 1e6
    return CostEstimate(
        device=str(process_group.device),
        people=len({source.person for source in episodes.sources}),
        videos=len(episodes.sources),
        frames=sum(source.count for source in episodes.sources),
        parameters=(count_parameters(state.embedder_generator), count_parameters(state.discriminator)),
        embedding_table_mb=sum(value.nbytes for value in state.embedding_table.tensors().values()) / 1e6,
        memory_mb=_peak_mb(process_group),
        checkpoint_mb=checkpoint_mb,
        disk_mb=checkpoint_mb * (settings.keep + 1.3),
        free_mb=free_mb,
        seconds_a_step=step_seconds,
        episodes_a_second=episodes_a_second,
        hours=hours,
        cost=None if price is None else hours * price,
        content=content.name,
    )


def _checkpoint_mb(state: TrainState) -> float:
    generator_parameters, discriminator_parameters = (
        count_parameters(state.embedder_generator),
        count_parameters(state.discriminator),
    )
    # weights, average and two moments of embedder and generator; weights and two moments of the discriminator
    embedding_table = sum(value.nbytes for value in state.embedding_table.tensors().values())
    return (4 * (4 * generator_parameters + 3 * discriminator_parameters) + embedding_table) / 1e6


def _peak_mb(process_group: ProcessGroup) -> float:
    if process_group.device.type == "cuda":
        return torch.cuda.max_memory_allocated() / 1e6
    unit = 1e6 if sys.platform == "darwin" else 1e3
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def _nearest_existing(folder: Path) -> Path:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder
