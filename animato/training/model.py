"""Load the model file written by meta-training."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from animato.errors import FileFormatError
from animato.models.loading import load_strictly
from animato.models.paper.config import PaperConfig
from animato.models.paper.discriminator import Discriminator
from animato.models.paper.embedder import Embedder
from animato.models.paper.generator import Generator
from animato.settings.base import from_mapping
from animato.settings.training import TrainSettings
from animato.training.checkpoint import SCHEMA
from animato.training.meta_system import MODEL_KIND
from animato.weights.io import read_arrays


@dataclass(frozen=True)
class PaperModel:
    """A meta-learned model: averaged embedder and generator, and the discriminator.

    Attributes:
        sha256: of the file; the model's id in person files.
        config: architecture of the networks.
        settings: of the training; adaptation reuses the loss weights.
        episodes: episodes trained.
        recipe: description of the run, as in run.json; `people` lists the people in the training data.
    """

    sha256: str
    config: PaperConfig
    settings: TrainSettings
    episodes: int
    recipe: dict[str, Any]
    embedder: Embedder
    generator: Generator
    discriminator: Discriminator


def load_model(path: Path) -> PaperModel:
    """Read a model file, `model.safetensors` of a run folder or a copy of it.

    Args:
        path: the file, or a run folder.

    Raises:
        InputError: there is no such file.
        FileFormatError: it is damaged or another kind of file.
    """
    if path.is_dir():
        path = path / "model.safetensors"
    file = read_arrays(path, MODEL_KIND, SCHEMA)
    recipe = file.header.get("recipe")
    if not isinstance(recipe, dict) or not isinstance(recipe.get("settings"), dict):
        raise FileFormatError(f"the header of {path.name} lacks how it was trained")
    config = PaperConfig.from_json(dict(file.header["config"]), path.name)
    model = PaperModel(
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        config=config,
        settings=from_mapping(TrainSettings, recipe["settings"]),
        episodes=int(file.header["episodes"]),
        recipe=recipe,
        embedder=Embedder(config),
        generator=Generator(config),
        discriminator=Discriminator(config),
    )
    for name in ("embedder", "generator", "discriminator"):
        load_strictly(getattr(model, name), file.arrays, path.name, f"{name}.")
        getattr(model, name).eval()
    return model
