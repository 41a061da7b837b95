"""Plot the curves of a training run as one SVG file.

python scripts/plot_run.py RUN docs/results/curves.svg
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

PANELS = (
    ("validation: mean absolute error, face", "validation", ("l1_face", "l1_face_still")),
    ("validation: the same, mouth and eyes", "validation", ("l1_mouth_eyes", "l1_mouth_eyes_still")),
    ("generator: pixel and content loss", "train", ("loss_pixel", "loss_content")),
    ("discriminator right on real, on fake", "train", ("critic_real_right", "critic_fake_right")),
)
COLOURS = ("#1f5fa8", "#c0562b")
WIDTH, HEIGHT, LEFT, TOP = 420, 210, 48, 26


def rows_of(run: Path, kind: str) -> list[dict[str, Any]]:
    """Return a run's log lines of one kind; for an episode logged twice by a resumed run, the last one."""
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    return list({line["episodes"]: line for line in lines if line["kind"] == kind}.values())


def panel(title: str, rows: list[dict[str, Any]], names: tuple[str, ...], x: int, y: int) -> str:
    """Return one chart as SVG elements."""
    rows = sorted(rows, key=lambda row: row["episodes"])
    values = [row[name] for row in rows for name in names]
    low, high = min(values), max(values)
    last = rows[-1]["episodes"]
    wide, tall = WIDTH - LEFT - 14, HEIGHT - TOP - 34
    parts = [f'<text x="{x + LEFT}" y="{y + 16}" font-weight="bold">{title}</text>']
    parts.append(f'<rect x="{x + LEFT}" y="{y + TOP}" width="{wide}" height="{tall}" fill="none" stroke="#bbb"/>')
    for share, value in ((0, high), (1, low)):
        parts.append(
            f'<text x="{x + LEFT - 4}" y="{y + TOP + share * tall + 4:.0f}" text-anchor="end">{value:.3g}</text>'
        )
    parts.append(f'<text x="{x + LEFT + wide}" y="{y + TOP + tall + 14}" text-anchor="end">{last} episodes</text>')
    for index, name in enumerate(names):
        points = " ".join(
            f"{x + LEFT + wide * row['episodes'] / last:.1f},"
            f"{y + TOP + tall * (1 - (row[name] - low) / max(high - low, 1e-9)):.1f}"
            for row in rows
        )
        parts.append(f'<polyline points="{points}" fill="none" stroke="{COLOURS[index]}" stroke-width="1.5"/>')
        where = x + LEFT + index * 170
        parts.append(f'<text x="{where}" y="{y + TOP + tall + 28}" fill="{COLOURS[index]}">{name}</text>')
    return "\n".join(parts)


def main(run: Path, target: Path) -> None:
    """Write the chart."""
    charts = [
        panel(title, rows_of(run, kind), names, index % 2 * WIDTH, index // 2 * (HEIGHT + 16))
        for index, (title, kind, names) in enumerate(PANELS)
    ]
    size = f'width="{2 * WIDTH}" height="{2 * (HEIGHT + 16)}"'
    style = 'font-family="sans-serif" font-size="11"'
    body = "\n".join(charts)
    target.write_text(f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>\n{body}\n</svg>\n')


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
