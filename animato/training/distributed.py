"""Several processes that train one set of networks: started by torchrun, joined here, invisible elsewhere.

Gradients of the networks are averaged by DistributedDataParallel; buffers are not broadcast (the power iterations see
equal weights on every process and stay equal by themselves). The embedding table lies outside: its row gradients are
gathered, and every process applies all of them.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from animato.errors import UsageError


@dataclass(frozen=True)
class Team:
    """This process among all that train together.

    Attributes:
        rank: 0 is the one that writes files.
        world: how many there are.
        device: where this one computes.
    """

    rank: int
    world: int
    device: torch.device

    @property
    def leads(self) -> bool:
        """Whether this process writes files and reports."""
        return self.rank == 0

    def wrap(self, module: nn.Module) -> nn.Module:
        """Return the network such that its gradients are averaged over the team."""
        if self.world == 1:
            return module
        devices = [self.device.index] if self.device.type == "cuda" else None
        return DistributedDataParallel(module, device_ids=devices, broadcast_buffers=False)

    def gather(self, value_B: Tensor) -> Tensor:
        """Return the values of all processes, joined along the first axis (equal shapes everywhere)."""
        if self.world == 1:
            return value_B
        parts = [torch.empty_like(value_B) for _ in range(self.world)]
        dist.all_gather(parts, value_B.contiguous())
        return torch.cat(parts)

    def mean(self, value: Tensor) -> Tensor:
        """Return the mean of a tensor over all processes."""
        if self.world == 1:
            return value
        total = value.clone()
        dist.all_reduce(total)
        return total / self.world

    def wait(self) -> None:
        """Wait until every process has come here."""
        if self.world > 1:
            dist.barrier()

    def leave(self) -> None:
        """Take leave of the others."""
        if self.world > 1 and dist.is_initialized():
            dist.destroy_process_group()


def join_team(device: str) -> Team:
    """Join the processes that torchrun started, or stand alone.

    Args:
        device: "auto", "cpu" or "cuda".

    Raises:
        UsageError: cuda is asked for and there is none.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise UsageError(
            "`device=cuda`: this torch sees no GPU", where=f"torch {torch.__version__}", hint="`device=cpu`"
        )
    use_gpu = device == "cuda" or (device == "auto" and torch.cuda.is_available())
    world = int(os.environ.get("WORLD_SIZE", "1"))
    rank = int(os.environ.get("RANK", "0"))
    local = int(os.environ.get("LOCAL_RANK", "0"))
    chosen = torch.device("cuda", local) if use_gpu else torch.device("cpu")
    if use_gpu:
        torch.cuda.set_device(chosen)
    if world > 1 and not dist.is_initialized():
        dist.init_process_group("nccl" if use_gpu else "gloo")
    return Team(rank, world, chosen)
