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


def as_data(evaluation: Evaluation) -> dict[str, Any]:
    """Return the report as plain JSON types: settings, environment, metrics, tables, rows."""
    return {
        "schema": SCHEMA,
        "made_by": f"animato {__version__}",
        "data": evaluation.data,
        "settings": as_json(evaluation.settings),
        "environment": environment(),
        "metrics": {name: dataclasses.asdict(METRICS[name].info) for name in evaluation.metrics},
        "systems": evaluation.systems,
        "notes": evaluation.notes,
        "summary": [dataclasses.asdict(cell) for cell in evaluation.cells],
        "pooled": [dataclasses.asdict(item) for item in evaluation.pooled],
        "promises": [
            {**dataclasses.asdict(target_score), "kept": target_score.met, "sentence": target_score.sentence()}
            for target_score in evaluation.target_scores
        ],
        "rows": [dataclasses.asdict(row) for row in evaluation.rows],
    }


def environment() -> dict[str, Any]:
    """Return versions, processor type and count for reproducibility; nothing that identifies the machine."""
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


def tables(evaluation: Evaluation) -> list[Table]:
    """Return the tables: one row per metric, mean ± half the 95 % interval.

    A part has a table with one column per system; parts that are compared share one table per system, with one column
    per part.
    """
    shared = {part for parts in evaluation.side_by_side.values() for part in parts}
    result = []
    for part in dict.fromkeys(row.part for row in evaluation.rows if row.part not in shared):
        rows = [row for row in evaluation.rows if row.part == part]
        clips, people = {row.sample for row in rows}, {row.person for row in rows}
        columns = [(system, part, system) for system in dict.fromkeys(row.system for row in rows)]
        result.append(_table(evaluation, f"{part}: {len(clips)} clips, {len(people)} people", columns))
    for title, parts in evaluation.side_by_side.items():
        systems = dict.fromkeys(row.system for row in evaluation.rows if row.part in parts)
        result += [_table(evaluation, f"{title}: {name}", [(part, part, name) for part in parts]) for name in systems]
    return result


def _table(evaluation: Evaluation, title: str, columns: Sequence[tuple[str, str, str]]) -> Table:
    """Return one table.

    Args:
        evaluation: the evaluation.
        title: above it.
        columns: (heading, part, system) of each.
    """
    table = Table(title=title, title_justify="left")
    table.add_column("metric")
    table.add_column("unit", style="dim")
    for heading, _, _ in columns:
        table.add_column(heading, justify="right")
    cells = {(cell.part, cell.system, cell.metric): cell for cell in evaluation.cells}
    for name in evaluation.metrics:
        info = METRICS[name].info
        texts = [
            _pooled_text(evaluation, part, system, info)
            if info.pooled
            else cell_text(cells.get((part, system, name)), info)
            for _, part, system in columns
        ]
        if any(text != "–" for text in texts):
            table.add_row(f"{name} {ARROWS[info.direction]}", info.unit, *texts)
    table.add_row("clips scored", "", *(str(_scored(evaluation, part, system)) for _, part, system in columns))
    return table


def _scored(evaluation: Evaluation, part: str, system: str) -> int:
    return sum(row.problem is None for row in evaluation.rows if (row.part, row.system) == (part, system))


def cell_text(cell: Cell | None, info: MetricInfo) -> str:
    """Format one table cell: mean ± half the width of its 95 % interval over people."""
    if cell is None or cell.estimate is None:
        return "–"
    mean, low, high = cell.estimate.mean, cell.estimate.low, cell.estimate.high
    text = f"{mean:.{info.digits}f}"
    return text if low is None or high is None else f"{text} ± {(high - low) / 2:.{info.digits}f}"


def _pooled_text(evaluation: Evaluation, part: str, system: str, info: MetricInfo) -> str:
    for item in evaluation.pooled:
        if (item.part, item.system, item.metric) == (part, system, info.name) and item.value is not None:
            return f"{item.value:.{info.digits}f} (N={item.count})"
    return "–"


def sentences(evaluation: Evaluation) -> list[str]:
    """Return the lines below the tables: quality targets, notes, failed clips, networks used."""
    lines = [target_score.sentence() for target_score in evaluation.target_scores]
    lines += evaluation.notes
    for row in evaluation.rows:
        if row.problem is not None:
            lines.append(f"{row.system}, {row.part}, {row.sample}: {row.problem}")
    reported = {cell.metric for cell in evaluation.cells if cell.estimate} | {
        p.metric for p in evaluation.pooled if p.value is not None
    }
    nets = [
        f"{name}: {METRICS[name].info.net}"
        for name in evaluation.metrics
        if name in reported and METRICS[name].info.net
    ]
    if nets:
        lines.append(f"networks: {', '.join(nets)}")
    lines.append("± is half the 95 % bootstrap interval over people; each person's clips are averaged first")
    return lines


def table_text(evaluation: Evaluation, width: int = 120) -> str:
    """Return the tables and sentences as plain text."""
    console = Console(width=width, color_system=None, force_terminal=False, legacy_windows=False)
    with console.capture() as capture:
        for table in tables(evaluation):
            console.print(table)
        for line in sentences(evaluation):
            console.print(line, highlight=False, markup=False)
    return capture.get()


def write(evaluation: Evaluation, folder: Path) -> list[Path]:
    """Write results.json, table.txt and, with comparisons, index.html and sheet.png into a folder, each atomically.

    Raises:
        OutputError: the folder cannot be created or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise output_error(folder, error) from error
    texts: Sequence[tuple[str, str]] = (
        ("results.json", json.dumps(as_data(evaluation), indent=1, ensure_ascii=False, allow_nan=False)),
        ("table.txt", table_text(evaluation)),
    )
    written = []
    for name, text in texts:
        with whole_file(folder / name) as temporary:
            temporary.write_text(text, encoding="utf-8")
        written.append(folder / name)
    if evaluation.comparisons:
        written.append(write_page(evaluation, folder / "index.html"))
        save_picture(folder / "sheet.png", contact_sheet(evaluation.comparisons))
        written.append(folder / "sheet.png")
    return written
