"""Settings of `animato batch`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from animato.errors import UsageError
from animato.settings.base import check, setting

RAY_HELP = (
    "Run the workers on Ray: the address of a cluster, or local for one that lasts as long as the command. Needs the "
    "extra ray."
)

_SHARD = re.compile(r"(\d{1,9})/(\d{1,9})")


@dataclass(frozen=True, kw_only=True)
class BatchSettings:
    """How the jobs of a batch are run."""

    workers: int = setting(
        1, "Number of worker processes, each with its own networks and `threads`.", low=1, high=1024, group="Batch"
    )
    ray: str | None = setting(None, RAY_HELP, group="Batch")
    shard: str = setting(
        "1/1", "Run only part I of N of the jobs, as I/N, for example in a Slurm array.", group="Batch"
    )
    retry: bool = setting(False, "Run jobs again that failed in an earlier run.", group="Batch")

    def __post_init__(self) -> None:
        check(self, "batch")
        match = _SHARD.fullmatch(self.shard)
        if match is None or not 1 <= int(match[1]) <= int(match[2]):
            raise UsageError(
                f"`shard` cannot be {self.shard!r}", where="batch.shard: I/N with I from 1 to N", hint="`shard=1/4`"
            )

    @property
    def part(self) -> tuple[int, int]:
        """Part of the jobs to run: number of the part from 0, number of parts."""
        number, parts = self.shard.split("/")
        return int(number) - 1, int(parts)
