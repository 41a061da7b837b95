"""Frames are read by seeking: the same pictures and points that unpacking the tar gives, from any thread or process."""

from __future__ import annotations

import io
import pickle
import tarfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from drawn_faces import DrawnFinder, prepare_drawn, write_clip
from PIL import Image
from safetensors.numpy import load

from animato.data.clips import ClipEntry, ClipStore
from animato.data.shards import ShardClips
from animato.data.tar import END, add_member
from animato.errors import FileFormatError, InputError, UsageError


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("shards")
    for number in range(6):
        write_clip(root / "in" / f"p{number}.mp4", 6, 80 + 12 * number)
    prepare_drawn(root / "out", [root / "in"], val=0.3, test=0.3)
    return root / "out"


def test_any_tar_reader_finds_the_members_where_the_offsets_say() -> None:
    out = io.BytesIO()
    contents = {"a__000000.jpg": b"x" * 700, "a__000000.json": b"{}", "b" * 150 + ".json": b"", "c.bin": b"y" * 512}
    offsets = {name: add_member(out, name, data) for name, data in contents.items()}
    out.write(END)
    with tarfile.open(fileobj=io.BytesIO(out.getvalue())) as tar:
        assert {item.name: item.offset_data for item in tar} == offsets
        assert {item.name: tar.extractfile(item).read() for item in tar} == contents  # type: ignore[union-attr]


def test_seeking_gives_what_unpacking_gives(prepared: Path) -> None:
    store = ShardClips(prepared)
    for entry in store.clips:
        shard = prepared / "shards" / f"{store.shard_of(entry.clip)}.tar"
        frames = store.load(entry.clip, [4, 0, 4])
        with tarfile.open(shard) as tar:
            for row, index in enumerate((4, 0, 4)):
                key = f"{entry.clip}__{index:06d}"
                slow = np.asarray(Image.open(io.BytesIO(tar.extractfile(f"{key}.jpg").read())))  # type: ignore[union-attr]
                points = load(tar.extractfile(f"{key}.safetensors").read())["points"]  # type: ignore[union-attr]
                assert np.abs(frames.images[row].astype(int) - slow).max() <= 2  # two JPEG decoders
                assert (frames.points[row] == points).all()


def test_a_store_lists_its_clips_and_keeps_to_a_split_or_kind(prepared: Path) -> None:
    store: ClipStore = ShardClips(prepared)
    assert len(store.clips) == 6 and all(isinstance(entry, ClipEntry) for entry in store.clips)
    parts = [ShardClips(prepared, split=name).clips for name in ("train", "val", "test")]
    assert sorted(entry.clip for part in parts for entry in part) == sorted(entry.clip for entry in store.clips)
    assert all(entry.split == "val" for entry in parts[1]) and parts[0]
    assert not ShardClips(prepared, kinds=["photo"]).clips


@pytest.mark.parametrize("size", [32, 96])
def test_points_follow_the_pictures_to_another_size(prepared: Path, size: int) -> None:
    frames = ShardClips(prepared, size=size).load("p0", range(3))
    assert frames.images.shape == (3, size, size, 3) and frames.images.dtype == np.uint8
    for image, points in zip(frames.images, frames.points, strict=True):
        seen = DrawnFinder().locate(image).points
        assert np.abs(seen[:, :2].mean(0) - points[:, :2].mean(0)).max() < 0.35
        assert np.ptp(seen[:, 0]) == pytest.approx(np.ptp(points[:, 0]), rel=0.06)


def test_threads_read_the_same_frames_as_one(prepared: Path) -> None:
    store = ShardClips(prepared)
    jobs = [(entry.clip, index) for entry in store.clips for index in range(6)] * 4
    acquire_or_raise = [store.load(clip, [index]).images for clip, index in jobs]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda job: store.load(job[0], [job[1]]).images, jobs))
    assert all((a == b).all() for a, b in zip(acquire_or_raise, together, strict=True))


def test_few_open_files_serve_many_shards(prepared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("animato.data.shard_files.OPEN_SHARDS", 1)
    store = ShardClips(prepared)
    for _ in range(3):
        for entry in store.clips:
            assert store.load(entry.clip, [0]).images.any()
    assert len(store._files._files) == 1


def test_a_store_travels_to_another_process(prepared: Path) -> None:
    store = ShardClips(prepared, size=48)
    store.load("p1", [0])
    copy = pickle.loads(pickle.dumps(store))
    assert (copy.load("p1", [2]).images == store.load("p1", [2]).images).all()


def test_wrong_questions_and_damaged_shards_are_answered_in_sentences(prepared: Path, tmp_path: Path) -> None:
    store = ShardClips(prepared)
    with pytest.raises(InputError, match="no clip 'nobody'"):
        store.load("nobody", [0])
    with pytest.raises(InputError, match="frames 0 to 5"):
        store.load("p0", [6])
    with pytest.raises(InputError, match="frames 0 to 5"):
        store.load("p0", [-1])
    with pytest.raises(FileFormatError, match="not a prepared folder"):
        ShardClips(tmp_path)
    with pytest.raises(UsageError, match="5 px"):
        ShardClips(prepared, size=5)
    assert store.load("p0", []).images.shape == (0, 64, 64, 3)
