"""Fixtures shared by the whole suite: the openly licensed faces beside the checkout and packaged pictures."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")

SHARED = Path(__file__).resolve().parents[1].parent / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the shared faces; the test is skipped where it is absent."""
    if not (SHARED / "manifest.csv").is_file():
        pytest.skip("the shared faces are not beside this checkout")
    return SHARED
