"""Measure the input ranges of convolutions, for 8-bit quantisation in the runtime."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from torch import Tensor, nn

from animato.models.portrait.networks import PatchNetwork

QUANTISED = ("down.", "middle.", "up.", "merge.", "personal.")
"""Convolutions to quantise: all but the first and the last layers."""

QUANTILE = 0.9999
"""Quantile of the absolute values of a batch used as its range; larger values are clipped."""


@contextmanager
def measured_ranges(network: PatchNetwork) -> Iterator[dict[str, list[float]]]:
    """Yield a dict of the smallest and largest input of each convolution, updated while the block runs the network.

    The range of several batches is the union of their ranges.
    """
    ranges: dict[str, list[float]] = {}

    def record(name: str, _module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        x = inputs[0].detach()
        size = x.abs().flatten()
        # `torch.quantile` is limited to sixteen million values.
        high = float(size.kthvalue(max(1, round(QUANTILE * size.numel())))[0])
        low = -high if float(x.min()) < 0 else 0.0
        previous = ranges.setdefault(name, [low, high])
        ranges[name] = [min(previous[0], low), max(previous[1], high)]

    hooks = [
        module.register_forward_pre_hook(partial(record, name))
        for name, module in network.named_modules()
        if isinstance(module, nn.Conv2d) and name.startswith(QUANTISED)
    ]
    try:
        yield ranges
    finally:
        for hook in hooks:
            hook.remove()
