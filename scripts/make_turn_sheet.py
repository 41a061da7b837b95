"""Write the sheets of docs/results/turns.md: twenty pictures, each turned by fixed angles with the default renderer.

python scripts/make_turn_sheet.py ../shared/data ../shared/cases [FOLDER]

The poses go to the renderer as they are: no driver, and none of the limits that apply to a driver's motion. FOLDER
receives every frame at its full size, as NAME-ANGLE.png.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from make_gallery import brushed, picture
from PIL import Image
from skimage.data import astronaut

from animato.geometry.pose import HeadPose, points_from_local, rotation_exp
from animato.head.head import Head
from animato.media.image import save_picture
from animato.motion.neck_limits import PIVOT
from animato.motion.retarget import Target
from animato.pipeline.factory import make_renderer
from animato.runtime.engine import Engine
from animato.runtime.stage_clock import StageClock
from animato.settings.animate import AnimateSettings
from animato.settings.consent import Consent
from animato.tracking.face_finder import FaceFinder
from animato.types import Frame

TARGET = Path(__file__).resolve().parents[1] / "docs" / "results"
SHEETS, ROWS, TILE, QUALITY = 2, 10, 150, 82
"""Number of sheets, pictures on each, side of a tile in pixels, and JPEG quality."""

DEGREES = {
    "yaw-40": (-40, 0), "yaw-20": (-20, 0), "yaw+20": (20, 0), "yaw+40": (40, 0), "pitch-20": (0, -20),
    "pitch+20": (0, 20),
}  # fmt: skip
"""Columns of a sheet: yaw and pitch away from the photo's pose."""

SHOWN = Consent(
    "other",
    statement="The pictures are published for research under the licences named in docs/gallery/README.md; turned "
    "heads without speech show the defects of the method.",
)
BRUSHED, CASE = "brushed:", "case:"
PICTURES = (
    "demo", "portraits/c010f.jpg", "portraits/c053f.jpg", "portraits/c115m.jpg", "portraits/l001_neutral.jpg",
    "portraits/l013_neutral.jpg", "portraits/l021_neutral.jpg", "portraits/l025_neutral.jpg",
    "portraits/l061_neutral.jpg", "portraits/l062_neutral.jpg", "portraits/l092_neutral.jpg",
    "portraits/l120_neutral.jpg", "portraits/l123_neutral.jpg", "portraits/l129_neutral.jpg", "talking/g10_01.mp4",
    "talking/g08_01.mp4", "case:gray.png", "brushed:portraits/l113_neutral.jpg", "parts/p114.mp4@16",
    "case:anime.png",
)  # fmt: skip
"""Files of the data folder; `brushed:` applies a brush-stroke filter, `case:` names a file of the other folder."""


def read(data: Path, cases: Path, name: str) -> Frame:
    """Return one of `PICTURES`, H x W x 3 uint8 RGB."""
    if name == "demo":
        return np.asarray(astronaut(), np.uint8)
    if name.startswith(BRUSHED):
        return brushed(picture(data, name.removeprefix(BRUSHED)))
    return picture(cases, name.removeprefix(CASE)) if name.startswith(CASE) else picture(data, name)


def turned(pose: HeadPose, yaw: float, pitch: float) -> HeadPose:
    """Return a pose turned about the neck's pivot, by degrees; positive yaw shows the head's left side less."""
    rotation = rotation_exp(np.radians([pitch, yaw, 0.0])) @ pose.rotation
    moved = pose.scale * (pose.rotation @ PIVOT - rotation @ PIVOT)
    return HeadPose(rotation, pose.translation + moved, pose.scale)


def turns(image: Frame, finder: FaceFinder) -> Iterator[Frame]:
    """Yield the animated square of a picture, then one frame for each of `DEGREES`, all S x S x 3 uint8 RGB."""
    settings = AnimateSettings(frame="crop", threads=1)
    framing, renderer = make_renderer(Head.from_photos([image], consent=SHOWN, finder=finder), settings, finder.engine)
    view, clock = framing.view, StageClock()
    yield view.image
    for yaw, pitch in DEGREES.values():
        pose = turned(view.pose, yaw, pitch)
        yield renderer.warp(Target(points_from_local(view.local, pose), pose), clock)(clock).image


def labelled(frames: Sequence[Frame], name: str) -> Frame:
    """Return one row of a sheet with its name, TILE x (TILE N) x 3 uint8 RGB."""
    row = np.hstack([cv2.resize(frame, (TILE, TILE), interpolation=cv2.INTER_AREA) for frame in frames])
    for colour, width in (((255, 255, 255), 3), ((0, 0, 0), 1)):
        cv2.putText(row, name, (3, TILE - 5), cv2.FONT_HERSHEY_SIMPLEX, 0.38, colour, width, cv2.LINE_AA)
    return np.asarray(row, np.uint8)


def short(name: str) -> str:
    """Return the name of a picture on a sheet."""
    stem = Path(name.removeprefix(CASE).removeprefix(BRUSHED).partition("@")[0]).stem.removesuffix("_neutral")
    return f"{stem}, brushed" if name.startswith(BRUSHED) else stem


def main(data: Path, cases: Path, folder: Path | None) -> None:
    """Write docs/results/turns-1.jpg and turns-2.jpg."""
    finder, rows = FaceFinder(Engine(1)), []
    for name in PICTURES:
        frames = list(turns(read(data, cases, name), finder))
        rows.append(labelled(frames, short(name)))
        print(short(name), flush=True)
        for angle, frame in zip(("photo", *DEGREES), frames, strict=True):
            if folder is not None:
                save_picture(folder / f"{short(name).replace(', ', '-')}-{angle}.png", frame)
    for number in range(SHEETS):
        sheet = np.vstack(rows[ROWS * number : ROWS * (number + 1)])
        Image.fromarray(sheet).save(TARGET / f"turns-{number + 1}.jpg", quality=QUALITY, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]) if len(sys.argv) > 3 else None)
