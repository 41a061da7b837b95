"""Fixtures of the batch tests: renders are faked, and the key folder is a temporary one."""

from __future__ import annotations

from pathlib import Path

import pytest
from batch_jobs import FakeAnimator, FakeTask


@pytest.fixture(autouse=True)
def fake_renders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the animator in this process and in worker processes."""
    monkeypatch.setenv("ANIMATO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BATCH_TEST_LOG", str(tmp_path / "calls.log"))
    monkeypatch.setattr("animato.batch.render.Animator", FakeAnimator)
    monkeypatch.setattr("animato.batch.run.RenderTask", FakeTask)
