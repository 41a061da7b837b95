"""Run an evaluation: plan, score every sample, summarise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from animato.errors import InputError, MissingPartError
from animato.evaluation.bootstrap import bootstrap
from animato.evaluation.footage import Footage, Tracks
from animato.evaluation.frames import spread
from animato.evaluation.metrics import METRICS, ORDER, make
from animato.evaluation.protocols import Part, plan
from animato.evaluation.rows import Comparison, Row
from animato.evaluation.scoring import Pooled, Sample
from animato.evaluation.summary import Cell, summarise
from animato.evaluation.systems.base import System
from animato.evaluation.targets import TargetScore, score_targets
from animato.runtime.engine import Engine
from animato.settings.evaluation import EvaluateSettings
from animato.tracking.face_finder import FaceFinder

Progress = Callable[[int, int, str], None]
"""Called with (samples done, total samples, name of the next one)."""


@dataclass(frozen=True)
class PooledValue:
    """One metric over all clips of a part."""

    part: str
    system: str
    metric: str
    value: float | None
    count: int


@dataclass
class Evaluation:
    """Results of a run.

    Attributes:
        settings: of the run.
        data: name of the data folder.
        metrics: metrics of single clips, in the order of the tables.
        systems: system name to its description.
        rows: one for each part, sample and system.
        pooled: metrics over all clips.
        cells: the tables.
        target_scores: quality targets, where the run has the data.
        comparisons: pictures for the page.
        side_by_side: table title to the parts that share it as columns.
        notes: messages about omitted clips and metrics.
    """

    settings: EvaluateSettings
    data: str
    metrics: list[str]
    systems: dict[str, dict[str, object]]
    rows: list[Row] = field(default_factory=list)
    pooled: list[PooledValue] = field(default_factory=list)
    cells: list[Cell] = field(default_factory=list)
    target_scores: list[TargetScore] = field(default_factory=list)
    comparisons: list[Comparison] = field(default_factory=list)
    side_by_side: dict[str, list[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def evaluate(
    data: Path,
    systems: Sequence[System],
    settings: EvaluateSettings | None = None,
    progress: Progress | None = None,
    finder: FaceFinder | None = None,
) -> Evaluation:
    """Score systems on clips.

    Args:
        data: folder of videos, a prepared folder, or one video.
        systems: the systems under test, the baselines among them.
        settings: protocol, metrics and options.
        progress: called before every sample.
        finder: existing networks to use, or None.

    Returns:
        The rows, tables and pictures; `report.write` puts them into a folder.

    Raises:
        InputError: the data lacks what the protocol needs.
        MissingPartError: the network of a metric requested by name, or scipy, is not installed.
    """
    settings = settings or EvaluateSettings()
    bootstrap()  # fail before rendering if scipy is missing
    notes: list[str] = []
    metrics = usable_metrics(settings.metric_list, notes)
    systems = list(systems)
    parts = plan_without_training_people(data, systems, settings, notes)
    about = {system.name: dict(system.about()) for system in systems}
    evaluation = Evaluation(
        settings, data.resolve().name, metrics, about, side_by_side=_side_by_side(parts), notes=notes
    )
    tracks = Tracks(finder or FaceFinder(Engine(settings.threads)), settings.frames)
    total, done = sum(len(part.samples) for part in parts), 0
    for part in parts:
        pooled: Pooled = {
            system.name: {
                band.label: {name: make(name) for name in metrics if METRICS[name].info.pooled} for band in part.bands
            }
            for system in systems
        }
        shown = set(spread(len(part.samples), min(len(part.samples), -(-settings.pictures // len(parts)))))
        for number, (source, driver) in enumerate(part.samples):
            if progress is not None:
                progress(done, total, f"{part.name}: {source.name}")
            _score_sample(
                evaluation, Sample(part, source, driver, tracks, settings.size), systems, pooled, number in shown
            )
            done += 1
        evaluation.pooled += _pooled_values(part, pooled)
    if progress is not None:
        progress(total, total, "")
    per_clip = [name for name in metrics if not METRICS[name].info.pooled]
    evaluation.cells = summarise(evaluation.rows, per_clip, settings.resamples, settings.seed)
    evaluation.target_scores = score_targets(evaluation.rows, _parts_with_targets(parts))
    return evaluation


def _pooled_values(part: Part, pooled: Pooled) -> list[PooledValue]:
    """Return the metrics that are computed over all samples of a part."""
    return [
        PooledValue(part.column(band), system, name, metric.value(), int(getattr(metric, "count", 0)))
        for system, bands in pooled.items()
        for band, metrics in bands.items()
        for name, metric in metrics.items()
    ]


def describe_plan(data: Path, systems: Sequence[System], settings: EvaluateSettings | None = None) -> list[str]:
    """Describe what `evaluate` would do, one line per part, then systems, metrics and notes.

    Args:
        data: as for `evaluate`.
        systems: as for `evaluate`.
        settings: as for `evaluate`.

    Raises:
        InputError: the data lacks what the protocol needs.
    """
    settings = settings or EvaluateSettings()
    notes: list[str] = []
    metrics = usable_metrics(settings.metric_list, notes)
    lines = []
    for part in plan_without_training_people(data, systems, settings, notes):
        people = {source.person for source, _ in part.samples}
        lines.append(f"{part.name}: {len(part.samples)} clips of {len(people)} people")
    return [
        *lines,
        f"systems: {', '.join(system.name for system in systems)}",
        f"metrics: {', '.join(metrics)}",
        *notes,
    ]


def _score_sample(
    evaluation: Evaluation, sample: Sample, systems: Sequence[System], pooled: Pooled, shown: bool
) -> None:
    """Score one sample and add its rows; for an unusable clip, add rows with the reason."""
    per_clip = [name for name in evaluation.metrics if not METRICS[name].info.pooled]
    part = sample.part
    try:
        source, driver = sample.source_track.faces, sample.driver_track.faces
        selection = part.choose(source, driver, evaluation.settings.every, sample.labelled)
        if selection is None:
            raise InputError(part.too_short)
        rows, comparisons = sample.run(selection, systems, per_clip, pooled)
    except InputError as error:
        rows = [row for system in systems for row in sample.rows(system.name).values()]
        for row in rows:
            row.problem = error.what
        comparisons = []
    evaluation.rows += rows
    if shown:
        evaluation.comparisons += comparisons


def usable_metrics(requested: Sequence[str] | None, notes: list[str]) -> list[str]:
    """Return the metrics to compute. One with a missing network is skipped with a note, or an error if requested.

    Args:
        requested: names, or None for all.
        notes: messages about skipped metrics are appended here.

    Raises:
        UsageError: there is no such metric.
        MissingPartError: a requested metric needs a package that is not installed.
    """
    usable = []
    for name in requested or ORDER:
        try:
            make(name)
        except MissingPartError as error:
            if requested is not None:
                raise
            notes.append(f"{name} was skipped: {error.what}; {error.hint}")
        else:
            usable.append(name)
    return usable


def plan_without_training_people(
    data: Path, systems: Sequence[System], settings: EvaluateSettings, notes: list[str]
) -> list[Part]:
    """Plan the parts of a run without people in the training data of any system.

    Their clips are dropped for every system, so that all are scored on the same clips.

    Args:
        data: as for `evaluate`.
        systems: the systems under test.
        settings: protocol, subset, limit and numbers of photos.
        notes: a message for each system that caused clips to be dropped is appended here.

    Raises:
        InputError: no clip is left, or the data lacks what the protocol needs.
    """
    dropped_people: dict[str, set[str]] = {}

    def is_training_person(clip: Footage) -> bool:
        trained_systems = [system.name for system in systems if system.trained_on(clip.relatives)]
        for name in trained_systems:
            dropped_people.setdefault(name, set()).add(clip.person)
        return bool(trained_systems)

    parts = [part for part in plan(data, settings, is_training_person) if part.samples]
    for name, people in dropped_people.items():
        notes.append(f"the clips of {len(people)} people were excluded: {name} was trained on them")
    if not parts:
        raise InputError(
            "no clip is left to score",
            where="; ".join(notes),
            hint="use data with people that no system was trained on",
        )
    return parts


def _parts_with_targets(parts: Sequence[Part]) -> dict[str, str]:
    """Map the parts with quality targets to the folder of their clips."""
    evaluation = {}
    for part in parts:
        folders = {Path(source.file).parts[0] for source, _ in part.samples}
        if part.kind == "self" and part.max_shots == 1 and not part.table and len(folders) == 1:
            evaluation[part.name] = folders.pop()
    return evaluation


def _side_by_side(parts: Sequence[Part]) -> dict[str, list[str]]:
    """Map each shared table to its columns: the parts of each band, band by band."""
    tables: dict[str, list[str]] = {}
    for title in dict.fromkeys(part.table for part in parts if part.table):
        sharing = [part for part in parts if part.table == title]
        bands = dict.fromkeys(band.label for part in sharing for band in part.bands)
        tables[title] = [part.column(band) for band in bands for part in sharing]
    return tables
