"""The smallest networks that train: changes to the tiny recipe, for tests."""

from __future__ import annotations

from typing import Any

SMALLEST: dict[str, Any] = {
    "size": 32,
    "channels": 4,
    "max_channels": 16,
    "embed": 16,
    "down_blocks": 2,
    "residual_blocks": 1,
    "content": "none",
    "batch": 4,
    "episodes": 24,
    "log_episodes": 8,
    "validate_episodes": 0,
    "save_minutes": 60.0,
    "device": "cpu",
    "threads": 1,
    "augment": True,
    "warmup": 8,
    "cooldown": 0.5,
}
