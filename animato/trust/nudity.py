"""Score pictures for nudity with Yahoo's open_nsfw network (docs/nudity-gate.md)."""

from __future__ import annotations

import hashlib
from pathlib import Path

import cv2
import numpy as np

from animato.errors import MissingPartError
from animato.runtime.engine import Compiler, Engine
from animato.types import Frame

GRAPH = Path(__file__).resolve().parents[1] / "assets" / "nudity.xml"
GRAPH_SHA256 = "7e8f9370aaf9fa383ee0dc7bd0f2a9bcb1560be6db6c203073f3f0a3cdd2cda6"
WEIGHTS = GRAPH.with_suffix(".bin")
WEIGHTS_SHA256 = "20c385d5a0d539664c5ebe112a4e1e76a9005ec3b51fa67015dc344c0635331d"

THRESHOLD = 0.5
"""Score from which a picture is refused; docs/nudity-gate.md has the measurement."""

THUMBNAIL_SIDE = 256
"""Side to which pictures are reduced, regardless of their shape, as in the network's training."""
_INPUT_SIDE = 224
_MEAN_BGR = np.array((104, 117, 123), np.float32)
_BEHIND = 192
"""Grey level behind transparent pixels."""


def thumbnail(picture: Frame) -> Frame:
    """Return a picture reduced to what the network sees, 256 x 256 x 3 uint8 RGB.

    Args:
        picture: H x W x 3 uint8 RGB, or H x W x 4 uint8 RGBA, not multiplied.
    """
    small = cv2.resize(picture, (THUMBNAIL_SIDE, THUMBNAIL_SIDE), interpolation=cv2.INTER_AREA)
    if small.shape[2] == 3:
        return np.asarray(small, np.uint8)
    alpha = small[..., 3:].astype(np.float32) / 255
    return np.rint(small[..., :3] * alpha + _BEHIND * (1 - alpha)).astype(np.uint8)


class NudityScorer:
    """Scores thumbnails from 0 (harmless) to 1.

    Args:
        compiler: compiles the network.

    Raises:
        MissingPartError: the network's files are missing or modified.
    """

    def __init__(self, compiler: Compiler) -> None:
        graph, weights = _checked(GRAPH, GRAPH_SHA256), _checked(WEIGHTS, WEIGHTS_SHA256)
        self._network = compiler.compile_ir(graph, weights, (1, _INPUT_SIDE, _INPUT_SIDE, 3), threads=1)

    def __call__(self, small: Frame) -> float:
        """Return the score of a picture.

        Args:
            small: 256 x 256 x 3 uint8 RGB, from `thumbnail`.
        """
        edge = (THUMBNAIL_SIDE - _INPUT_SIDE) // 2
        centre = small[edge:-edge, edge:-edge, ::-1].astype(np.float32) - _MEAN_BGR
        return float(self._network(centre[None])[0][0, 1])


def nudity_scorer(engine: Engine) -> NudityScorer:
    """Return the engine's scorer, compiled once."""
    return engine.shared("nudity scorer", lambda: NudityScorer(engine.compiler))


def _checked(path: Path, sha256: str) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as problem:
        raise _damaged(path, str(problem.strerror)) from problem
    if hashlib.sha256(content).hexdigest() != sha256:
        raise _damaged(path, "its checksum is wrong")
    return content


def _damaged(path: Path, reason: str) -> MissingPartError:
    return MissingPartError(
        f"the nudity gate's {path.name} cannot be used: {reason}", hint="pip install --force-reinstall animato"
    )
