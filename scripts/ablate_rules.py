"""Remove each hand-picked rule from the source, measure what changes, and print the table of docs/numbers.md.

python scripts/ablate_rules.py FACES -o rules                    # all rules of rules.toml, a minute or two each
python scripts/ablate_rules.py FACES -o rules --rule no-mirror   # one of them
python scripts/ablate_rules.py FACES -o rules --table            # the table alone, from the results there
python scripts/ablate_rules.py FACES -o rules --tests            # run the test of each guard without its rule

FACES is a folder with the subsets `twins` and `talking`. The package is copied into a temporary folder, one rule is
removed there, and the copy runs in a process of its own: the twins are rendered as by `animato evaluate --protocol
twins` (render_twins.py), or, for rules of the search for the neutral frame, the search runs on talking people
(find_neutral.py). Results are kept as one JSON file per rule, so an interrupted run resumes; delete the folder after a
change of the code.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
RULES = Path(__file__).with_name("rules.toml")
RENDER, FIND = (Path(__file__).with_name(f"{name}.py") for name in ("render_twins", "find_neutral"))
COLUMNS = {
    "psnr": "square, dB",
    "psnr-face": "face, dB",
    "l1-mouth": "mouth, L1",
    "l1-eyes": "eyes, L1",
    "akd": "landmarks, px",
}
DIGITS = {"psnr": 3, "psnr-face": 3, "l1-mouth": 4, "l1-eyes": 4, "akd": 3}


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
        run: what is measured: a name of `render_twins.RUNS`, where an option is on for its own rules, or "neutral".
        test: for a guard against what twins do not show: the test that fails without it.
    """

    name: str
    title: str
    file: str
    edits: tuple[Edit, ...]
    covers: tuple[str, ...] = ()
    decision: str = ""
    run: str = "default"
    test: str = ""

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


@contextlib.contextmanager
def copy_without(rule: Rule | None, *parts: str) -> Iterator[tuple[Path, dict[str, str]]]:
    """Copy the package into a temporary folder and remove a rule there.

    Args:
        rule: the rule; None for no rule.
        parts: other files and folders of the repository that are copied too.

    Yields:
        (the folder, environment in which Python imports its package).
    """
    with tempfile.TemporaryDirectory(prefix="ablate-") as name:
        folder = Path(name)
        for part in ("animato", *parts):
            copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
            copy(ROOT / part, folder / part)
        if rule is not None:
            file = folder / "animato" / rule.file
            file.write_text(rule.removed_from(file.read_text(encoding="utf-8")), encoding="utf-8")
        paths = [name, *filter(None, [os.environ.get("PYTHONPATH")])]
        yield folder, {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def measure(rule: Rule | None, run: str, output: Path, data: Path, options: Sequence[str]) -> None:
    """Measure a copy of the package, without a rule or with all.

    Args:
        rule: removed from the copy; None for no rule.
        run: what is measured.
        output: JSON file.
        data: folder of the clips.
        options: of render_twins.py.
    """
    command = [FIND] if run == "neutral" else [RENDER, "--run", run, "--tracks", output.parent / "tracks", *options]
    with copy_without(rule) as (_, environment):
        subprocess.run([sys.executable, *map(str, command), str(data), "-o", str(output)], env=environment, check=True)


def fails_without(rule: Rule) -> bool:
    """Return whether the test of a guard fails without it."""
    with copy_without(rule, "tests", "scripts", "docs", "pyproject.toml") as (folder, environment):
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", rule.test]
        return subprocess.run(command, env=environment, cwd=folder, capture_output=True, check=False).returncode == 1


def differences(without: dict[str, Any], default: dict[str, Any], metric: str) -> NDArray[np.float64]:
    """Return a metric without a rule minus with it, for each pair where both are defined."""
    pairs = [
        (without[name]["values"].get(metric), default[name]["values"].get(metric))
        for name in default
        if name in without
    ]
    return np.array([a - b for a, b in pairs if a is not None and b is not None])


def row(rule: Rule, without: dict[str, Any] | None, default: dict[str, Any] | None) -> str:
    """Return the table's row of a rule; without results for a guard that is only tested."""
    if without is None or default is None:
        cells = ["not measured"] + ["–"] * len(COLUMNS)
    elif rule.run == "neutral":
        same = [without[name] == default[name] for name in default]
        cells = [f"{sum(same)} of {len(same)} clips", *["–"] * len(COLUMNS)]
    else:
        same = [without[name]["digest"] == default[name]["digest"] for name in default if name in without]
        cells = [f"{sum(same)} of {len(same)}"]
        for metric in COLUMNS:
            values = differences(without, default, metric)
            error = values.std(ddof=1) / len(values) ** 0.5 if len(values) > 1 else np.nan
            digits = DIGITS[metric]
            cells.append(f"{values.mean():+.{digits}f} ± {error:.{digits}f}" if len(values) else "–")
    guard = f"; guard: without it `{rule.test.rpartition('::')[2]}` fails" if rule.test else ""
    return f"| {rule.title} | {' | '.join(cells)} | {rule.decision}{guard} |"


def table(folder: Path, rules: Sequence[Rule]) -> list[str]:
    """Return the lines of the table: the rules with a result in a folder, then those that only have a test."""
    lines = [
        f"| rule removed | identical | {' | '.join(COLUMNS.values())} | decision |",
        "|---" * (len(COLUMNS) + 3) + "|",
    ]
    tested = []
    for rule in rules:
        files = [folder / f"{name}.json" for name in (rule.name, f"all-rules-{rule.run}")]
        if all(file.is_file() for file in files):
            lines.append(row(rule, *(json.loads(file.read_text(encoding="utf-8")) for file in files)))
        elif rule.test:
            tested.append(row(rule, None, None))
    return lines + tested


def main() -> None:
    """Measure what is missing, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder for the results")
    parser.add_argument("--rule", action="append", help="name of a rule; may be repeated; default: all")
    parser.add_argument("--pairs", type=int, help="maximum number of pairs; default: all")
    parser.add_argument("--every", type=int, default=2, help="score every N-th group of frames")
    parser.add_argument("--table", action="store_true", help="measure nothing")
    parser.add_argument("--tests", action="store_true", help="check that the test of each guard fails without its rule")
    args = parser.parse_args()
    rules = load_rules()
    chosen = [rule for rule in rules if args.rule is None or rule.name in args.rule]
    if unknown := set(args.rule or ()) - {rule.name for rule in rules}:
        parser.error(f"no rule {', '.join(sorted(unknown))} in {RULES.name}")
    if args.tests:
        passing = [rule.name for rule in chosen if rule.test and not fails_without(rule)]
        sys.exit(f"passes without its rule: {', '.join(passing)}" if passing else 0)
    if not args.table:
        args.output.mkdir(parents=True, exist_ok=True)
        options = ["--every", str(args.every), *(["--pairs", str(args.pairs)] if args.pairs else [])]
        jobs: list[tuple[str, Rule | None, str]] = []
        for rule in chosen:
            jobs += [(f"all-rules-{rule.run}", None, rule.run), (rule.name, rule, rule.run)]
        for name, removed, run in dict.fromkeys(jobs):
            output = args.output / f"{name}.json"
            if not output.is_file():
                print(name, flush=True)
                measure(removed, run, output, args.data, options)
    print("\n".join(table(args.output, rules)))


if __name__ == "__main__":
    main()
