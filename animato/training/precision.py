"""Number format of a training step: autocast, and the loss scale that float16 needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from animato.errors import UsageError

_DTYPES = {"fp32": None, "bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True)
class Precision:
    """Number format of the networks' forward passes; weights, gradients and optimisers are float32 in all of them.

    Attributes:
        device: compute device.
        dtype: of the operations that autocast lowers; None for float32 throughout.
    """

    device: torch.device
    dtype: torch.dtype | None = None

    @classmethod
    def of(cls, name: str, device: torch.device) -> Precision:
        """Return the format for a setting.

        Args:
            name: "fp32", "bf16", "fp16", or "auto": bf16 on a GPU that supports it, else fp32.
            device: compute device.

        Raises:
            UsageError: the GPU does not support bf16.
        """
        can_bf16 = device.type != "cuda" or torch.cuda.is_bf16_supported(including_emulation=False)
        if name == "auto":
            name = "bf16" if device.type == "cuda" and can_bf16 else "fp32"
        if name == "bf16" and not can_bf16:
            raise UsageError("`precision=bf16`: this GPU does not support it", hint="`precision=fp16`")
        return cls(device, _DTYPES[name])

    @property
    def name(self) -> str:
        """The setting that gives this format."""
        return next(name for name, dtype in _DTYPES.items() if dtype == self.dtype)

    def autocast(self) -> torch.autocast:
        """Return the context of forward passes and losses."""
        return torch.autocast(self.device.type, self.dtype, enabled=self.dtype is not None)

    def loss_scaler(self) -> torch.amp.GradScaler:
        """Return a new loss scaler; it does nothing unless the format is float16, whose gradients underflow."""
        return torch.amp.GradScaler(self.device.type, enabled=self.dtype == torch.float16)


def scaler_arrays(prefix: str, scaler: torch.amp.GradScaler) -> dict[str, NDArray[Any]]:
    """Return the state of a loss scaler by name; nothing for one that does nothing."""
    if not scaler.is_enabled():
        return {}
    state = scaler.state_dict()
    return {
        f"{prefix}scale": np.array([state["scale"]], np.float64),
        f"{prefix}growth": np.array([state["_growth_tracker"]], np.int64),
    }


def restore_scaler(prefix: str, scaler: torch.amp.GradScaler, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Restore a loss scaler from `scaler_arrays`; a run that had none starts with a new one."""
    if scaler.is_enabled() and f"{prefix}scale" in arrays:
        state = scaler.state_dict()
        scale, growth = (arrays[f"{prefix}{name}"].item() for name in ("scale", "growth"))
        state |= {"scale": scale, "_growth_tracker": growth}
        scaler.load_state_dict(state)
