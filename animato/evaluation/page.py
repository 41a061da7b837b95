"""HTML page of an evaluation: images for visual inspection and their metrics, in one self-contained file."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape
from pathlib import Path

import cv2

from animato.errors import OutputError
from animato.evaluation.metrics import METRICS
from animato.evaluation.metrics.base import ARROWS, Direction
from animato.evaluation.rows import Comparison, Row
from animato.evaluation.runner import Evaluation
from animato.evaluation.score_sheet import GAIN, error_map
from animato.evaluation.summary import Cell
from animato.media.disk import whole_file
from animato.types import Frame

JPEG_QUALITY = 90
CAPTION = ("akd", "akd-lips", "psnr-face", "csim", "pose-motion", "expression-motion")
"""Metrics in a caption: the first three that are defined for the clip."""

STYLE = """
:root { color-scheme: light dark }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 110rem; padding: 0 1rem }
table { border-collapse: collapse; margin: 1rem 0 2rem }
th, td { padding: .2rem .8rem; text-align: right; border-bottom: 1px solid #8884 }
th:first-child, td:first-child { text-align: left }
.line { display: flex; flex-wrap: wrap; gap: .6rem; margin: .4rem 0 1.6rem }
figure { margin: 0; width: 192px }
img { width: 192px; height: 192px; border-radius: 4px; display: block }
img:hover { position: relative; transform: scale(2); z-index: 1 }
figcaption { font-size: 12px; color: #777 }
.best { font-weight: 700 }
.missed { color: #c22 }
"""


def write_page(evaluation: Evaluation, path: Path) -> Path:
    """Write the page atomically.

    Raises:
        OutputError: it cannot be written.
    """
    with whole_file(path) as temporary:
        temporary.write_text(page_html(evaluation), encoding="utf-8")
    return path


def page_html(evaluation: Evaluation) -> str:
    """Return the page: the tables, then source, driver, outputs and error maps of each selected frame."""
    parts = list(dict.fromkeys(row.part for row in evaluation.rows))
    body = [
        "<h1>animato evaluation</h1>",
        f"<p>Protocol {escape(evaluation.settings.protocol)} on {escape(evaluation.data)}. Values are means over "
        "people ± half the 95 % bootstrap interval; arrows show the better direction; bold is best. Hover over an "
        "image to enlarge it.</p>",
        *(_target_line(target_score.sentence(), target_score.met) for target_score in evaluation.target_scores),
        *(f"<p>{escape(note)}</p>" for note in evaluation.notes),
    ]
    for part in parts:
        body.append(f"<h2>{escape(part)}</h2>")
        body.append(_table(evaluation, part))
        body += [_line(evaluation, comparison) for comparison in evaluation.comparisons if comparison.part == part]
    body.append(_glossary(evaluation))
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>animato evaluation</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style><body>{"".join(body)}</body></html>'
    )


def _target_line(sentence: str, kept: bool) -> str:
    return f'<p class="{"kept" if kept else "missed"}">{escape(sentence)}</p>'


def _table(evaluation: Evaluation, part: str) -> str:
    systems = list(dict.fromkeys(row.system for row in evaluation.rows if row.part == part))
    lines = [f"<tr><th>metric</th><th>unit</th>{''.join(f'<th>{escape(name)}</th>' for name in systems)}</tr>"]
    for metric in evaluation.metrics:
        info = METRICS[metric].info
        values = [_value(evaluation, part, system, metric) for system in systems]
        available = [value for value, _ in values if value is not None]
        if not available:
            continue
        best = best_of(available, info.direction)
        cells = "".join(f"<td{' class=best' if value == best else ''}>{escape(text)}</td>" for value, text in values)
        name = f"{metric} {ARROWS[info.direction]}"
        lines.append(f'<tr><td title="{escape(info.says)}">{name}</td><td>{escape(info.unit)}</td>{cells}</tr>')
    return f"<table>{''.join(lines)}</table>"


def best_of(values: Sequence[float], direction: Direction) -> float:
    """Return the best of at least one value."""
    if direction == "one":
        return min(values, key=lambda value: abs(value - 1))
    return min(values) if direction == "lower" else max(values)


def _value(evaluation: Evaluation, part: str, system: str, metric: str) -> tuple[float | None, str]:
    digits = METRICS[metric].info.digits
    for item in evaluation.pooled:
        if (item.part, item.system, item.metric) == (part, system, metric) and item.value is not None:
            return item.value, f"{item.value:.{digits}f} (N={item.count})"
    cell = _cell(evaluation, part, system, metric)
    if cell is None or cell.estimate is None:
        return None, "–"
    low, high = cell.estimate.low, cell.estimate.high
    text = f"{cell.estimate.mean:.{digits}f}"
    return cell.estimate.mean, text if low is None or high is None else f"{text} ± {(high - low) / 2:.{digits}f}"


def _cell(evaluation: Evaluation, part: str, system: str, metric: str) -> Cell | None:
    keys = (part, system, metric)
    return next((cell for cell in evaluation.cells if (cell.part, cell.system, cell.metric) == keys), None)


def _line(evaluation: Evaluation, comparison: Comparison) -> str:
    figures = [
        _figure(comparison.source, "source photo"),
        _figure(comparison.driver, "true frame" if comparison.has_truth else "driver"),
    ]
    rows = {
        row.system: row for row in evaluation.rows if (row.part, row.sample) == (comparison.part, comparison.sample)
    }
    for name, output in comparison.outputs.items():
        figures.append(_figure(output, f"{name}; clip: {_caption(rows.get(name))}"))
    if comparison.has_truth:
        for name, output in comparison.outputs.items():
            figures.append(_figure(error_map(output, comparison.driver), f"error of {name}, x {GAIN}"))
    return f'<h3>{escape(comparison.sample)}, frame {comparison.index}</h3><div class="line">{"".join(figures)}</div>'


def _caption(row: Row | None) -> str:
    if row is None or row.problem is not None:
        return "no result" if row is None else str(row.problem)
    available = [(name, value) for name in CAPTION if (value := row.values.get(name)) is not None]
    return ", ".join(f"{name} {value:.{METRICS[name].info.digits}f}" for name, value in available[:3])


def _figure(picture: Frame, caption: str) -> str:
    return f'<figure><img alt="" src="{_data_url(picture)}"><figcaption>{escape(caption)}</figcaption></figure>'


def _data_url(picture: Frame) -> str:
    """Encode an image as a JPEG data URL."""
    encoded, data = cv2.imencode(".jpg", picture[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not encoded:
        raise OutputError("a picture of the page cannot be encoded", where=f"shape {picture.shape}")
    return f"data:image/jpeg;base64,{base64.b64encode(data.tobytes()).decode('ascii')}"


def _glossary(evaluation: Evaluation) -> str:
    items = []
    for name in evaluation.metrics:
        info = METRICS[name].info
        net = f" Network: {info.net}." if info.net else ""
        items.append(f"<dt><b>{name}</b></dt><dd>{escape(info.says)}{escape(net)}</dd>")
    return f"<h2>Metrics</h2><dl>{''.join(items)}</dl>"
