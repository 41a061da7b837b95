"""Print CPU milliseconds of each network in each installed engine, for docs/engines.md; one thread, one photo."""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

from animato.models.parts.graphs import parts_graph
from animato.models.portrait.graphs import encoder_graph, painter_graph
from animato.runtime.devices import ENGINES, obstacle
from animato.runtime.engine import Engine
from animato.runtime.network import Graph
from animato.weights.parts import read_parts
from animato.weights.portrait import read_portrait

PIXELS = ("picture", "composite", "drawing")
RUNS, REPEATS = 10, 5


def inputs_of(graph: Graph) -> list[NDArray[np.generic]]:
    """Return random inputs; the time does not depend on them."""
    random = np.random.default_rng(0)
    return [
        random.integers(0, 256, shape, np.uint8) if name in PIXELS else random.random(shape, np.float32)
        for name, shape in graph.shapes.items()
    ]


def milliseconds(graph: Graph, engine: Engine) -> float:
    """Return CPU time per run, the best of several repeats: other processes only ever add to it."""
    network, given = engine.compile(graph), inputs_of(graph)
    network(*given)
    best = np.inf
    for _ in range(REPEATS):
        start = time.process_time()
        for _ in range(RUNS):
            network(*given)
        best = min(best, (time.process_time() - start) / RUNS * 1000)
    return float(best)


def main() -> None:
    """Print the table."""
    weights = read_portrait()
    graphs = {"parts": parts_graph(read_parts())}
    for name, targets in (("head", 1), ("eye", 2), ("mouth", 1)):
        graphs[f"{name} encoder"] = encoder_graph(weights, name)
        graphs[f"{name} painter"] = painter_graph(weights, name, 1, targets)
    engines = {name: Engine(1, backend=name) for name in ENGINES if not obstacle(name, "cpu")}  # type: ignore[arg-type]
    print(f"| network | {' | '.join(engines)} |")
    for name, graph in graphs.items():
        print(f"| {name} | {' | '.join(f'{milliseconds(graph, engine):.1f}' for engine in engines.values())} |")


if __name__ == "__main__":
    main()
