"""Count the verdicts of consent clips: the same person, and different ones; prints the table of docs/consent.md.

    python scripts/measure_consent_clip.py DATA

DATA holds `talking/gNN_MM.mp4`, clips of people who speak, and `portraits/*.jpg` of others. A clip is compared with one
frame of another clip of the same person; where there is one clip alone, its second half with its first frame. It is
also compared with the first frames of all other people, and with the portraits. Handling is applied to the clip only.
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from animato.evaluation.consent_clip import MATCH, MIN_FACES, NO_MATCH, STEP
from animato.evaluation.metrics.identity import embedding
from animato.media.reader import open_video
from animato.runtime.engine import Engine
from animato.tracking.face_finder import FaceFinder
from animato.types import Frame

Embedding = NDArray[np.float64]


def small(frame: Frame) -> Frame:
    """Return a frame as a messenger sends it: 160 pixels wide, strongly compressed."""
    size = 160, round(160 * frame.shape[0] / frame.shape[1])
    _, data = cv2.imencode(
        ".jpg", cv2.resize(frame, size, interpolation=cv2.INTER_AREA), [cv2.IMWRITE_JPEG_QUALITY, 30]
    )
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def dark(frame: Frame) -> Frame:
    """Return a frame as a dark room shows it, with noise."""
    noise = np.random.default_rng(0).normal(0, 8, frame.shape)
    return np.clip(frame * 0.3 + noise, 0, 255).astype(np.uint8)


HANDLING: dict[str, Callable[[Frame], Frame]] = {
    "as it is": lambda frame: frame,
    "mirrored": lambda frame: np.ascontiguousarray(frame[:, ::-1]),
    "160 px wide, JPEG 30": small,
    "dark, noisy": dark,
}


def embed(frame: Frame, finder: FaceFinder) -> Embedding | None:
    """Return the embedding of the only face in a frame; None where there is not one."""
    faces = finder.find(frame)
    return embedding(frame, faces[0]) if len(faces) == 1 else None


def frames_of(path: Path) -> list[Frame]:
    """Return two frames a second of a clip."""
    found, due = [], 0.0
    with open_video(path) as video:
        for item in video:
            if item.time >= due:
                found.append(item.image)
                due = item.time + STEP
    return found


def verdict(clip: Iterable[Embedding], reference: Embedding) -> str:
    """Return what `check_clip` says of a clip."""
    cosines = sorted(float(each @ reference) for each in clip)
    cosine = cosines[len(cosines) // 2]
    return "match" if cosine >= MATCH else "no match" if cosine < NO_MATCH else "unsure"


def row(name: str, counts: Counter[str]) -> str:
    """Return a row of the table."""
    total = sum(counts.values())
    cells = [f"{counts[kind]} ({100 * counts[kind] / max(total, 1):.1f} %)" for kind in ("match", "unsure", "no match")]
    return f"| {name} | {total} | " + " | ".join(cells) + " |"


def main() -> None:
    """Embed all clips and pictures and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path)
    data = parser.parse_args().data
    finder = FaceFinder(Engine(1))
    clips: dict[str, list[list[Frame]]] = defaultdict(list)
    for path in sorted((data / "talking").glob("*.mp4")):
        clips[path.stem.partition("_")[0]].append(frames_of(path))
    first = {name: embed(found[0][0], finder) for name, found in clips.items()}
    pictures = [
        found
        for path in sorted((data / "portraits").glob("*.jpg"))
        if (found := embed(np.asarray(Image.open(path).convert("RGB")), finder)) is not None
    ]
    print("| clip | pairs | match | unsure | no match |\n|---|---|---|---|---|")
    for handling, change in HANDLING.items():
        same, other = Counter[str](), Counter[str]()
        for name, found in clips.items():
            for number, clip in enumerate(found):
                seen = [each for frame in clip if (each := embed(change(frame), finder)) is not None]
                if len(seen) < MIN_FACES:
                    other["too few faces"] += 1
                    continue
                # Another clip where there is one, else the later half of this one.
                later = seen if number else seen[len(seen) // 2 :]
                if (number or len(found) == 1) and (reference := first[name]) is not None:
                    same[verdict(later, reference)] += 1
                strangers = [each for person, each in first.items() if person != name and each is not None]
                for reference in (*strangers, *pictures):
                    other[verdict(seen, reference)] += 1
        print(row(f"same person, {handling}", same))
        print(row(f"another person, {handling}", other), flush=True)


if __name__ == "__main__":
    main()
