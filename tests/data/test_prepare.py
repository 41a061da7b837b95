"""Files in, shards out: what is in them, what is dropped, and that neither a kill nor a second process hurts."""

from __future__ import annotations

import errno
import io
import json
import signal
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import drawn_faces
import numpy as np
import pytest
from drawn_faces import DrawnFinder, draw, prepare_drawn, write_clip, write_video
from PIL import Image
from safetensors.numpy import load

from animato.data.cut import cut_source
from animato.data.manifest import read_clips
from animato.data.prepare import Prepared
from animato.data.shards import ShardClips
from animato.data.sources import find_sources
from animato.errors import AnimatoError, OutputError, UsageError
from animato.settings.data import PrepareSettings


def three_clips(root: Path) -> Path:
    for number, name in enumerate(("anna/one/1", "anna/two/1", "carl/one/1")):
        write_clip(root / f"{name}.mp4", 6, 80 + 10 * number)
    return root


def tree(folder: Path) -> dict[str, bytes]:
    """Return what a prepared folder holds for its readers."""
    return {path.name: path.read_bytes() for path in (folder / "shards").iterdir()}


def run(folder: Path, die_at: int, source: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, drawn_faces.__file__, str(folder), str(die_at), str(source)])


def clips_of(result: Prepared) -> list[dict[str, Any]]:
    """Return the clips of the manifest."""
    return list(read_clips(result.folder))


def reasons(dropped: Sequence[dict[str, str]]) -> dict[str, str]:
    return {item["file"]: item["reason"] for item in dropped}


def test_a_shard_holds_a_picture_landmarks_and_a_note_for_each_frame(tmp_path: Path) -> None:
    result = prepare_drawn(tmp_path / "out", [three_clips(tmp_path / "in")])
    names: list[str] = []
    for shard in result.manifest["shards"]:
        with tarfile.open(tmp_path / "out" / "shards" / f"{shard['name']}.tar") as tar:
            names += tar.getnames()
            for name in tar.getnames():
                if name.endswith(".json"):
                    note = json.load(tar.extractfile(name))  # type: ignore[arg-type]
                    assert name == f"{note['clip']}__{note['index']:06d}.json"
                    assert note["person"] == note["clip"].split("-")[0]
                    assert note["time"] == pytest.approx(note["index"] / 25, abs=1e-3)
    assert len(names) == len(set(names)) == 3 * 6 * 3
    assert "anna-one-1__000000.jpg" in names and "carl-one-1__000005.safetensors" in names
    summary = result.manifest["summary"]
    assert (summary["clips"], summary["frames"], summary["people"]) == (3, 18, 2)


def test_landmarks_lie_on_the_face_in_its_crop(tmp_path: Path) -> None:
    prepare_drawn(tmp_path / "out", [write_clip(tmp_path / "in" / "a.mp4", 6)])
    store = ShardClips(tmp_path / "out")
    frames = store.load("a", range(6))
    for image, points, scores in zip(frames.images, frames.points, frames.blendshapes, strict=True):
        seen = DrawnFinder().locate(image)
        assert np.abs(seen.points[:, :2] - points[:, :2]).max() < 1.2, (
            "a disc without skin holds landmarks only roughly"
        )
        assert (scores == 0.25).all()
    moved = np.ptp(frames.points[:, 0, 0])
    assert moved > 2, "the crop of a clip is fixed, so that the head moves inside it"


def test_stills_become_clips_of_one_frame(tmp_path: Path) -> None:
    Image.fromarray(draw((80, 60, 25))).save(tmp_path / "still.png")
    result = prepare_drawn(tmp_path / "out", [tmp_path / "still.png"])
    (clip,) = clips_of(result)
    assert (clip["kind"], clip["frames"], clip["clip"]) == ("photo", 1, "still")


def test_broken_and_useless_files_are_dropped_with_a_reason_and_never_stop_the_job(tmp_path: Path) -> None:
    root = tmp_path / "in"
    good = write_clip(root / "good.mp4", 6)
    write_clip(root / "noface.mp4", [None] * 6)
    write_clip(root / "short.mp4", 3)
    write_clip(root / "small.mp4", [(80, 60, 6.0)] * 6)
    (root / "cut.mp4").write_bytes(good.read_bytes()[:700])
    (root / "words.jpg").write_text("not a picture")
    (root / "empty.mp4").write_bytes(b"")
    (root / "twin.mp4").write_bytes(good.read_bytes())
    result = prepare_drawn(tmp_path / "out", [root])
    assert [clip["clip"] for clip in clips_of(result)] == ["good"]
    assert reasons(result.manifest["dropped"]) == {
        "noface.mp4": "no face",
        "short.mp4": "too short",
        "small.mp4": "too small",
        "cut.mp4": "unreadable",
        "words.jpg": "unreadable",
        "empty.mp4": "unreadable",
        "twin.mp4": "duplicate",
    }
    assert all(item["detail"] for item in result.manifest["dropped"])


def test_each_steady_stretch_of_a_video_is_a_clip_of_its_own(tmp_path: Path) -> None:
    steady = [(80.0, 60.0, 20.0)] * 5
    images = [draw(d, 70) for d in steady] + [draw(d, 200) for d in steady]
    result = prepare_drawn(tmp_path / "out", [write_video(tmp_path / "in" / "v.mp4", images)])
    assert [(clip["clip"], clip["frames"]) for clip in clips_of(result)] == [("v", 5), ("v+2", 5)]
    second = ShardClips(tmp_path / "out").load("v+2", [0])
    assert second.images[0, 0, 0, 2] > 150, "the second clip shows the second background"


def test_a_stretch_whose_images_do_not_fit_in_memory_is_read_twice_and_gives_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steady = [(80.0, 60.0, 20.0)] * 5
    images = [draw(d, 70) for d in steady] + [draw(d, 200) for d in steady]
    source = write_video(tmp_path / "in" / "v.mp4", images)
    prepare_drawn(tmp_path / "once", [source], max_frames=4)
    monkeypatch.setattr("animato.data.track.MAX_IMAGE_BYTES", images[0].nbytes * 4)
    prepare_drawn(tmp_path / "twice", [source], max_frames=4)
    assert tree(tmp_path / "twice") == tree(tmp_path / "once")


def test_frames_are_thinned_to_the_number_asked_for(tmp_path: Path) -> None:
    result = prepare_drawn(tmp_path / "out", [write_clip(tmp_path / "in" / "a.mp4", 9)], max_frames=4)
    assert clips_of(result)[0]["frames"] == 4
    assert clips_of(result)[0]["end"] == pytest.approx(8 / 25, abs=1e-3)


def test_running_again_changes_nothing_and_new_files_are_added(tmp_path: Path) -> None:
    root = three_clips(tmp_path / "in")
    prepare_drawn(tmp_path / "out", [root])
    before = tree(tmp_path / "out")
    prepare_drawn(tmp_path / "out", [root])
    assert tree(tmp_path / "out") == before
    write_clip(root / "dora.mp4", 5)
    result = prepare_drawn(tmp_path / "out", [root])
    after = tree(tmp_path / "out")
    assert {name: after[name] for name in before} == before
    assert len(after) == len(before) + 2 and result.manifest["summary"]["clips"] == 4


def test_a_folder_keeps_the_settings_it_was_begun_with(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in" / "a.mp4", 6)
    prepare_drawn(tmp_path / "out", [source])
    with pytest.raises(UsageError, match="`size=64`"):
        prepare_drawn(tmp_path / "out", [source], size=96)
    prepare_drawn(tmp_path / "out", [source], val=0.4)


def six_clips(root: Path) -> Path:
    """Six people, which makes shards of two clips."""
    for number in range(6):
        write_clip(root / f"p{number}.mp4", 5, 80 + 10 * number)
    return root


def test_a_kill_loses_one_clip_at_most_and_the_next_run_makes_the_same_folder(tmp_path: Path) -> None:
    root = six_clips(tmp_path / "in")
    prepare_drawn(tmp_path / "whole", [root])
    # Five looks for each clip: the eighteenth is in the middle of the fourth clip, the second one of its shard.
    assert run(tmp_path / "killed", 18, root).wait() == -signal.SIGKILL
    killed = tree(tmp_path / "killed")
    assert {name for name in killed if name[0] != "."} == {"000000.tar", "000000.json"}
    assert [path.name for path in (tmp_path / "killed" / "work" / "parts").rglob("*.json")] == ["p2.json"]
    result = prepare_drawn(tmp_path / "killed", [root])
    assert tree(tmp_path / "killed") == tree(tmp_path / "whole")
    assert result.manifest["dropped"] == []
    assert not list((tmp_path / "killed").rglob(".*")), "nothing half-written is left"


def test_finished_clips_of_an_unfinished_shard_are_not_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = six_clips(tmp_path / "in")
    made: list[str] = []

    def stops(source: object, *rest: object) -> object:
        made.append(source.clip)  # type: ignore[attr-defined]
        if len(made) == 4:
            raise KeyboardInterrupt
        return cut_source(source, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr("animato.data.batch.cut_source", stops)
    with pytest.raises(KeyboardInterrupt):
        prepare_drawn(tmp_path / "out", [root])
    prepare_drawn(tmp_path / "out", [root])
    assert made == ["p0", "p1", "p2", "p3", "p3", "p4", "p5"]


def test_two_processes_share_the_work_and_make_the_same_folder_as_one(tmp_path: Path) -> None:
    root = six_clips(tmp_path / "in")
    prepare_drawn(tmp_path / "one", [root])
    first, second = run(tmp_path / "two", 0, root), run(tmp_path / "two", 0, root)
    assert (first.wait(), second.wait()) == (0, 0)
    assert tree(tmp_path / "two") == tree(tmp_path / "one")
    manifests = [json.loads((tmp_path / name / "manifest.json").read_text()) for name in ("one", "two")]
    assert manifests[0] == manifests[1]


def test_a_shard_that_another_process_holds_is_left_to_it(tmp_path: Path) -> None:
    from animato.data.folder import Folder

    root = three_clips(tmp_path / "in")
    place = Folder(tmp_path / "out")
    place.make()
    lock = place.lock("000000")
    assert lock.try_acquire()
    result = prepare_drawn(tmp_path / "out", [root])
    assert result.elsewhere == 1 and not place.index("000000").is_file()
    lock.release()
    assert prepare_drawn(tmp_path / "out", [root]).elsewhere == 0


def test_a_file_that_ends_the_process_three_times_is_dropped_and_can_be_tried_again(tmp_path: Path) -> None:
    root = tmp_path / "in"
    write_clip(root / "bad.mp4", 6)
    for _ in range(3):
        assert run(tmp_path / "out", 2, root).wait() == -signal.SIGKILL
    result = prepare_drawn(tmp_path / "out", [root])
    assert reasons(result.manifest["dropped"]) == {"bad.mp4": "crashed"}
    result = prepare_drawn(tmp_path / "out", [root], retry=True)
    assert result.manifest["dropped"] == [] and result.manifest["summary"]["clips"] == 1


def test_workers_that_never_come_up_are_an_error_and_not_an_endless_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("animato.data.prepare.open_worker_finder", drawn_faces.end_at_once)
    with pytest.raises(AnimatoError, match="crash at start-up"):
        prepare_drawn(tmp_path / "out", [write_clip(tmp_path / "in" / "a.mp4", 6)], workers=2)


def test_a_full_disk_is_an_error_and_not_a_broken_clip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (source,) = find_sources([write_clip(tmp_path / "in" / "a.mp4", 6)], PrepareSettings()).clips

    class Full(io.BytesIO):
        def write(self, data: object) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    settings = PrepareSettings(size=64, min_face=16, min_frames=4)
    with pytest.raises(OSError, match="No space"):
        cut_source(source, settings, DrawnFinder(), Full())  # type: ignore[arg-type]
    monkeypatch.setattr("animato.data.cut.add_member", lambda *_: Full().write(b""))
    with pytest.raises(OutputError, match="no space"):
        prepare_drawn(tmp_path / "out", [source.path])
    monkeypatch.undo()
    assert prepare_drawn(tmp_path / "out", [source.path]).manifest["summary"]["clips"] == 1


def test_a_corrected_manifest_corrects_the_notes_and_later_runs_keep_them(tmp_path: Path) -> None:
    root = three_clips(tmp_path / "in")
    prepare_drawn(tmp_path / "out", [root], licence="unknown")
    rows = [f"{clip.file},{clip.person},CC0,val" for clip in find_sources([root], PrepareSettings()).clips]
    (root / "manifest.csv").write_text("\n".join(["path,person,licence,split", *rows]))
    shards = tree(tmp_path / "out")
    prepare_drawn(tmp_path / "out", [root])
    result = prepare_drawn(tmp_path / "out", [write_clip(tmp_path / "more" / "dora.mp4", 6, 150)])
    notes = {clip["clip"]: (clip["licence"], clip["split"]) for clip in clips_of(result)}
    assert notes["anna-one-1"] == notes["carl-one-1"] == ("CC0", "val") and notes["dora"][0] == "unknown"
    assert shards.items() <= tree(tmp_path / "out").items()


def test_a_prescribed_split_is_kept(tmp_path: Path) -> None:
    root = three_clips(tmp_path / "in")
    rows = [f"{clip.file},{clip.person},test" for clip in find_sources([root], PrepareSettings()).clips]
    (root / "manifest.csv").write_text("\n".join(["path,person,split", *rows]))
    result = prepare_drawn(tmp_path / "out", [root])
    assert {clip["split"] for clip in clips_of(result)} == {"test"}


def test_landmarks_survive_the_shard_exactly(tmp_path: Path) -> None:
    prepare_drawn(tmp_path / "out", [write_clip(tmp_path / "in" / "a.mp4", 4)])
    frames = ShardClips(tmp_path / "out").load("a", [2])
    with tarfile.open(tmp_path / "out" / "shards" / "000000.tar") as tar:
        tensors = load(tar.extractfile("a__000002.safetensors").read())  # type: ignore[union-attr]
    assert tensors["points"].shape == (478, 3) and tensors["points"].dtype == np.float32
    assert (tensors["points"] == frames.points[0]).all() and (tensors["blendshapes"] == frames.blendshapes[0]).all()
