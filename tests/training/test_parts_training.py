"""Training of the parts network: mattes from walls, batches by step, losses, exact resume, shipped scores."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from animato.errors import FileFormatError, InterruptedRunError, UsageError
from animato.geometry.pose import fit_pose
from animato.models.parts.config import PARTS, PartsConfig
from animato.settings.parts import PartsTrainSettings
from animato.training.loop import Progress
from animato.training.parts.batches import PartsBatch, PartsBatches
from animato.training.parts.cases import SIDE, SOME_PART, UNKNOWN, PartsCases, read_parts_cases
from animato.training.parts.system import parts_losses
from animato.training.parts.train import train_parts
from animato.training.parts.validate import score_parts
from animato.training.parts.wall import PERSON, WALL, wall_matte
from animato.types import Face, Frame
from animato.weights.parts import read_parts

TINY = PartsConfig(side=32, widths=(4, 6, 8))


def _drawn_cases(folder: Path) -> Path:
    """Write six drawn cases: a disc of skin with hair before noise; one of them a photo whose parts are not known."""
    random = np.random.default_rng(0)
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    pictures, labels, depth = [], [], []
    for number in range(6):
        far = np.hypot(x - 160 - 8 * number, y - 160)
        own = np.zeros((SIDE, SIDE), np.uint8)
        own[far < 110] = PARTS.index("hair")
        own[far < 70] = PARTS.index("face")
        picture = random.integers(0, 256, (SIDE, SIDE, 3)).astype(np.uint8)
        picture[own == 2], picture[own == 1] = (40, 30, 20), (220, 180, 150)
        away = np.where(own > 0, far / 40, np.nan)
        if number == 5:
            own[own > 0] = SOME_PART
            own[:8] = UNKNOWN
            away[:] = np.nan
        pictures.append(picture)
        labels.append(own)
        depth.append(away.astype(np.float16))
    folder.mkdir(parents=True)
    for name, arrays in (("pictures", pictures), ("labels", labels), ("depth", depth)):
        np.save(folder / f"{name}.npy", np.stack(arrays))
    listed = {
        "people": [f"p{number}" for number in range(6)],
        "splits": ["train"] * 4 + ["val", "train"],
        "kinds": ["rendered"] * 5 + ["photo"],
    }
    (folder / "cases.json").write_text(json.dumps(listed))
    return folder


@pytest.fixture
def cases(tmp_path: Path) -> PartsCases:
    return read_parts_cases(_drawn_cases(tmp_path / "cases"))


def test_a_person_before_a_wall_is_told_from_it(portrait: Frame, portrait_face: Face) -> None:
    pose = fit_pose(portrait_face.points)
    size = portrait.shape[0]
    y, x = np.mgrid[0:size, 0:size]
    middle = portrait_face.points[:468, :2].mean(axis=0)
    person = (np.hypot(x - middle[0], y - middle[1]) < 11 * pose.scale) | (
        (y > middle[1] + 8 * pose.scale) & (np.abs(x - middle[0]) < 9 * pose.scale)
    )
    wall = (150 + 20 * x / size)[..., None] * np.array([1.0, 1.02, 1.05])
    image = np.where(person[..., None], portrait // 2, wall).astype(np.uint8)

    matte = wall_matte(image, portrait_face.points, pose)

    assert matte is not None
    assert (matte[person] == WALL).mean() < 0.01
    assert (matte[~person] == PERSON).mean() < 0.01


def test_a_picture_without_a_plain_wall_has_no_matte(portrait_face: Face, portrait: Frame) -> None:
    noise = np.random.default_rng(0).integers(0, 256, portrait.shape, dtype=np.uint8)
    assert wall_matte(noise, portrait_face.points, fit_pose(portrait_face.points)) is None


def test_the_batch_of_a_step_depends_on_nothing_but_seed_and_step(cases: PartsCases) -> None:
    settings = PartsTrainSettings(batch=3)
    first, again = (PartsBatches(cases, 32, settings).batch(7) for _ in range(2))
    other = PartsBatches(cases, 32, settings).batch(8)
    assert torch.equal(first.picture_B3SS, again.picture_B3SS)
    assert torch.equal(first.labels_BSS, again.labels_BSS)
    assert not torch.equal(first.picture_B3SS, other.picture_B3SS)
    assert first.picture_B3SS.abs().max() <= 1
    assert not set(first.labels_BSS.unique().tolist()) - {0, 1, 2, SOME_PART, UNKNOWN}


def test_what_no_label_names_costs_nothing() -> None:
    logits = torch.zeros(1, len(PARTS), 4, 4, requires_grad=True)
    depth = torch.zeros(1, 4, 4, requires_grad=True)
    nothing = PartsBatch(torch.zeros(1, 3, 4, 4), torch.full((1, 4, 4), UNKNOWN), torch.full((1, 4, 4), float("nan")))
    nothing.labels_BSS[0, 0, 0] = 0
    losses = parts_losses(logits, depth, nothing, 1.0)
    assert set(losses) == {"parts"}
    person = PartsBatch(nothing.picture_B3SS, torch.full((1, 4, 4), SOME_PART), nothing.depth_BSS)
    person.labels_BSS[0, 0, 0] = 0
    loss = parts_losses(logits, depth, person, 1.0)["person"]
    loss.backward()
    assert logits.grad is not None
    # Any part of the person will do; the background will not.
    assert (logits.grad[0, 0, 1:] > 0).all()
    assert torch.allclose(logits.grad[0, 1:, 2, 2], logits.grad[0, 1, 2, 2].expand(len(PARTS) - 1))


def test_a_resumed_run_equals_an_unbroken_one(tmp_path: Path) -> None:
    ends = []
    for name, stops in (("whole", (4,)), ("broken", (2, 4))):
        folder = tmp_path / name
        _drawn_cases(folder / "cases")
        for steps in stops:
            settings = PartsTrainSettings(steps=4, batch=2, threads=1, log_steps=1, validate_steps=4)
            if steps < 4:
                with pytest.raises(InterruptedRunError):
                    train_parts(settings, tmp_path, [], [], folder, _stopper(steps), TINY)
            else:
                train_parts(settings, tmp_path, [], [], folder, None, TINY)
        ends.append(read_parts(folder / "parts.safetensors"))
    assert ends[0].config == ends[1].config == TINY.as_json()
    for name, array in ends[0].arrays.items():
        assert np.array_equal(array, ends[1].arrays[name]), name


def _stopper(steps: int) -> Callable[[Progress], None]:
    def report(progress: Progress) -> None:
        if progress.done >= steps:
            raise KeyboardInterrupt

    return report


def test_scores_of_a_perfect_and_of_a_blind_network(cases: PartsCases) -> None:
    picture, labels, depth = cases.pictures[0], cases.labels[0], cases.depth[0].astype(np.float32)
    perfect = np.eye(len(PARTS), dtype=np.float32)[labels].transpose(2, 0, 1)
    best = score_parts(lambda _: (perfect, np.nan_to_num(depth)), iter([(picture, labels, depth)]))
    assert best.iou["hair"] == best.iou["face"] == best.matte_iou == 1.0
    assert best.depth_cm < 0.01
    nothing = np.zeros_like(perfect)
    nothing[0] = 1
    worst = score_parts(lambda _: (nothing, np.zeros_like(depth)), iter([(picture, labels, depth)]))
    assert worst.iou["hair"] == worst.matte_iou == 0.0
    assert worst.depth_cm > 0.5


def test_a_run_with_other_settings_is_refused(tmp_path: Path) -> None:
    _drawn_cases(tmp_path / "run" / "cases")
    settings = PartsTrainSettings(steps=1, batch=2, threads=1)
    train_parts(settings, tmp_path, [], [], tmp_path / "run", None, TINY)
    with pytest.raises(UsageError, match="lr"):
        train_parts(PartsTrainSettings(steps=1, batch=2, lr=1e-4), tmp_path, [], [], tmp_path / "run", None, TINY)


def test_half_a_folder_of_cases_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="no complete cases"):
        read_parts_cases(tmp_path)
