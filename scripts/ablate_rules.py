"""Remove each hand-picked rule from the source, render the twins anew, and tabulate the difference (docs/numbers.md).

python scripts/ablate_rules.py FACES -o rules                    # all rules of rules.toml, a minute or two each
python scripts/ablate_rules.py FACES -o rules --rule no-mirror   # one of them
python scripts/ablate_rules.py FACES -o rules --table            # the table alone, from the results there

FACES is a folder with a subset `twins`, as for `animato evaluate --protocol twins`; its pipeline, protocol and metrics
are used, with the first frame of each scored group. The package is copied into a temporary folder, one rule is removed
there, and the copy runs in a process of its own. Results are kept as one JSON file per rule, so an interrupted run
resumes; delete the folder after a change of the code.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
RULES = Path(__file__).with_name("rules.toml")
RENDER = Path(__file__).with_name("render_twins.py")
COLUMNS = {"psnr-face": "face, dB", "l1-mouth": "mouth, L1", "l1-eyes": "eyes, L1", "akd": "landmarks, px"}
DIGITS = {"psnr-face": 3, "l1-mouth": 4, "l1-eyes": 4, "akd": 3}


@dataclass(frozen=True)
class Edit:
    """Replacement of one passage, which occurs exactly once in its file."""

    old: str
    new: str


@dataclass(frozen=True)
class Rule:
    """One rule and its removal.

    Attributes:
        name: short name, also that of its result.
        title: name in the table.
        file: path below the package.
        edits: the removal.
        covers: the numbers that belong to it, as `list_numbers.py --list` names them.
        decision: last column of the table.
        run: which run it is compared with, see `render_twins.RUNS`; rules of an option are measured with it on.
    """

    name: str
    title: str
    file: str
    edits: tuple[Edit, ...]
    covers: tuple[str, ...] = ()
    decision: str = ""
    run: str = "default"

    def removed_from(self, text: str) -> str:
        """Return the text of its file without the rule.

        Raises:
            ValueError: a passage does not occur exactly once.
        """
        for edit in self.edits:
            if text.count(edit.old) != 1:
                raise ValueError(f"{self.name}: {text.count(edit.old)} times in {self.file}: {edit.old!r}")
            text = text.replace(edit.old, edit.new)
        return text


def load_rules(path: Path = RULES) -> list[Rule]:
    """Return the rules of a file, in its order."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    return [
        Rule(**{**entry, "edits": tuple(Edit(**edit) for edit in entry["edits"]), "covers": tuple(entry["covers"])})
        for entry in table["rule"]
    ]


def measure(rule: Rule | None, name: str, run: str, arguments: Sequence[str], folder: Path) -> None:
    """Render the twins with a copy of the package, without a rule or with all, and write FOLDER/NAME.json.

    Args:
        rule: removed from the copy; None for no rule.
        name: of the result.
        run: name of the run, see `render_twins.RUNS`.
        arguments: of render_twins.py besides.
        folder: of the results.
    """
    with tempfile.TemporaryDirectory(prefix="ablate-") as copy:
        shutil.copytree(ROOT / "animato", Path(copy) / "animato", ignore=shutil.ignore_patterns("__pycache__"))
        if rule is not None:
            file = Path(copy) / "animato" / rule.file
            file.write_text(rule.removed_from(file.read_text(encoding="utf-8")), encoding="utf-8")
        paths = [copy, *filter(None, [os.environ.get("PYTHONPATH")])]
        command = [sys.executable, str(RENDER), *arguments, "--run", run, "-o", str(folder / f"{name}.json")]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
        subprocess.run([*command, "--tracks", str(folder / "tracks")], env=environment, check=True)


def differences(without: dict[str, Any], default: dict[str, Any], metric: str) -> NDArray[np.float64]:
    """Return a metric without a rule minus with it, for each pair where both are defined."""
    pairs = [(without[name]["values"][metric], default[name]["values"][metric]) for name in default if name in without]
    return np.array([a - b for a, b in pairs if a is not None and b is not None])


def row(rule: Rule, without: dict[str, Any], default: dict[str, Any]) -> str:
    """Return the table's row of a rule."""
    same = sum(without[name]["digest"] == default[name]["digest"] for name in default if name in without)
    cells = []
    for metric in COLUMNS:
        values = differences(without, default, metric)
        error = values.std(ddof=1) / len(values) ** 0.5
        cells.append(f"{values.mean():+.{DIGITS[metric]}f} ± {error:.{DIGITS[metric]}f}")
    return f"| {rule.title} | {same} of {len(without)} | {' | '.join(cells)} | {rule.decision} |"


def table(folder: Path, rules: Sequence[Rule]) -> list[str]:
    """Return the lines of the table, of the rules with a result in a folder."""
    lines = [f"| rule removed | identical pairs | {' | '.join(COLUMNS.values())} | decision |", "|---" * 7 + "|"]
    for rule in rules:
        files = [folder / f"{name}.json" for name in (rule.name, f"all-rules-{rule.run}")]
        if all(file.is_file() for file in files):
            lines.append(row(rule, *(json.loads(file.read_text(encoding="utf-8")) for file in files)))
    return lines


def main() -> None:
    """Measure what is missing, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder for the results")
    parser.add_argument("--rule", action="append", help="name of a rule; may be repeated; default: all")
    parser.add_argument("--pairs", type=int, help="maximum number of pairs; default: all")
    parser.add_argument("--every", type=int, default=2, help="score every N-th group of frames")
    parser.add_argument("--table", action="store_true", help="measure nothing")
    args = parser.parse_args()
    rules = load_rules()
    chosen = [rule for rule in rules if args.rule is None or rule.name in args.rule]
    if unknown := set(args.rule or ()) - {rule.name for rule in rules}:
        parser.error(f"no rule {', '.join(sorted(unknown))} in {RULES.name}")
    if not args.table:
        args.output.mkdir(parents=True, exist_ok=True)
        arguments = [str(args.data), "--every", str(args.every), *(["--pairs", str(args.pairs)] if args.pairs else [])]
        jobs: list[tuple[str, Rule | None, str]] = []
        for rule in chosen:
            jobs += [(f"all-rules-{rule.run}", None, rule.run), (rule.name, rule, rule.run)]
        for name, removed, run in dict.fromkeys(jobs):
            if not (args.output / f"{name}.json").is_file():
                print(name, flush=True)
                measure(removed, name, run, arguments, args.output)
    print("\n".join(table(args.output, rules)))


if __name__ == "__main__":
    main()
