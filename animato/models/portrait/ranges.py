"""The ranges of what convolutions take in, measured on cases: what the runtime needs to compute in 8-bit numbers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from torch import Tensor, nn

from animato.models.portrait.networks import PatchNetwork

COARSE = ("down.", "middle.", "up.", "merge.", "personal.")
"""Convolutions that may be coarse: between the first layer, which sees the pixels, and the last, which makes them."""

QUANTILE = 0.9999
"""Share of the absolute values of one batch that lies within its range; what lies beyond is cut off."""


@contextmanager
def measured_ranges(network: PatchNetwork) -> Iterator[dict[str, list[float]]]:
    """Measure while the block runs the network: name of each convolution -> smallest and largest input.

    Over several batches the widest range counts.
    """
    found: dict[str, list[float]] = {}

    def look(name: str, _module: nn.Module, given: tuple[Tensor, ...]) -> None:
        x = given[0].detach()
        size = x.abs().flatten()
        # `torch.quantile` takes no more than sixteen million values.
        most = float(size.kthvalue(max(1, round(QUANTILE * size.numel())))[0])
        low = -most if float(x.min()) < 0 else 0.0
        before = found.setdefault(name, [low, most])
        found[name] = [min(before[0], low), max(before[1], most)]

    hooks = [
        module.register_forward_pre_hook(partial(look, name))
        for name, module in network.named_modules()
        if isinstance(module, nn.Conv2d) and name.startswith(COARSE)
    ]
    try:
        yield found
    finally:
        for hook in hooks:
            hook.remove()
