"""The library names settings, the command line the options to type; no sentence outside cli/ spells an option."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest
import typer

import animato
from animato.cli.main import app, run
from animato.cli.option_names import COMMAND_OPTIONS, in_options, option_kinds
from animato.cli.printing import print_error, print_json
from animato.errors import UsageError

PACKAGE = Path(animato.__file__).parent
ALLOWED = re.compile(r"`?animato [a-z]|pip install ")
"""Sentences that tell of a command to type."""


def spelt_options() -> list[str]:
    """Every text outside cli/ that spells an option, with its file."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        where = path.relative_to(PACKAGE)
        # The benchmark builds a command line for a process of its own.
        if where.parts[0] == "cli" or where.as_posix() == "pipeline/bench.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                for option in re.finditer(r"(?<![\w-])--(?=[a-z]|$)", node.value):
                    if not ALLOWED.search(node.value[: option.start()]):
                        found.append(f"{where}:{node.lineno}: {node.value}")
    return found


def test_no_sentence_of_the_library_spells_an_option() -> None:
    assert spelt_options() == []


def test_every_name_that_becomes_an_option_is_one_of_a_command() -> None:
    options: set[str] = set()

    def walk(command: object) -> None:
        for param in getattr(command, "params", []):
            options.update(param.opts)
        for child in getattr(command, "commands", {}).values():
            walk(child)

    walk(typer.main.get_command(app))
    assert [name for name in COMMAND_OPTIONS if f"--{name.replace('_', '-')}" not in options] == []
    assert set(option_kinds()) >= COMMAND_OPTIONS


@pytest.mark.parametrize(
    ("said", "typed"),
    [
        ("`mouth` must be at most 2", "--mouth must be at most 2"),
        ("`max_side` or `frame=crop`", "--max-side or --frame crop"),
        ("`audio` and `sound=False` exclude each other", "--audio and --no-sound exclude each other"),
        ("`still_place=True` keeps it", "--still-place keeps it"),
        ("`overwrite=True`, or another name", "--overwrite, or another name"),
        ("`animato train` and the column `path`", "`animato train` and the column `path`"),
        ("me`s mouth=2", "me`s mouth=2"),
    ],
)
def test_names_in_backticks_become_options(said: str, typed: str) -> None:
    assert in_options(said) == typed


def test_errors_and_results_are_printed_with_options_and_kept_with_names(capsys: pytest.CaptureFixture[str]) -> None:
    problem = UsageError("`mouth` must be at most 2", hint="`mouth=1`")
    assert str(problem).startswith("`mouth` must be at most 2")
    print_error(problem, as_json=True)
    print_json({"warnings": ["`neutral` names one"], "`mouth`": 2})
    out, err = capsys.readouterr()
    first, second = (json.loads(line) for line in out.splitlines())
    assert (first["error"]["what"], first["error"]["hint"]) == ("--mouth must be at most 2", "--mouth 1")
    assert second == {"warnings": ["--neutral names one"], "`mouth`": 2}
    assert err.splitlines()[0] == "animato: --mouth must be at most 2"


def test_a_misspelt_choice_on_the_command_line_offers_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["animate", "me.jpg", "-d", "talk", "-o", "a.mp4", "--motion", "absolut"]) == 2
    assert "--motion absolute" in capsys.readouterr().err
