"""The recipe `tiny` learns four people by heart in minutes: seen in the numbers, and in a picture to look at."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from drawn_people import drawn_store

from animato.models.features import lite0_path
from animato.settings.training import recipe_settings
from animato.training.adapt import feed_forward
from animato.training.frames import resized
from animato.training.meta import train
from animato.training.model import load_model
from animato.training.photos import select_photos

EPISODES = 480
SIZE = 32


@pytest.mark.skipif(lite0_path() is None, reason="the package with EfficientNet-Lite0's weights is not installed")
def test_tiny_overfits_four_people_to_recognisable_faces(tmp_path: Path) -> None:
    store = drawn_store(train=4, val=0, frames=5, size=64)
    changes = {"size": SIZE, "episodes": EPISODES, "validate_episodes": EPISODES // 2, "threads": 1, "device": "cpu"}
    settings = recipe_settings("tiny", changes)
    train(settings, store, tmp_path)
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    pixel = [line["loss_pixel"] for line in lines if line["kind"] == "train"]
    assert np.mean(pixel[-3:]) < 0.45 * pixel[0]

    model = load_model(tmp_path)
    clips = [resized(store.load(entry.clip, range(5)), SIZE) for entry in store.clips]
    real = np.stack([clip.images[4] for clip in clips]).astype(float)
    drawn = []
    for clip in clips:
        person = feed_forward(model, select_photos(clip, [0, 1]))
        drawn.append(person.render_frame(clip.points[4], SIZE).astype(float))
    error = np.abs(np.stack(drawn)[:, None] - real[None]).mean((2, 3, 4))
    assert np.array_equal(error.argmin(axis=1), np.arange(4)), "each drawn face is nearest to its own person"
    assert float(np.diag(error).mean()) < 0.5 * float(error[~np.eye(4, dtype=bool)].mean())
    pictures = sorted((tmp_path / "pictures").glob("*.png"))
    assert len(pictures) == 2
    if os.environ.get("ANIMATO_KEEP_PICTURES"):
        Path(os.environ["ANIMATO_KEEP_PICTURES"], "overfit.png").write_bytes(pictures[-1].read_bytes())
