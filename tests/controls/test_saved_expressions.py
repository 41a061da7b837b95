"""Expressions are saved, read, mixed and refused with sentences."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from animato.errors import FileFormatError, InputError, UsageError
from animato.motion.expression_file import Expression, controls_of_text, load_expression, mix, save_expression


def test_a_saved_expression_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "cheerful.json"
    save_expression(path, Expression("Cheerful", {"smile": 0.6, "yaw": -4.5}))
    assert load_expression(path) == Expression("Cheerful", {"smile": 0.6, "yaw": -4.5})
    assert json.loads(path.read_text())["version"] == 1
    assert controls_of_text(str(path)) == {"smile": 0.6, "yaw": -4.5}


def test_text_names_controls() -> None:
    assert controls_of_text("smile=0.4, yaw=5") == {"smile": 0.4, "yaw": 5.0}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("smile=wide", "'smile=wide' is not a control and its value"),
        ("smle=0.4", "no such control: smle"),
        ("smile=4", "smile must lie between -0.5 and 1, not 4"),
    ],
)
def test_unusable_text_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(UsageError) as refused:
        controls_of_text(text)
    assert refused.value.what == sentence


GOOD: dict[str, Any] = {"format": "animato-expression", "version": 1, "name": "x", "controls": {"smile": 0.5}}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("{", "is not an expression: it holds no JSON"),
        ("[" * 100_000, "is not an expression"),
        ("[]", "is not an expression"),
        (json.dumps({**GOOD, "format": "other"}), "is not an expression"),
        (json.dumps({**GOOD, "version": 2}), "was written by a newer animato"),
        (json.dumps({**GOOD, "version": True}), "has no version"),
        (json.dumps({**GOOD, "controls": [1]}), "controls must map names to numbers"),
        (json.dumps({**GOOD, "controls": {"smile": "1"}}), "smile must be a number"),
        (json.dumps({**GOOD, "controls": {"smile": float("nan")}}), "smile must lie between"),
        (json.dumps({**GOOD, "controls": {"smile": 10**400}}), "smile must be a number"),
        (json.dumps({**GOOD, "controls": {"frown": 1}}), "no such control: frown"),
        (json.dumps({**GOOD, "name": "x" * (1 << 20)}), "is too large for an expression"),
    ],
)
def test_unusable_files_are_refused_with_a_sentence(tmp_path: Path, content: str, sentence: str) -> None:
    path = tmp_path / "e.json"
    path.write_text(content)
    with pytest.raises(FileFormatError) as refused:
        load_expression(path)
    assert sentence in refused.value.what


def test_a_missing_file_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        load_expression(tmp_path / "none.json")


def test_the_name_is_one_printable_line(tmp_path: Path) -> None:
    path = tmp_path / "e.json"
    path.write_text(json.dumps({**GOOD, "name": "a\x1b[2J\nb"}))
    assert load_expression(path).name == "a [2J b"


def test_mixing_weighs_from_rest_and_stays_in_range() -> None:
    assert mix([({"smile": 0.4}, 0.5), ({"smile": 0.8, "yaw": 10}, 0.5)]) == pytest.approx({"smile": 0.6, "yaw": 5.0})
    assert mix([({"smile": 1.0}, 1.0), ({"smile": 1.0}, 1.0)]) == {"smile": 1.0}
    assert mix([({"neutralise": 1.0}, 0.5)]) == pytest.approx({"neutralise": 0.75})  # it rests at 0.5


def test_mixing_nothing_or_with_a_weight_that_is_no_number_is_refused() -> None:
    with pytest.raises(UsageError, match="no expressions"):
        mix([])
    with pytest.raises(UsageError, match="must be a number"):
        mix([({}, float("inf"))])
