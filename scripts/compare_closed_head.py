"""Compare the closed head with the rings that bend the whole picture, on views of held-out heads and on twins.

python scripts/compare_closed_head.py ../shared/data views REPORT [SHOTS] [LIMIT]
python scripts/compare_closed_head.py ../shared/data twins REPORT [SHOTS] [LIMIT]

LIMIT is the number of heads, or of clips that drive; without it, all are scored.
Rings are what a photo gets whose outline is unsure. Both systems run on the same frames (docs/results/turns.md).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

from animato.evaluation.report import table_text, write
from animato.evaluation.runner import evaluate
from animato.evaluation.systems.base import RenderRequest
from animato.evaluation.systems.portrait import AnimateSystem
from animato.head.head import Head
from animato.head.view import HeadView
from animato.pipeline.framing import Framing
from animato.renderers.base import Renderer
from animato.runtime.engine import Engine
from animato.settings.evaluation import EvaluateSettings
from animato.tracking.face_finder import FaceFinder
from animato.types import Frame

METRICS = (
    "akd,psnr,psnr-face,psnr-hair,psnr-neck,psnr-background,perceptual,perceptual-face,perceptual-hair,perceptual-neck,"
    "perceptual-background,silhouette,failures"
)
FOLDERS = {"views": "parts", "twins": "twins"}


class Rings(AnimateSystem):
    """The portrait renderer without layers."""

    def __init__(self, finder: FaceFinder) -> None:
        super().__init__("portrait", threads=1, finder=finder)
        self.name = "rings"

    def _renderer(self, head: Head) -> tuple[Framing, Renderer]:
        with patch.object(HeadView, "layers", None):
            return super()._renderer(head)

    def silhouettes(self, request: RenderRequest) -> Iterator[Frame]:
        """Yield the warped silhouettes of the photo's head."""
        with patch.object(HeadView, "layers", None):
            yield from super().silhouettes(request)


def main(data: Path, protocol: str, folder: Path, shots: str, limit: int | None) -> None:
    """Score both systems and write the report."""
    settings = EvaluateSettings(
        protocol="views" if protocol == "views" else "twins",
        subset=FOLDERS[protocol],
        metrics=METRICS,
        shots=shots,
        limit=limit,
        every=1,
        threads=1,
    )

    def progress(done: int, total: int, name: str) -> None:
        print(done, total, name, flush=True)

    finder = FaceFinder(Engine(1))
    found = evaluate(
        data, [Rings(finder), AnimateSystem("portrait", threads=1, finder=finder)], settings, progress, finder
    )
    write(found, folder)
    print(table_text(found))


if __name__ == "__main__":
    where, what, report, *more = sys.argv[1:]
    main(Path(where), what, Path(report), *(more[:1] or ["1"]), *([int(each) for each in more[1:]] or [None]))
