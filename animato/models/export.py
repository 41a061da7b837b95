"""Write the networks of the package as files for other runtimes, each with a card."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from animato.errors import OutputError, UsageError
from animato.geometry.landmarks import read_asset
from animato.models.parts.graphs import parts_graph
from animato.models.portrait.graphs import PATCHES, SAMPLES, encoder_graph, painter_graph
from animato.runtime.network import Graph
from animato.trust.nudity import GRAPH, WEIGHTS
from animato.weights.io import write_whole
from animato.weights.parts import read_parts
from animato.weights.portrait import LICENCE, SOURCES, PortraitWeights, read_portrait

PIXELS = frozenset({"picture", "composite", "drawing"})
"""Inputs of type uint8; all others are float32."""

OUTPUTS = {"parts": ("probabilities", "depth"), "encoder": ("features", "embedding"), "painter": ("layer", "flow")}

TRACKER = {
    "face-detector": "face_detector.tflite",
    "face-landmarks": "face_landmarks_detector.tflite",
    "blendshapes": "face_blendshapes.tflite",
}
"""Networks of MediaPipe's face landmarker, written as they are."""

PORTRAIT = ("head", "eye", "mouth")

NAMES = ("parts", *(f"{name}-{part}" for name in PORTRAIT for part in ("encoder", "painter")), *TRACKER, "nudity")
"""Networks that can be exported."""


@dataclass(frozen=True)
class Exported:
    """A network that has been written.

    Attributes:
        name: one of `NAMES`.
        files: the network, then its card.
        card: what the card says.
    """

    name: str
    files: tuple[Path, ...]
    card: dict[str, Any]


def export(folder: Path, names: Sequence[str] = (), weights: Path | None = None) -> list[Exported]:
    """Write networks and cards into a folder; existing files of the same names are replaced.

    Args:
        folder: created if it does not exist.
        names: of `NAMES`; empty for all.
        weights: weight file of the portrait renderer; None for the shipped one.

    Raises:
        UsageError: an unknown name.
        InputError, FileFormatError: the weights cannot be read.
        MissingPartError: the weights are of another architecture, and torch is not installed.
        OutputError: the folder cannot be written.
    """
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        raise UsageError(f"there is no network {unknown[0]!r}", where=f"one of: {', '.join(NAMES)}")
    portrait = read_portrait(weights)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise OutputError(f"the folder cannot be made: {problem.strerror}", where=str(folder)) from problem
    made = []
    for name in names or NAMES:
        contents, card = _contents(name, portrait)
        files = tuple(folder / file for file in (*contents, f"{name}.json"))
        hashes = {file: hashlib.sha256(content).hexdigest() for file, content in contents.items()}
        card = {"name": name, "sha256": hashes, **card}
        for path, content in zip(files, (*contents.values(), json.dumps(card, indent=1).encode() + b"\n"), strict=True):
            write_whole(path, content)
        made.append(Exported(name, files, card))
    return made


def _contents(name: str, portrait: PortraitWeights) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Return the files of a network, and its card without name and hashes."""
    if name in TRACKER:
        licence = {"format": "TensorFlow Lite", "licence": "Apache-2.0", "sources": ["MediaPipe face landmarker"]}
        return {TRACKER[name]: read_asset(TRACKER[name])}, licence
    if name == "nudity":
        licence = {"format": "OpenVINO", "licence": "BSD-2-Clause", "sources": ["Yahoo open_nsfw"]}
        return {path.name: path.read_bytes() for path in (GRAPH, WEIGHTS)}, licence
    if name == "parts":
        return {"parts.onnx": (graph := parts_graph(read_parts())).onnx}, _card(graph, "parts", "parts.safetensors")
    network, part = name.split("-")
    makers: dict[str, Callable[[], Graph]] = {
        "encoder": lambda: encoder_graph(portrait, network),
        "painter": lambda: painter_graph(portrait, network, 1, 1),
    }
    graph = makers[part]()
    return {f"{name}.onnx": graph.onnx}, _card(graph, part, portrait.where)


def _card(graph: Graph, part: str, where: str) -> dict[str, Any]:
    samples = {"features", "grid", "seen", "log_weight"}
    inputs = {}
    for name, shape in graph.shapes.items():
        length: int | str = shape[0]
        if graph.sizes:
            length = SAMPLES if name in samples else PATCHES
        inputs[name] = {"shape": [length, *shape[1:]], "type": "uint8" if name in PIXELS else "float32"}
    return {
        "format": "ONNX",
        "inputs": inputs,
        "outputs": list(OUTPUTS[part]),
        "precision": "float32",
        "int8_ranges": {name: list(ends) for name, ends in graph.ranges.items()},
        "weights": where,
        "licence": LICENCE,
        "sources": list(SOURCES),
    }
