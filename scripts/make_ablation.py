"""Ablate each channel that reads the driver's pixels, and write docs/results/ablation.md.

python scripts/make_ablation.py ../shared/data -o ablation            # about five minutes per row on one core
python scripts/make_ablation.py ../shared/data -o ablation --pairs 6  # fewer twins

Each switch is toggled separately, with the defaults of `animato animate` otherwise. Reports are cached in the folder
given with -o, so an interrupted run can be resumed.
"""

from __future__ import annotations

import argparse
import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from animato.evaluation.bootstrap import ConfidenceInterval, mean_interval
from animato.evaluation.metrics import METRICS
from animato.evaluation.metrics.base import ARROWS
from animato.evaluation.report import as_data
from animato.evaluation.runner import evaluate
from animato.evaluation.systems.portrait import AnimateSystem, animate_settings
from animato.geometry.region_weights import PARTS
from animato.runtime.engine import Engine
from animato.settings.evaluation import EvaluateSettings
from animato.tracking.face_finder import FaceFinder
from animato.tracking.occlusion import OcclusionDetector

PAGE = Path(__file__).resolve().parents[1] / "docs" / "results" / "ablation.md"
METRICS_SHOWN = ("psnr", "psnr-face", "l1-mouth", "l1-eyes", "akd", "akd-lips", "jitter-ratio")


@dataclass(frozen=True)
class Switch:
    """One channel that reads the driver's pixels.

    Attributes:
        title: name on the page.
        setting: field of the motion settings; "" if there is none.
        off: its value when off.
        on: its value when on.
    """

    title: str
    setting: str
    off: Any
    on: Any

    def non_default(self) -> Any:
        """Return the value that is not the default."""
        return self.off if getattr(EvaluateSettings(), self.setting) == self.on else self.on

    @property
    def is_on(self) -> bool:
        """Whether it is on by default."""
        return not self.setting or bool(getattr(EvaluateSettings(), self.setting) == self.on)


SWITCHES = (
    Switch("mouth interior", "mouth_interior", False, True),
    Switch("expression light", "expression_light", 0.0, 1.0),
    Switch("residual flow", "residual_flow", 0.0, 1.0),
    Switch("landmark stabilisation", "stabilize_landmarks", False, True),
    Switch("camera stabilisation", "stabilize", False, True),
    Switch("occlusion", "", False, True),
)


@contextlib.contextmanager
def without_occlusion() -> Iterator[None]:
    """Disable occlusion detection of the driver."""
    with mock.patch.object(OcclusionDetector, "occluded", lambda *_: np.zeros(len(PARTS), bool)):
        yield


def run_switch(data: Path, switch: Switch | None, settings: EvaluateSettings, finder: FaceFinder) -> dict[str, Any]:
    """Return the report of a run with one switch toggled, or of the defaults for None."""
    if switch is not None and switch.setting:
        settings = replace(settings, **{switch.setting: switch.non_default()})
    system = AnimateSystem("portrait", animate_settings(settings), settings.threads, finder)
    with without_occlusion() if switch is not None and not switch.setting else contextlib.nullcontext():
        return as_data(evaluate(data, [system], settings, finder=finder))


def measure(
    data: Path, folder: Path, protocols: dict[str, EvaluateSettings], cached_only: bool
) -> dict[str, dict[str, Any]]:
    """Return the reports by protocol and switch title ("default" for none), using cached ones.

    Args:
        data: folder of the clips.
        folder: cache of the reports.
        protocols: evaluation settings by name.
        cached_only: whether to skip runs without a cached report.
    """
    folder.mkdir(parents=True, exist_ok=True)
    finder = FaceFinder(Engine(1))
    reports: dict[str, dict[str, Any]] = {name: {} for name in protocols}
    for name, settings in protocols.items():
        for switch in (None, *SWITCHES):
            title = "default" if switch is None else switch.title
            cached = folder / f"{name}-{title.replace(' ', '-')}.json"
            if cached_only and not cached.is_file():
                continue
            if not cached.is_file():
                print(f"{name}: {title}", flush=True)
                report = run_switch(data, switch, settings, finder)
                temporary = cached.with_suffix(".tmp")
                temporary.write_text(json.dumps(report), encoding="utf-8")
                temporary.replace(cached)
            reports[name][title] = json.loads(cached.read_text(encoding="utf-8"))
    return reports


def people(report: dict[str, Any], part: str, metric: str) -> dict[tuple[str, str], float]:
    """Return the values of a metric in a part by (sample, person)."""
    rows = [row for row in report["rows"] if row["part"] == part and row["values"].get(metric) is not None]
    return {(row["sample"], row["person"]): row["values"][metric] for row in rows}


def cell(reports: dict[str, Any], switch: Switch, part: str, metric: str) -> str:
    """Format "off, on (difference ± half its interval)" over the samples with both values."""
    if switch.title not in reports:
        return "not measured"
    default, changed = (people(reports[title], part, metric) for title in ("default", switch.title))
    off, on = (changed, default) if switch.is_on else (default, changed)
    both = sorted(off.keys() & on.keys())
    if not both:
        return "–"

    def mean(values: list[float]) -> ConfidenceInterval:
        pairs = [(person, value) for (_, person), value in zip(both, values, strict=True)]
        interval = mean_interval(pairs, 2000, 0)
        assert interval is not None
        return interval

    digits = METRICS[metric].info.digits
    first, second = mean([off[key] for key in both]).mean, mean([on[key] for key in both]).mean
    difference = mean([on[key] - off[key] for key in both])
    half_width = (
        f" ± {(difference.high - difference.low) / 2:.{digits}f}"
        if difference.low is not None and difference.high is not None
        else ""
    )
    significant = (
        difference.low is not None and difference.high is not None and (difference.low > 0 or difference.high < 0)
    )
    significant = significant and round(difference.mean, digits) != 0
    text = f"{difference.mean:+.{digits}f}{half_width}"
    return f"{first:.{digits}f}, {second:.{digits}f} ({f'**{text}**' if significant else text})"


def page(reports: dict[str, dict[str, Any]], command: str) -> str:
    """Return docs/results/ablation.md."""
    columns = [
        (protocol, part)
        for protocol, results in reports.items()
        if len(results) > 1
        for part in dict.fromkeys(row["part"] for row in results["default"]["rows"])
    ]
    # Group by band, with self next to twins.
    columns.sort(key=lambda column: (column[0] != "twins", column[1].partition(", ")[2]))
    lines = [
        "# Ablation of channels that read the driver's pixels",
        "",
        "Each row toggles one channel, with the defaults of `animato animate` otherwise. Generated by",
        "`scripts/make_ablation.py` with the code of `animato evaluate`:",
        "",
        "```",
        command,
        "```",
        "",
        "`twins`: clip A drives the first frame of clip B, another rendered head with the same motion, and B is",
        "the ground truth. `self`: B drives itself, so the driver contains the ground truth. `turn` is the yaw of",
        "the true frame minus that of the photo, in degrees. `talking`: people on video in self-reenactment.",
        'Portrait renderer; people in its training data are excluded. Each cell is "off, on (on - off ± half the',
        '95 % bootstrap interval over people)"; a difference is bold if its interval excludes 0.',
        "",
    ]
    for metric in METRICS_SHOWN:
        info = METRICS[metric].info
        unit = f", {info.unit}" if info.unit else ""
        lines += [f"## {metric} {ARROWS[info.direction]}{unit}", "", info.says, ""]
        counts = [len(people(reports[protocol]["default"], part, metric)) for protocol, part in columns]
        headings = [f"{part} ({count} clips)" for (_, part), count in zip(columns, counts, strict=True)]
        lines.append(f"| | default | {' | '.join(headings)} |")
        lines.append("|---" * (len(columns) + 2) + "|")
        for switch in SWITCHES:
            if any(switch.title in reports[protocol] for protocol, _ in columns):
                cells = [cell(reports[protocol], switch, part, metric) for protocol, part in columns]
                lines.append(f"| {switch.title} | {'on' if switch.is_on else 'off'} | " + " | ".join(cells) + " |")
        lines.append("")
    return "\n".join(lines)


def main() -> None:
    """Measure, then write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder for the reports of the runs")
    parser.add_argument("--pairs", type=int, help="maximum number of twin pairs; default: all")
    parser.add_argument("--every", type=int, default=9, help="score every N-th group of frames of the talking people")
    parser.add_argument(
        "--frames", type=int, default=300, help="maximum number of frames per clip of the talking people"
    )
    parser.add_argument("--cached-only", action="store_true", help="only write the page, from cached reports")
    args = parser.parse_args()
    common: dict[str, Any] = {"systems": "portrait", "metrics": ",".join(METRICS_SHOWN), "pictures": 0, "threads": 1}
    protocols = {
        "twins": EvaluateSettings(protocol="twins", subset="twins", every=1, limit=args.pairs, **common),
        "talking": EvaluateSettings(subset="talking", every=args.every, frames=args.frames, **common),
    }
    reports = measure(args.data, args.output, protocols, args.cached_only)
    pairs = f" --pairs {args.pairs}" if args.pairs else ""
    command = f"python scripts/make_ablation.py FACES -o ablation{pairs} --every {args.every} --frames {args.frames}"
    PAGE.write_text(page(reports, command), encoding="utf-8")
    print(PAGE)


if __name__ == "__main__":
    main()
