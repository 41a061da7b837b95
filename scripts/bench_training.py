"""Compare the training loop with a minimal loop, in episodes per second: DATA [RECIPE [STEPS]]."""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from animato.data.shards import ShardClips
from animato.settings.training import recipe_settings
from animato.training.throughput import compare_throughput


def main(data: str, recipe: str = "tiny", steps: str = "40") -> None:
    """Print both speeds and their ratio (target: at least 0.95)."""
    torch.set_num_threads(1)
    found = compare_throughput(recipe_settings(recipe), ShardClips(Path(data)), int(steps))
    print(f"{recipe}: {found.ours:.2f} episodes/s, plain loop {found.plain:.2f}, ratio {found.share:.3f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
