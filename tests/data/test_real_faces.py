"""With the real tracker: real faces come out sharp, centred and with their landmarks in place."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from drawn_faces import write_video
from gallery_faces import gallery_photo, write_gallery_driver
from PIL import Image

from animato.data.check import check_folder
from animato.data.manifest import read_clips
from animato.data.prepare import prepare
from animato.data.shards import ShardClips
from animato.runtime.engine import Engine
from animato.settings.data import PrepareSettings
from animato.tracking.face_finder import FaceFinder


def largest_error(store: ShardClips, finder: FaceFinder) -> float:
    """Return the largest mean distance (px) between stored landmarks and those found anew in the crop."""
    errors = []
    for entry in store.clips:
        frames = store.load(entry.clip, [0, entry.frames // 2])
        for image, points in zip(frames.images, frames.points, strict=True):
            (face,) = finder.find(image)
            errors.append(float(np.hypot(*(face.points[:, :2] - points[:, :2]).T).mean()))
    return max(errors)


def test_worker_processes_find_a_real_face_in_a_video_and_a_still(tmp_path: Path) -> None:
    data = pytest.importorskip("skimage.data")
    photo = data.astronaut()
    Image.fromarray(photo).save(tmp_path / "still.png")
    write_video(tmp_path / "clip.mp4", [np.ascontiguousarray(photo[:320, 60 + i : 380 + i]) for i in range(8)])
    settings = PrepareSettings(size=128, workers=2)
    result = prepare([tmp_path / "clip.mp4", tmp_path / "still.png"], tmp_path / "out", settings)
    assert {clip["clip"]: clip["frames"] for clip in read_clips(tmp_path / "out")} == {"clip": 8, "still": 1}
    assert len(result.manifest["shards"]) == 2
    assert largest_error(ShardClips(tmp_path / "out"), FaceFinder(Engine(1))) < 1.5


@pytest.mark.data
def test_the_shared_faces_prepare_cleanly(shared_data: Path, tmp_path: Path) -> None:
    names = ("talking/g08_01.mp4", "rendered/r001.mp4", "portraits/l006_neutral.jpg", "portraits/l006_smiling.jpg")
    settings = PrepareSettings(fps=5, group_pattern=r"head (\w+_[FM]_\d+)")
    result = prepare([shared_data / n for n in names], tmp_path / "out", settings, shared_data / "manifest.csv")
    clips = {clip["clip"]: clip for clip in read_clips(tmp_path / "out")}
    assert set(clips) == {"g08_01", "r001", "l006_neutral", "l006_smiling"} and not result.manifest["dropped"]
    assert clips["r001"]["group"] == "AIAN_M_2" and clips["g08_01"]["split"] == "val"
    assert clips["l006_neutral"]["person"] == clips["l006_smiling"]["person"]
    source = (shared_data / names[0]).read_bytes()
    assert clips["g08_01"]["sha256"] == hashlib.sha256(source).hexdigest()
    assert all(clip["licence"] and clip["attribution"] for clip in clips.values())
    assert check_folder(tmp_path / "out").problems == ()
    assert largest_error(ShardClips(tmp_path / "out"), FaceFinder(Engine(1))) < 3.0


def test_several_people_in_clips_and_photos_prepare_cleanly(tmp_path: Path) -> None:
    sources = [write_gallery_driver(tmp_path / f"{sheet}.mp4", sheet) for sheet in ("portrait-c049f", "talking-g08")]
    Image.fromarray(gallery_photo("beard-c110m", 2.0)).save(tmp_path / "c110m.png")
    result = prepare([*sources, tmp_path / "c110m.png"], tmp_path / "out", PrepareSettings(size=128, min_frames=4))
    assert {clip["clip"] for clip in read_clips(tmp_path / "out")} == {"portrait-c049f", "talking-g08", "c110m"}
    assert not result.manifest["dropped"] and check_folder(tmp_path / "out").problems == ()
    assert largest_error(ShardClips(tmp_path / "out"), FaceFinder(Engine(1))) < 3.0
