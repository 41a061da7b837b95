"""Count false refusals of the nudity gate on harmless pictures only; prints the table of docs/nudity-gate.md.

    python scripts/measure_gate.py DATA

DATA holds `portraits/*.jpg`, `talking/*.mp4` and `twins/*.mp4`; folders that are missing are left out. The
pictures of scikit-image that its package contains are always included. Each picture is scored as a whole, by its upper
half, and by the square around the head, which `--frame crop` renders. Videos: four frames, spread over the clip.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from animato.geometry.crop import crop_from_frame, cut, head_square
from animato.media.reader import open_video
from animato.runtime.engine import Engine
from animato.tracking.face_finder import FaceFinder
from animato.trust.nudity import THRESHOLD, nudity_scorer, thumbnail
from animato.types import Frame

FRAMES = 4
LEVELS = (0.2, 0.4, THRESHOLD, 0.8)
PACKAGED = ("astronaut", "camera", "cat", "chelsea", "coffee", "coins", "moon", "page", "rocket", "text", "brick")


def main() -> None:
    """Score everything and print one row per folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    arguments = parser.parse_args()
    engine = Engine(1)
    score, finder = nudity_scorer(engine), FaceFinder(engine)
    print("| pictures | number | median | 99th percentile | largest | " + " | ".join(f"≥ {x:g}" for x in LEVELS) + " |")
    print("|---" * (5 + len(LEVELS)) + "|")
    every: list[float] = []
    sources = {
        "skimage": packaged(),
        **{name: folder(arguments.data / name) for name in ("portraits", "talking", "twins")},
    }
    for name, pictures in sources.items():
        scores: dict[str, list[float]] = {"whole": [], "upper half": [], "head": []}
        for picture in pictures:
            scores["whole"].append(score(thumbnail(picture)))
            scores["upper half"].append(score(thumbnail(picture[: max(1, picture.shape[0] // 2)])))
            scores["head"] += [score(thumbnail(square)) for square in head_squares(picture, finder)]
        for part, values in scores.items():
            if values:
                print(row(f"{name}, {part}", values))
                every += values
    print(row("all", every))
    print(f"false refusals at the threshold of {THRESHOLD:g}: {np.mean(np.asarray(every) >= THRESHOLD):.2%}")


def row(name: str, values: list[float]) -> str:
    """Return a line of the table."""
    scores = np.asarray(values)
    over = " | ".join(str(int((scores >= level).sum())) for level in LEVELS)
    high = np.percentile(scores, 99)
    return f"| {name} | {len(scores)} | {np.median(scores):.3f} | {high:.3f} | {scores.max():.3f} | {over} |"


def head_squares(picture: Frame, finder: FaceFinder) -> list[Frame]:
    """Return the square around the largest face, 512 x 512 x 3 uint8 RGB; none without a face."""
    faces = finder.find(picture)
    return [cut(picture, crop_from_frame(head_square(faces[0].points), 512), 512)] if faces else []


def packaged() -> Iterator[Frame]:
    """Yield the pictures inside the package scikit-image."""
    from skimage import data

    for name in PACKAGED:
        picture = np.asarray(getattr(data, name)())
        yield np.ascontiguousarray(picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=2))


def folder(path: Path) -> Iterator[Frame]:
    """Yield the pictures of a folder, and `FRAMES` frames of each of its videos."""
    for file in sorted(path.glob("*")):
        if file.suffix.lower() in (".jpg", ".jpeg", ".png"):
            with Image.open(file) as picture:
                yield np.asarray(picture.convert("RGB"))
        elif file.suffix.lower() == ".mp4":
            with open_video(file) as video:
                frames = [frame.image for frame in video]
            for index in range(FRAMES):
                yield frames[(2 * index + 1) * len(frames) // (2 * FRAMES)]


if __name__ == "__main__":
    main()
