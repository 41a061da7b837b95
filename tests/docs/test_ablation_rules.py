"""scripts/rules.toml fits the source, so that the table of docs/numbers.md can be measured again at any time."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, SCRIPTS / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def ablation() -> ModuleType:
    return load("ablate_rules")


def test_every_passage_occurs_exactly_once_and_what_is_left_compiles(ablation: ModuleType) -> None:
    rules = ablation.load_rules()
    assert len(rules) >= 60
    assert len({rule.name for rule in rules}) == len(rules)
    for rule in rules:
        text = (ablation.ROOT / "animato" / rule.file).read_text(encoding="utf-8")
        without = rule.removed_from(text)
        assert without != text, rule.name
        compile(without, rule.name, "exec")


def test_the_numbers_that_a_rule_covers_exist(ablation: ModuleType) -> None:
    counted = {(number.file, number.name) for number in load("list_numbers").all_numbers()}
    # A tuple of names is listed under the first one.
    for rule in ablation.load_rules():
        text = (ablation.ROOT / "animato" / rule.file).read_text(encoding="utf-8")
        for name in rule.covers:
            assert (rule.file, name) in counted or f", {name} = " in text or f", {name}, " in text, (rule.name, name)


def test_a_passage_that_occurs_twice_is_refused(ablation: ModuleType) -> None:
    rule = ablation.Rule("twice", "", "a.py", (ablation.Edit("1", "2"),))
    with pytest.raises(ValueError, match="twice: 2 times"):
        rule.removed_from("a = 1\nb = 1\n")


def test_a_row_states_difference_error_and_identical_pairs(ablation: ModuleType) -> None:
    def result(face: float, mouth: float | None, digest: str) -> dict[str, object]:
        return {
            "digest": digest,
            "values": {"psnr": face, "psnr-face": face, "l1-mouth": mouth, "l1-eyes": 0.1, "akd": 1.0},
        }

    default = {"a": result(20.0, 0.1, "x"), "b": result(20.0, 0.1, "y"), "closed": result(20.0, None, "y")}
    without = {"a": result(20.0, 0.1, "x"), "b": result(21.0, 0.3, "z"), "closed": result(20.5, None, "z")}
    rule = ablation.Rule("r", "a rule", "a.py", (), decision="kept")
    row = ablation.row(rule, without, default)
    assert row.startswith("| a rule | 1 of 3 | +0.500 ± 0.289 | +0.500 ± 0.289 | +0.1000 ± 0.1000 | ") and row.endswith(
        " | kept |"
    )
    guard = replace(rule, test="tests/a.py::test_b")
    assert ablation.row(guard, None, None).endswith("| kept; guard: without it `test_b` fails |")


def test_every_rule_has_a_decision_and_the_test_of_a_guard_exists(ablation: ModuleType) -> None:
    for rule in ablation.load_rules():
        assert rule.decision, rule.name
        if rule.test:
            file, _, test = rule.test.partition("::")
            assert f"def {test}(" in (ablation.ROOT / file).read_text(encoding="utf-8"), rule.name
