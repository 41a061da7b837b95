"""Multi-process training with torchrun.

Network gradients are averaged by DistributedDataParallel; buffers are not broadcast, because the power iterations start
from equal weights on every process and stay equal. The embedding table is not part of DDP: its row gradients are
gathered, and every process applies all of them.
"""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from animato.errors import UsageError


@dataclass(frozen=True)
class ProcessGroup:
    """The process group and this process's place in it.

    Attributes:
        rank: rank of this process; rank 0 writes files.
        world: number of processes.
        device: compute device of this process.
    """

    rank: int
    world: int
    device: torch.device

    @property
    def is_main(self) -> bool:
        """Whether this process writes files and reports."""
        return self.rank == 0

    def wrap(self, module: nn.Module) -> nn.Module:
        """Wrap a network in DDP if there are several processes."""
        if self.world == 1:
            return module
        devices = [self.device.index] if self.device.type == "cuda" else None
        with warnings.catch_warnings():
            # Its new name, `forward_sync_buffers`, does not exist in the older versions of torch that are supported.
            warnings.simplefilter("ignore", FutureWarning)
            return DistributedDataParallel(module, device_ids=devices, broadcast_buffers=False)

    def gather(self, value_B: Tensor) -> Tensor:
        """Concatenate the values of all processes along the first axis; shapes must be equal."""
        if self.world == 1:
            return value_B
        parts = [torch.empty_like(value_B) for _ in range(self.world)]
        dist.all_gather(parts, value_B.contiguous())
        return torch.cat(parts)

    def mean(self, value: Tensor) -> Tensor:
        """Compute the mean of a tensor over all processes."""
        if self.world == 1:
            return value
        total = value.clone()
        dist.all_reduce(total)
        return total / self.world

    def check_shares(self, batch: int, accumulate: int, where: str) -> None:
        """Check that a batch can be shared by all processes and their micro-batches.

        Args:
            batch: samples of one step.
            accumulate: micro-batches of one process.
            where: name of the setting, for the message.

        Raises:
            UsageError: it cannot.
        """
        if batch % (self.world * accumulate):
            parts = f" with `accumulate={accumulate}`" if accumulate > 1 else ""
            raise UsageError(f"`batch={batch}` cannot be shared by {self.world} processes{parts}", where=where)

    def wait(self) -> None:
        """Wait for all processes (barrier)."""
        if self.world > 1:
            dist.barrier()

    def destroy(self) -> None:
        """Destroy the process group."""
        if self.world > 1 and dist.is_initialized():
            dist.destroy_process_group()


def join_process_group(device: str) -> ProcessGroup:
    """Join the process group started by torchrun, or return a group of one process.

    Args:
        device: "auto", "cpu" or "cuda".

    Raises:
        UsageError: CUDA is requested but not available.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise UsageError("`device=cuda`: torch finds no GPU", where=f"torch {torch.__version__}", hint="`device=cpu`")
    use_gpu = device == "cuda" or (device == "auto" and torch.cuda.is_available())
    world = int(os.environ.get("WORLD_SIZE", "1"))
    rank = int(os.environ.get("RANK", "0"))
    local = int(os.environ.get("LOCAL_RANK", "0"))
    chosen = torch.device("cuda", local) if use_gpu else torch.device("cpu")
    if use_gpu:
        torch.cuda.set_device(chosen)
    if world > 1 and not dist.is_initialized():
        dist.init_process_group("nccl" if use_gpu else "gloo")
    return ProcessGroup(rank, world, chosen)
