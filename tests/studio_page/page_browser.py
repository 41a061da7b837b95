"""Debian's Chromium, driven by Playwright; tests that need it are skipped where either is missing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = Path("/usr/bin/chromium")

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
]

WIDE = {"width": 1280, "height": 860}
PHONE = {"width": 390, "height": 844}

if not CHROMIUM.is_file():
    pytest.skip("the page is tested in /usr/bin/chromium, which is not installed", allow_module_level=True)

sync_api = pytest.importorskip("playwright.sync_api", reason="the page is driven by Playwright, which is not installed")


@contextmanager
def launch(playwright: Any, flags: Sequence[str] = FLAGS) -> Iterator[Any]:
    """Start a browser and close it at the end."""
    started = playwright.chromium.launch(executable_path=str(CHROMIUM), headless=True, args=list(flags))
    yield started
    started.close()
