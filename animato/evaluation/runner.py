"""The evaluation, from settings to a folder: plan, judge every case, sum up, write."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from animato.errors import InputError, MissingPartError
from animato.evaluation.footage import Footage, Tracks
from animato.evaluation.frames import spread
from animato.evaluation.metrics import METRICS, ORDER, Metric, make
from animato.evaluation.protocols import Part, plan
from animato.evaluation.scoring import Case, Row, Shot
from animato.evaluation.summary import Cell, summarise
from animato.evaluation.systems.base import Subject
from animato.evaluation.targets import Verdict, judge
from animato.runtime.engine import Engine
from animato.settings.evaluation import EvaluateSettings
from animato.tracking.face_finder import FaceFinder

Progress = Callable[[int, int, str], None]
"""Called with (cases done, cases in all, name of the next one)."""


@dataclass(frozen=True)
class Pooled:
    """One metric over all clips of a part."""

    part: str
    system: str
    metric: str
    value: float | None
    count: int


@dataclass
class Evaluation:
    """Everything a run found.

    Attributes:
        settings: as given.
        data: name of the data folder.
        metrics: metrics of single clips, in the order of the tables.
        systems: system name to what it says of itself.
        rows: one for each part, case and system.
        pooled: metrics over all clips.
        cells: the tables.
        verdicts: the main job's promises, where the run can answer them.
        shots: pictures for the page.
        notes: sentences about what was left out and why.
    """

    settings: EvaluateSettings
    data: str
    metrics: list[str]
    systems: dict[str, dict[str, object]]
    rows: list[Row] = field(default_factory=list)
    pooled: list[Pooled] = field(default_factory=list)
    cells: list[Cell] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    shots: list[Shot] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def evaluate(
    data: Path,
    subjects: Sequence[Subject],
    settings: EvaluateSettings | None = None,
    progress: Progress | None = None,
    finder: FaceFinder | None = None,
) -> Evaluation:
    """Judge systems on clips.

    Args:
        data: folder of videos, a prepared folder, or one video.
        subjects: the systems under test, the baselines among them.
        settings: what to judge and how.
        progress: called before every case.
        finder: existing networks to use, or None.

    Returns:
        The rows, tables and pictures; `report.write` puts them into a folder.

    Raises:
        InputError: the data lacks what the protocol needs.
        MissingPartError: the network of a metric asked for by name is not installed.
    """
    settings = settings or EvaluateSettings()
    notes: list[str] = []
    metrics = usable_metrics(settings.metric_list, notes)
    systems = list(subjects)
    parts = plan_unknown(data, systems, settings, notes)
    about = {system.name: dict(system.about()) for system in systems}
    found = Evaluation(settings, data.resolve().name, metrics, about, notes=notes)
    tracks = Tracks(finder or FaceFinder(Engine(settings.threads)), settings.frames)
    total, done = sum(len(part.cases) for part in parts), 0
    for part in parts:
        pooled = {
            system.name: {name: make(name) for name in metrics if METRICS[name].info.pooled} for system in systems
        }
        shown = set(spread(len(part.cases), min(len(part.cases), -(-settings.pictures // len(parts)))))
        for number, (source, driver) in enumerate(part.cases):
            if progress is not None:
                progress(done, total, f"{part.name}: {source.name}")
            _judge_case(
                found,
                part,
                Case(part, source, driver, tracks, settings),
                systems,
                pooled,
                number in shown,
            )
            done += 1
        for system, metrics_of in pooled.items():
            for name, metric in metrics_of.items():
                found.pooled.append(Pooled(part.name, system, name, metric.value(), int(getattr(metric, "count", 0))))
    if progress is not None:
        progress(total, total, "")
    per_clip = [name for name in metrics if not METRICS[name].info.pooled]
    found.cells = summarise(found.rows, per_clip, settings.resamples, settings.seed)
    found.verdicts = judge(found.rows, _promised(parts))
    return found


def describe_plan(data: Path, subjects: Sequence[Subject], settings: EvaluateSettings | None = None) -> list[str]:
    """Return what `evaluate` would do, as lines: parts with their clips and people, systems, metrics, notes.

    Args:
        data: as for `evaluate`.
        subjects: as for `evaluate`.
        settings: as for `evaluate`.

    Raises:
        InputError: the data lacks what the protocol needs.
    """
    settings = settings or EvaluateSettings()
    notes: list[str] = []
    metrics = usable_metrics(settings.metric_list, notes)
    lines = []
    for part in plan_unknown(data, subjects, settings, notes):
        people = {source.person for source, _ in part.cases}
        lines.append(f"{part.name}: {len(part.cases)} clips of {len(people)} people")
    return [
        *lines,
        f"systems: {', '.join(system.name for system in subjects)}",
        f"metrics: {', '.join(metrics)}",
        *notes,
    ]


def _judge_case(
    found: Evaluation,
    part: Part,
    case: Case,
    systems: Sequence[Subject],
    pooled: dict[str, dict[str, Metric]],
    shown: bool,
) -> None:
    """Judge one case and enter its rows; a clip that cannot be used becomes rows that say why."""
    per_clip = [name for name in found.metrics if not METRICS[name].info.pooled]
    try:
        choice = part.choose(case.source_faces, case.driver_faces, found.settings.every)
        if choice is None:
            raise InputError(part.too_little)
        rows, shots = case.run(choice, systems, per_clip, pooled)
    except InputError as error:
        rows = [case.row(system.name) for system in systems]
        for row in rows:
            row.problem = error.what
        shots = []
    found.rows += rows
    if shown:
        found.shots += shots


def usable_metrics(asked: Sequence[str] | None, notes: list[str]) -> list[str]:
    """Return the metrics to compute; those whose network is missing are noted, or refused when asked for by name.

    Args:
        asked: names, or None for all.
        notes: takes a sentence for each one left out.

    Raises:
        UsageError: there is no such metric.
        MissingPartError: a metric asked for by name needs a package that is not there.
    """
    usable = []
    for name in asked or ORDER:
        try:
            make(name)
        except MissingPartError as error:
            if asked is not None:
                raise
            notes.append(f"{name} was left out: {error.what}; {error.hint}")
        else:
            usable.append(name)
    return usable


def plan_unknown(data: Path, systems: Sequence[Subject], settings: EvaluateSettings, notes: list[str]) -> list[Part]:
    """Return the parts of a run without the clips of people that a system saw while it was trained.

    Such a clip is dropped for every system, so that all are judged on the same clips.

    Args:
        data: as for `evaluate`.
        systems: the systems under test.
        settings: what to judge.
        notes: takes a sentence for each system that made clips drop out.

    Raises:
        InputError: nothing is left, or the data lacks what the protocol needs.
    """
    dropped: dict[str, set[str]] = {}

    def known(clip: Footage) -> bool:
        seen = [system.name for system in systems if system.trained_on(clip.relatives)]
        for name in seen:
            dropped.setdefault(name, set()).add(clip.person)
        return bool(seen)

    parts = [part for part in plan(data, settings, known) if part.cases]
    for name, people in dropped.items():
        notes.append(f"the clips of {len(people)} people were left out: {name} was trained on them")
    if not parts:
        raise InputError(
            "no clip is left to judge", where="; ".join(notes), hint="data with people that no system was trained on"
        )
    return parts


def _promised(parts: Sequence[Part]) -> dict[str, str]:
    """Return the parts for which the main job makes promises, and the folder that their clips lie in."""
    found = {}
    for part in parts:
        folders = {Path(source.file).parts[0] for source, _ in part.cases}
        if part.kind == "self" and part.most_shots == 1 and len(folders) == 1:
            found[part.name] = folders.pop()
    return found
