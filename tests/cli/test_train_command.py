"""`animato train` prints what its options promise."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from animato.cli.main import run
from animato.training import jobs


def test_a_dry_run_prints_the_estimate_with_options_as_they_are_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    estimate = SimpleNamespace(sentences=lambda: ["time        2.0 hours", "cost        not known without `price`"])
    monkeypatch.setattr(jobs, "estimate_on_folder", lambda *_arguments: estimate)
    assert run(["train", "--data", str(tmp_path), "--dry-run", "-o", str(tmp_path / "run")]) == 0
    assert capsys.readouterr().out.splitlines() == ["time        2.0 hours", "cost        not known without --price"]
