"""The stage clock adds up what several threads measure, and knows every stage."""

from __future__ import annotations

import ast
import threading
from pathlib import Path

import pytest

import animato
from animato.runtime.stage_clock import STAGES, StageClock


def test_a_misspelt_stage_is_an_error() -> None:
    with pytest.raises(ValueError, match="no stage 'pant'"), StageClock().stage("pant"):
        pass
    clock = StageClock()
    with pytest.raises(ValueError, match="no stage 'pant'"):
        clock.add({"paint": 1.0, "pant": 1.0})
    assert clock.seconds == {}


def test_every_stage_that_the_package_measures_is_known_and_none_is_left_over() -> None:
    used = set()
    for path in Path(animato.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "stage":
                used.add(ast.literal_eval(node.args[0]))
    assert used == set(STAGES)


SWITCH = threading.Event()


class Torn(dict[str, float]):
    """A dictionary that lets another thread run between reading and writing."""

    def get(self, *key: object) -> float:  # type: ignore[override]
        found = super().get(*key)  # type: ignore[call-overload]
        SWITCH.wait(0.001)
        return float(found)


def test_nothing_is_lost_between_threads() -> None:
    clock = StageClock()
    clock.seconds = Torn()
    threads = [
        threading.Thread(target=lambda: [clock.add({"paint": 1.0, "mark": 2.0}) for _ in range(5)]) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert dict(clock.seconds) == {"paint": 40.0, "mark": 80.0}


def test_stages_are_told_in_the_order_of_the_pipeline_per_frame() -> None:
    clock = StageClock()
    clock.add({"sign": 1.0, "draw": 0.5, "decode": 2.0})
    assert list(clock.milliseconds(10).items()) == [("decode", 200.0), ("draw", 50.0), ("sign", 100.0)]
