"""Write the contact sheet of docs/controls.md: the controls on five pictures, with the default renderer.

    python scripts/make_controls_sheet.py ../shared/data [FILE]

With FILE every control is shown at its lowest, half and highest value, one page below the other.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
from make_gallery import brushed, picture
from PIL import Image

import animato
from animato.motion.controls import motion_of, neutral_measures
from animato.pipeline.demo import demo_photo
from animato.settings.controls import CONTROLS, NEUTRALISE
from animato.types import Frame

SHEET = Path(__file__).resolve().parents[1] / "docs" / "results" / "controls.jpg"
TILE, QUALITY = 112, 82
"""Side of a tile in pixels, and JPEG quality."""
MIDDLE = (70, 450, 66, 446)
"""Top, bottom, left and right of what is shown of a crop of 512 pixels: the head."""
BRUSHED = "brushed:"
PICTURES = (
    "demo", "brushed:portraits/l113_neutral.jpg", "portraits/c110m.jpg", "portraits/l120_neutral.jpg",
    "parts/p114.mp4@16",
)  # fmt: skip
"""A drawn man, a portrait with brush strokes, a beard, long hair, and a turned head."""
COLUMNS: tuple[Mapping[str, float], ...] = (
    {}, {"yaw": 20}, {"blink": 1}, {"wink_left": 1}, {"gaze_x": 25}, {"brows": 1}, {"brows": -1}, {"jaw_open": 1},
    {"smile": 1}, {"smile": 0.9, "jaw_open": 0.4}, {"pout": 1}, {"ee": 1}, {"oo": 1},
)  # fmt: skip


def main(data: Path, full: Path | None) -> None:
    """Write the sheet, or all values of all controls to `full`."""
    columns = COLUMNS if full is None else tuple(every_value())
    pages = [tiles_of(load(data, name), columns) for name in PICTURES]
    if full is None:
        rows = [labels(columns), *(np.hstack(page) for page in pages)]
    else:
        rows = [lines for page in pages for lines in wrapped(page, columns)]
    Image.fromarray(np.vstack(rows)).save(full or SHEET, quality=QUALITY)


def every_value() -> list[Mapping[str, float]]:
    """Return rest, and each control at its lowest, half and highest value."""
    values: list[Mapping[str, float]] = [{}]
    for control in CONTROLS:
        if control.name != NEUTRALISE:
            steps = sorted({control.low, control.high / 2, control.high} - {control.default})
            values += [{control.name: step} for step in steps]
    return values


def load(data: Path, name: str) -> Frame:
    """Return a picture, H x W x 3 uint8 RGB."""
    if name == "demo":
        return demo_photo()
    image = picture(data, name.removeprefix(BRUSHED))
    return brushed(image) if name.startswith(BRUSHED) else image


def tiles_of(image: Frame, columns: Sequence[Mapping[str, float]]) -> list[Frame]:
    """Return the picture with each expression, TILE x TILE x 3 uint8 RGB."""
    top, bottom, left, right = MIDDLE
    with animato.Animator() as animator:
        head = animator.head(image, consent="other")
        with animato.interactive(
            head, frame="crop", size=512, turn="free", animator=animator, neutral=neutral_measures()
        ) as face:
            crops = [face.frame(motion_of(controls))[top:bottom, left:right] for controls in columns]
    return [np.asarray(cv2.resize(crop, (TILE, TILE), interpolation=cv2.INTER_AREA)) for crop in crops]


def labels(columns: Sequence[Mapping[str, float]]) -> Frame:
    """Return a row with the names of the controls."""
    row = np.full((20, TILE * len(columns), 3), 255, np.uint8)
    for index, controls in enumerate(columns):
        text = " ".join(f"{name} {value:g}" for name, value in controls.items()) or "rest"
        size = 0.36 if len(text) < 16 else 0.3
        cv2.putText(row, text, (TILE * index + 3, 14), cv2.FONT_HERSHEY_SIMPLEX, size, (0, 0, 0), 1, cv2.LINE_AA)
    return row


def wrapped(tiles: Sequence[Frame], columns: Sequence[Mapping[str, float]], count: int = 11) -> list[Frame]:
    """Return labelled rows of `count` tiles each."""
    rows = []
    for start in range(0, len(tiles), count):
        shown, named = list(tiles[start : start + count]), list(columns[start : start + count])
        shown += [np.full((TILE, TILE, 3), 255, np.uint8)] * (count - len(shown))
        rows += [labels([*named, *({},) * (count - len(named))]), np.hstack(shown)]
    return rows


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
