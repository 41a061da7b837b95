"""Fixtures of the media tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from media_material import draw_counter, write_clip


@pytest.fixture
def counted_clip(tmp_path: Path) -> Callable[..., Path]:
    """A function that writes a clip of `count` numbered frames and returns its path."""

    def make(count: int, name: str = "counted.mp4", **options: Any) -> Path:
        return write_clip(tmp_path / name, (draw_counter(i) for i in range(count)), **options)

    return make
