"""The index has a row for every clip, is readable by others, grows with the folder, and its statistics are drawn."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawn_faces import prepare_drawn, write_clip
from PIL import Image
from typer.testing import CliRunner

from animato.cli.data import app
from animato.data.clips import ClipFrames
from animato.data.index import MeasureTask, build_index, read_index
from animato.data.manifest import read_clips
from animato.data.measure import measure_clip
from animato.errors import FileFormatError, MissingPartError
from animato.settings.data import IndexSettings

parquet = pytest.importorskip("pyarrow.parquet")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("index")
    for number, person in enumerate(("anna", "anna", "bert", "carl")):
        write_clip(root / "in" / person / "tape" / f"{number}.mp4", 6, 60 + 30 * number)
    prepare_drawn(root / "out", [root / "in"], val=0.3, test=0.3)
    return root / "out"


@pytest.fixture
def prepared(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "out"))


def rows(folder: Path) -> list[dict[str, Any]]:
    return list(parquet.read_table(folder / "index" / "clips.parquet").to_pylist())


def test_every_clip_of_the_manifest_has_a_row_with_what_the_manifest_says(prepared: Path) -> None:
    build_index(prepared)
    clips = list(read_clips(prepared))
    assert len(rows(prepared)) == len(clips) == 4
    for row, clip in zip(rows(prepared), clips, strict=True):
        for name in ("clip", "person", "group", "kind", "split", "shard", "frames", "sha256", "licence"):
            assert row[name] == clip[name]
        assert row["seconds"] == pytest.approx(5 / 25, abs=1e-3)
        assert row["yaw_0"] <= row["yaw_50"] <= row["yaw_100"] and 0 < row["brightness"] < 255


def test_new_clips_are_added_without_measuring_the_others_again(
    prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_index(prepared)
    seen: list[str] = []
    measure = MeasureTask._measure

    def counted(task: MeasureTask, files: Any, shard: str, sha256: str) -> dict[str, Any]:
        seen.append(shard)
        return measure(task, files, shard, sha256)

    monkeypatch.setattr(MeasureTask, "_measure", counted)
    build_index(prepared)
    assert seen == []
    prepare_drawn(prepared, [write_clip(tmp_path / "more" / "dora.mp4", 5)])
    build_index(prepared)
    assert seen == ["000004"] and len(rows(prepared)) == 5
    grown = (prepared / "index" / "clips.parquet").read_bytes()
    shutil.rmtree(prepared / "index")
    build_index(prepared)
    assert (prepared / "index" / "clips.parquet").read_bytes() == grown


def test_a_run_that_is_killed_while_it_writes_resumes(prepared: Path) -> None:
    build_index(prepared)
    whole = (prepared / "index" / "clips.parquet").read_bytes()
    log = prepared / "index" / "measured.jsonl"
    log.write_bytes(log.read_bytes()[:-100])
    (prepared / "index" / "clips.parquet").unlink()
    build_index(prepared)
    assert (prepared / "index" / "clips.parquet").read_bytes() == whole


def test_a_copy_in_another_file_is_a_near_duplicate(prepared: Path, tmp_path: Path) -> None:
    copy = write_clip(tmp_path / "more" / "copy.mp4", 6, 60, fps=24)  # not the same bytes
    prepare_drawn(prepared, [copy])
    build_index(prepared)
    assert {row["clip"]: row["near_duplicate_of"] for row in rows(prepared)}["copy"] == "anna-tape-0"


def turned(points: np.ndarray, yaw: float) -> np.ndarray:
    angle = np.radians(yaw)
    rotation = np.array([[np.cos(angle), 0, -np.sin(angle)], [0, 1, 0], [np.sin(angle), 0, np.cos(angle)]])
    return np.asarray(points @ rotation.T, np.float32)


def face_frames(yaws: Sequence[float], image: np.ndarray) -> ClipFrames:
    from animato.geometry.landmarks import canonical_face

    vertices = canonical_face().vertices
    local = np.concatenate([vertices, np.zeros((478 - len(vertices), 3))]) if len(vertices) < 478 else vertices
    points = np.stack([turned(local, yaw) * 4 + [64, 64, 0] for yaw in yaws]).astype(np.float32)
    return ClipFrames(np.stack([image] * len(yaws)), points, np.zeros((len(yaws), 52), np.float32))


def test_pose_and_side_light_are_measured_with_the_signs_of_the_field() -> None:
    image = np.full((128, 128, 3), 60, np.uint8)
    image[:, 64:] = 180
    found = measure_clip(face_frames([-20, 0, 30], image))
    assert found["yaw_100"] - found["yaw_0"] == pytest.approx(50, abs=0.2)
    assert found["pitch_0"] == pytest.approx(found["pitch_100"], abs=0.2)
    assert found["side_light"] > 0.5 and 60 < found["brightness"] < 180
    assert measure_clip(face_frames([0], image[:, ::-1]))["side_light"] < -0.5


def test_statistics_are_drawn_and_printed(prepared: Path, tmp_path: Path) -> None:
    shown = CliRunner().invoke(app, ["show", str(prepared), "--stats", "-o", str(tmp_path / "s.png")])
    assert isinstance(shown.exception, FileFormatError) and "has no index" in str(shown.exception)
    assert CliRunner().invoke(app, ["index", str(prepared)]).exit_code == 0
    shown = CliRunner().invoke(app, ["show", str(prepared), "--stats", "-o", str(tmp_path / "s.png")])
    assert shown.exit_code == 0 and "4 clips of 3 people, 24 frames" in shown.output
    assert "yaw" in shown.output and "again" not in shown.output
    assert np.asarray(Image.open(tmp_path / "s.png")).std() > 10
    prepare_drawn(prepared, [write_clip(tmp_path / "more" / "dora.mp4", 5)])
    shown = CliRunner().invoke(app, ["show", str(prepared), "--stats", "-o", str(tmp_path / "s.png")])
    assert "the manifest has 5 clips and the index 4" in shown.output


def test_without_pyarrow_the_extra_is_named(prepared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(MissingPartError, match=r"animato\[index\]"):
        build_index(prepared, IndexSettings())
    with pytest.raises(MissingPartError, match=r"animato\[index\]"):
        read_index(prepared, ["clip"])
