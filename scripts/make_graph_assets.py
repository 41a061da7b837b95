"""Write animato/assets/graphs.safetensors: the graphs of the shipped networks, traced from their torch definitions."""

from __future__ import annotations

from pathlib import Path

from animato.models.parts.config import PartsConfig
from animato.models.parts.inference import trace as trace_parts
from animato.models.portrait.config import PatchConfig
from animato.models.portrait.inference import trace
from animato.weights.graphs import SHIPPED, Skeleton, save_graphs
from animato.weights.parts import read_parts
from animato.weights.portrait import read_portrait

ASSET = Path(__file__).resolve().parents[1] / "animato" / "assets" / SHIPPED


def traced_graphs() -> dict[str, Skeleton]:
    """Return the graphs of the shipped networks by name."""
    graphs = {"parts": trace_parts(PartsConfig.from_json(read_parts().config))}
    for name, config in read_portrait().configs.items():
        for part in ("encoder", "painter"):
            graphs[f"portrait.{name}.{part}"] = trace(part, PatchConfig.from_json(config, "the shipped weights"))
    return graphs


if __name__ == "__main__":
    save_graphs(ASSET, traced_graphs())
