"""List all networks of the package with their parameters and cost."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from animato.geometry.landmarks import read_asset
from animato.models.count import Cost, count_cost
from animato.models.paper.config import PaperConfig
from animato.models.paper.discriminator import Discriminator
from animato.models.paper.embedder import Embedder
from animato.models.paper.generator import Generator
from animato.models.portrait.config import CONFIGS, DRAWING, PICTURE, PatchConfig, discriminator_config
from animato.models.portrait.networks import PatchNetwork
from animato.runtime.openvino_library import openvino_core
from animato.settings.training import RECIPES, recipe_settings

TRAINING = "training picture"

FACE_NETWORKS = (
    ("face detector", "face_detector.tflite", None, "frame, until a face is found"),
    ("face landmarks", "face_landmarks_detector.tflite", [1, 256, 256, 3], "frame"),
    ("blendshapes", "face_blendshapes.tflite", None, "frame"),
)


@dataclass(frozen=True)
class ModelRow:
    """One network.

    Attributes:
        model: system: "tracker", "portrait", or "paper" and the recipe.
        network: name of the network.
        size: side of its input image, pixels; 0 without an image.
        parameters: number of parameters.
        gmac: billions of multiply-accumulates of convolutions and linear layers per run.
        per: unit of a run: "photo", "frame" or "training picture"; "eye and frame" runs twice per frame.
        source: origin of architecture or weights.
    """

    model: str
    network: str
    size: int
    parameters: int
    gmac: float
    per: str
    source: str


def list_models() -> list[ModelRow]:
    """Return all networks: face tracking, portrait renderer, and the 2019 system in each of its sizes.

    Raises:
        MissingPartError: OpenVINO or the bundled face networks are missing.
    """
    rows = [_face_row(*entry) for entry in FACE_NETWORKS]
    for name in ("head", "eye", "mouth"):
        rows += portrait_rows(name, CONFIGS[name])
    listed: list[PaperConfig] = []
    for recipe in sorted(RECIPES, key=lambda name: -recipe_settings(name).size):
        config = PaperConfig.from_settings(recipe_settings(recipe))
        if config not in listed:
            rows += paper_rows(f"paper ({recipe})", config)
            listed.append(config)
    return rows


def portrait_rows(name: str, config: PatchConfig) -> list[ModelRow]:
    """Return encoder, painter and discriminator of one network of the portrait renderer, for one photo.

    The painter's parameters include P, which runs once per person and is not in its GMAC. The discriminator is used in
    training only and counted without its embedding table.

    Args:
        name: "head", "eye" or "mouth".
        config: its configuration.
    """
    side, feature_side, network = config.side, config.side // 2, PatchNetwork(config)
    picture, drawing = torch.zeros(1, PICTURE, side, side), torch.zeros(1, DRAWING, side, side)
    painter_input = torch.zeros(1, PICTURE + 1 + DRAWING, side, side)
    features, affine = (
        torch.zeros(1, 1, config.features, feature_side, feature_side),
        torch.zeros(1, config.affine_count),
    )
    grid, validity = torch.zeros(1, 1, feature_side, feature_side, 2), torch.ones(1, 1, feature_side, feature_side)
    sizes = discriminator_config(side)
    discriminator, vector = Discriminator(sizes), torch.zeros(1, sizes.embed)
    encoder = count_cost(network.encoder, lambda: network.encoder(picture, drawing))
    whole = count_cost(
        network, lambda: network.paint(painter_input, *network.gather(features, grid, validity, drawing), affine)
    )
    painter = Cost(whole.parameters - encoder.parameters, whole.macs, whole.macs_run)
    discriminator_cost = count_cost(discriminator, lambda: discriminator(picture, drawing, vector))
    prefix = "eye and " if name == "eye" else ""
    costs = [
        ("encoder", encoder, f"{prefix}photo"),
        ("painter", painter, f"{prefix}frame"),
        ("discriminator", discriminator_cost, TRAINING),
    ]
    source = "docs/architecture.md, The portrait renderer"
    return [
        ModelRow("portrait", f"{name} {part}", side, c.parameters, c.macs / 1e9, per, source) for part, c, per in costs
    ]


def paper_rows(model: str, config: PaperConfig) -> list[ModelRow]:
    """Return the three networks of the 2019 system; the discriminator is counted without its embedding table."""
    size = config.size
    picture, drawing = torch.zeros(1, 3, size, size), torch.zeros(1, 3, size, size)
    vector = torch.zeros(1, config.embed)
    embedder, generator, discriminator = Embedder(config), Generator(config), Discriminator(config)
    costs: list[tuple[str, Cost, str]] = [
        ("embedder", count_cost(embedder, lambda: embedder(picture[None], drawing[None])), "photo"),
        ("generator", count_cost(generator, lambda: generator(drawing, vector)), "frame"),
        ("discriminator", count_cost(discriminator, lambda: discriminator(picture, drawing, vector)), TRAINING),
    ]
    source = "Zakharov et al. 2019, section 3.1; sizes as in the authors' later module FSTH"
    return [ModelRow(model, name, size, cost.parameters, cost.macs / 1e9, per, source) for name, cost, per in costs]


def _face_row(network: str, asset: str, shape: list[int] | None, per: str) -> ModelRow:
    with tempfile.TemporaryDirectory(prefix="animato-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / asset
        path.write_bytes(read_asset(asset))
        graph = openvino_core().read_model(model=str(path))
        if shape is not None:
            graph.reshape(shape)
        size = int(graph.inputs[0].shape[1]) if len(graph.inputs[0].shape) == 4 else 0
        operations = list(graph.get_ops())
        parameters = sum(
            _parameter_count(operation) for operation in operations if operation.get_type_name() == "Constant"
        )
        macs = sum(_macs(operation) for operation in operations)
        del operations, graph
    return ModelRow("tracker", network, size, parameters, macs / 1e9, per, "face_landmarker.task, Apache-2.0")


def _parameter_count(constant: Any) -> int:
    shape = list(constant.output(0).shape)
    # constants such as shapes and axes are integers, weights are not
    is_float = str(constant.output(0).element_type.get_type_name()) in ("f32", "f16")
    count = 1
    for length in shape:
        count *= int(length)
    return count if is_float else 0


def _macs(operation: Any) -> int:
    kind = operation.get_type_name()
    if kind not in ("Convolution", "GroupConvolution", "MatMul"):
        return 0
    outputs = 1
    for length in operation.output(0).shape:
        outputs *= int(length)
    weights = [int(length) for length in operation.input_value(1).shape]
    if kind == "MatMul":
        left = [int(length) for length in operation.input_value(0).shape]
        return outputs * (left[-2] if operation.get_attributes().get("transpose_a") else left[-1])
    kernel_shape = weights[2:] if kind == "GroupConvolution" else weights[1:]
    count = outputs
    for length in kernel_shape:
        count *= length
    return count
