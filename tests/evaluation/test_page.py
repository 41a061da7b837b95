"""docs/evaluation.md says what the code does."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

import pytest

from animato.evaluation import runner
from animato.evaluation.metrics import METRICS, ORDER
from animato.evaluation.protocols import Part
from animato.evaluation.targets import QUALITY_TARGETS
from animato.settings.evaluation import SYSTEMS, Protocol
from animato.tracking.face_finder import FaceFinder

from .conftest import DrawnFootage

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "evaluation.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `([\w-]+)` \| ([^|]*)\| (\w+(?: 1)?) \| ([^|]*)\|", re.MULTILINE)
ROWS = {name: rest for name, *rest in ROW.findall(PAGE)}


def test_the_page_lists_every_metric_in_order() -> None:
    assert [name for name in ROWS if name in METRICS] == list(ORDER)


def test_every_metric_has_the_unit_direction_and_network_of_its_row() -> None:
    for name in ORDER:
        unit, direction, net = (text.strip() for text in ROWS[name])
        info = METRICS[name].info
        stated = (unit, direction.replace("nearest 1", "one"), net)
        assert stated == (info.unit, info.direction, info.net or ""), name


def test_the_page_lists_every_protocol_and_system() -> None:
    for name in (*get_args(Protocol), *SYSTEMS):
        assert f"| `{name}` |" in PAGE, name


WORDS = {"ratio": "relative to the still", "mean": "mean over clips |", "median": "median"}


def test_the_page_states_the_limit_of_every_promise() -> None:
    for target in QUALITY_TARGETS:
        if target.statistic in WORDS:
            rows = [line for line in PAGE.splitlines() if line.startswith(f"| `{target.subset}` | `{target.metric}`")]
            row = next(line for line in rows if WORDS[target.statistic] in line)
            assert float(re.findall(r"at most ([\d.]+)", row)[0]) == target.limit, target


def test_the_example_of_the_page_runs(
    tmp_path: Path, sliding: DrawnFootage, finder: FaceFinder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "plan", lambda *_: [Part("self T=1", "self", 1, 1, ((sliding, sliding),))])
    monkeypatch.setattr(runner, "FaceFinder", lambda threads: finder)
    names: dict[str, Any] = {}
    exec(compile(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[0], "evaluation.md", "exec"), names)
    text = names["compare"](tmp_path, tmp_path / "report")
    assert "still" in text and "mirror" in text and (tmp_path / "report" / "index.html").is_file()
