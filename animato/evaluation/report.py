"""The report as JSON and as a table."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import json
import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from animato.evaluation.metrics import METRICS, MetricInfo
from animato.evaluation.metrics.base import ARROWS
from animato.evaluation.page import write_page
from animato.evaluation.runner import Evaluation
from animato.evaluation.score_sheet import contact_sheet
from animato.evaluation.summary import Cell
from animato.media.disk import output_error, whole_file
from animato.media.image import save_picture
from animato.settings.base import as_json
from animato.version import __version__

SCHEMA = 2
LIBRARIES = ("numpy", "opencv-python-headless", "openvino", "torch", "av")


def as_data(found: Evaluation) -> dict[str, Any]:
    """Return the whole report as plain JSON types: settings, environment, metrics, tables, rows."""
    return {
        "schema": SCHEMA,
        "made_by": f"animato {__version__}",
        "data": found.data,
        "settings": as_json(found.settings),
        "environment": environment(),
        "metrics": {name: dataclasses.asdict(METRICS[name].info) for name in found.metrics},
        "systems": found.systems,
        "notes": found.notes,
        "summary": [dataclasses.asdict(cell) for cell in found.cells],
        "pooled": [dataclasses.asdict(item) for item in found.pooled],
        "promises": [
            {**dataclasses.asdict(target_score), "kept": target_score.kept, "sentence": target_score.sentence()}
            for target_score in found.target_scores
        ],
        "rows": [dataclasses.asdict(row) for row in found.rows],
    }


def environment() -> dict[str, Any]:
    """Return what the numbers may depend on: versions, processor kind and count; nothing that names the machine."""
    versions = {}
    for name in LIBRARIES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = "not installed"
    return {
        "python": platform.python_version(),
        "system": platform.system(),
        "machine": platform.machine(),
        "processors": os.cpu_count(),
        **versions,
    }


def tables(found: Evaluation) -> list[Table]:
    """Return the tables: a row a metric, mean ± half the 95 % interval.

    A part has a table with a column a system; parts that are compared with each other share a table for each system,
    with a column a part.
    """
    shared = {part for parts in found.side_by_side.values() for part in parts}
    result = []
    for part in dict.fromkeys(row.part for row in found.rows if row.part not in shared):
        rows = [row for row in found.rows if row.part == part]
        clips, people = {row.sample for row in rows}, {row.person for row in rows}
        columns = [(system, part, system) for system in dict.fromkeys(row.system for row in rows)]
        result.append(_table(found, f"{part}: {len(clips)} clips, {len(people)} people", columns))
    for title, parts in found.side_by_side.items():
        systems = dict.fromkeys(row.system for row in found.rows if row.part in parts)
        result += [_table(found, f"{title}: {name}", [(part, part, name) for part in parts]) for name in systems]
    return result


def _table(found: Evaluation, title: str, columns: Sequence[tuple[str, str, str]]) -> Table:
    """Return one table.

    Args:
        found: the evaluation.
        title: above it.
        columns: (heading, part, system) of each.
    """
    table = Table(title=title, title_justify="left")
    table.add_column("metric")
    table.add_column("unit", style="dim")
    for heading, _, _ in columns:
        table.add_column(heading, justify="right")
    cells = {(cell.part, cell.system, cell.metric): cell for cell in found.cells}
    for name in found.metrics:
        info = METRICS[name].info
        texts = [
            _pooled_text(found, part, system, info) if info.pooled else cell_text(cells.get((part, system, name)), info)
            for _, part, system in columns
        ]
        if any(text != "–" for text in texts):
            table.add_row(f"{name} {ARROWS[info.direction]}", info.unit, *texts)
    table.add_row("clips scored", "", *(str(_scored(found, part, system)) for _, part, system in columns))
    return table


def _scored(found: Evaluation, part: str, system: str) -> int:
    return sum(row.problem is None for row in found.rows if (row.part, row.system) == (part, system))


def cell_text(cell: Cell | None, info: MetricInfo) -> str:
    """Return one number of a table: mean ± half the width of its 95 % interval over people."""
    if cell is None or cell.estimate is None:
        return "–"
    mean, low, high = cell.estimate.mean, cell.estimate.low, cell.estimate.high
    text = f"{mean:.{info.digits}f}"
    return text if low is None or high is None else f"{text} ± {(high - low) / 2:.{info.digits}f}"


def _pooled_text(found: Evaluation, part: str, system: str, info: MetricInfo) -> str:
    for item in found.pooled:
        if (item.part, item.system, item.metric) == (part, system, info.name) and item.value is not None:
            return f"{item.value:.{info.digits}f} (N={item.count})"
    return "–"


def sentences(found: Evaluation) -> list[str]:
    """Return what the table cannot say: promises, notes, clips that gave no numbers, networks used."""
    lines = [target_score.sentence() for target_score in found.target_scores]
    lines += found.notes
    for row in found.rows:
        if row.problem is not None:
            lines.append(f"{row.system}, {row.part}, {row.sample}: {row.problem}")
    known = {cell.metric for cell in found.cells if cell.estimate} | {
        p.metric for p in found.pooled if p.value is not None
    }
    nets = [f"{name}: {METRICS[name].info.net}" for name in found.metrics if name in known and METRICS[name].info.net]
    if nets:
        lines.append(f"networks: {', '.join(nets)}")
    lines.append("± is half the 95 % bootstrap interval over people; each person's clips are averaged first")
    return lines


def table_text(found: Evaluation, width: int = 120) -> str:
    """Return the tables and sentences as plain text."""
    console = Console(width=width, color_system=None, force_terminal=False, legacy_windows=False)
    with console.capture() as capture:
        for table in tables(found):
            console.print(table)
        for line in sentences(found):
            console.print(line, highlight=False, markup=False)
    return capture.get()


def write(found: Evaluation, folder: Path) -> list[Path]:
    """Write results.json, table.txt and, with pictures, index.html and sheet.png into a folder; each appears whole.

    Raises:
        OutputError: the folder cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise output_error(folder, error) from error
    texts: Sequence[tuple[str, str]] = (
        ("results.json", json.dumps(as_data(found), indent=1, ensure_ascii=False, allow_nan=False)),
        ("table.txt", table_text(found)),
    )
    written = []
    for name, text in texts:
        with whole_file(folder / name) as temporary:
            temporary.write_text(text, encoding="utf-8")
        written.append(folder / name)
    if found.comparisons:
        written.append(write_page(found, folder / "index.html"))
        save_picture(folder / "sheet.png", contact_sheet(found.comparisons))
        written.append(folder / "sheet.png")
    return written
