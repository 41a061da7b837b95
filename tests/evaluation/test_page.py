"""docs/evaluation.md says what the code does."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

import pytest

from animato.evaluation import runner
from animato.evaluation.metrics import METRICS, ORDER
from animato.evaluation.protocols import Part
from animato.evaluation.targets import TARGETS, QualityTarget
from animato.settings.evaluation import SYSTEMS, Protocol
from animato.tracking.face_finder import FaceFinder

from .conftest import DrawnFootage

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "evaluation.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `([\w-]+)` \| ([^|]*)\| (\w+(?: 1)?) \| ([^|]*)\|", re.MULTILINE)
ROWS = {name: rest for name, *rest in ROW.findall(PAGE)}


def test_the_page_lists_every_metric_in_order() -> None:
    assert [name for name in ROWS if name in METRICS] == list(ORDER)


@pytest.mark.parametrize("name", ORDER)
def test_a_metric_has_the_unit_direction_and_network_of_its_row(name: str) -> None:
    unit, direction, net = (text.strip() for text in ROWS[name])
    info = METRICS[name].info
    assert (unit, direction.replace("nearest 1", "one"), net) == (info.unit, info.direction, info.net or "")


def test_the_page_lists_every_protocol_and_system() -> None:
    for name in (*get_args(Protocol), *SYSTEMS):
        assert f"| `{name}` |" in PAGE, name


WORDS = {"ratio": "over the still", "mean": "mean over clips |", "median": "median"}


@pytest.mark.parametrize("target", [target for target in TARGETS if target.statistic in WORDS])
def test_the_page_states_the_limit_of_a_promise(target: QualityTarget) -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith(f"| `{target.subset}` | `{target.metric}`")]
    row = next(line for line in rows if WORDS[target.statistic] in line)
    assert float(re.findall(r"at most ([\d.]+)", row)[0]) == target.limit


def test_the_example_of_the_page_runs(
    tmp_path: Path, sliding: DrawnFootage, finder: FaceFinder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "plan", lambda *_: [Part("self T=1", "self", 1, 1, ((sliding, sliding),))])
    monkeypatch.setattr(runner, "FaceFinder", lambda threads: finder)
    names: dict[str, Any] = {}
    exec(compile(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[0], "evaluation.md", "exec"), names)
    text = names["compare"](tmp_path, tmp_path / "report")
    assert "still" in text and "mirror" in text and (tmp_path / "report" / "index.html").is_file()
