"""Write the contact sheets of docs/gallery: each photo animated by another person's clip.

python scripts/make_gallery.py ../shared/data
"""

from __future__ import annotations

import itertools
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np

from animato.api import animate
from animato.media.image import load_picture, save_picture
from animato.media.reader import open_video
from animato.pipeline.demo import demo_photo
from animato.settings.animate import AnimateSettings
from animato.settings.consent import Consent
from animato.types import Frame

TARGET = Path(__file__).resolve().parents[1] / "docs" / "gallery"
COLUMNS = 6
HEIGHT = 250
LONDON_SET = Consent(
    "other",
    statement="The people of the Face Research Lab London Set, all adults, signed consent to the use of their pictures "
    "in original or altered form, to illustrate research (DeBruine, Jones 2017).",
)
RENDERED = Consent("not-a-person")
"""Grounds of the gallery. People of sets whose consent is not known are drivers only, and are not animated."""

# Except for the drivers, no person shown is in the training split of the shipped weights.
PAIRS = (
    ("demo-portrait", "demo", "talking/g01_01.mp4", "crop"),
    ("portrait-l006", "portraits/l006_neutral.jpg", "talking/g17_01.mp4", "photo"),
    ("portrait-l024", "portraits/l024_neutral.jpg", "talking/g12_01.mp4", "photo"),
    ("portrait-l032", "portraits/l032_neutral.jpg", "talking/g15_01.mp4", "crop"),
    ("long-hair-turned-l120", "portraits/l120_neutral.jpg", "rendered/r010.mp4", "crop"),
    ("brushed-l113", "portraits/l113_neutral.jpg", "talking/g09_01.mp4", "crop"),
    (
        "three-photos-r175",
        "rendered/r175.mp4 rendered/r175.mp4@18 rendered/r175.mp4@24",
        "rendered/r010.mp4",
        "crop",
    ),
    ("two-photos-l113", "portraits/l113_neutral.jpg portraits/l113_smiling.jpg", "talking/g11_01.mp4", "crop"),
)
BRUSHED = "brushed-"
"""Sheets with photos filtered by `brushed`, as no openly licensed painting was available."""


def brushed(photo: Frame, radius: int = 3, shades: int = 18) -> Frame:
    """Apply a brush-stroke filter: the mean colour of the most frequent local shade, with canvas texture."""
    light = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY).astype(int) * shades // 256
    side = (2 * radius + 1, 2 * radius + 1)
    highest_count, filtered = np.zeros(light.shape, np.float32), photo.astype(np.float32)
    for shade in range(shades):
        in_shade = (light == shade).astype(np.float32)
        count = cv2.boxFilter(in_shade, -1, side, normalize=False)
        colour = cv2.boxFilter(photo.astype(np.float32) * in_shade[..., None], -1, side, normalize=False)
        is_most_frequent = count > highest_count
        highest_count[is_most_frequent] = count[is_most_frequent]
        filtered[is_most_frequent] = (colour / np.maximum(count, 1)[..., None])[is_most_frequent]
    grain = np.random.default_rng(0).normal(0, 14, light.shape).astype(np.float32)
    canvas = cv2.GaussianBlur(grain, (0, 0), 1.2) - cv2.GaussianBlur(grain, (0, 0), 3)
    toned = filtered * np.array([1.02, 0.93, 0.78], np.float32) + 12 + canvas[..., None]
    return np.asarray(np.clip(toned, 0, 255), np.uint8)


def frames_at(video: Path, shares: np.ndarray) -> list[Frame]:
    """Return frames of a video at relative times in [0, 1], HEIGHT pixels high."""
    with open_video(video) as reader:
        frames = [frame.image for frame in reader]
    chosen = [frames[min(int(share * len(frames)), len(frames) - 1)] for share in shares]
    return [at_height(frame) for frame in chosen]


def at_height(frame: Frame) -> Frame:
    """Resize an image to HEIGHT pixels high."""
    width = round(frame.shape[1] * HEIGHT / frame.shape[0])
    return np.asarray(cv2.resize(frame, (width, HEIGHT), interpolation=cv2.INTER_AREA))


def picture(data: Path, name: str) -> Frame:
    """Load an image, the first frame of a video, or frame N (from 0) for `VIDEO@N`."""
    file, _, number = name.partition("@")
    if file.endswith(".mp4"):
        with open_video(data / file) as reader:
            return next(itertools.islice(reader, int(number or 0), None)).image
    return load_picture(data / file).image


def row(tiles: list[Frame], width: int) -> Frame:
    """Arrange tiles in a row, each centred in a cell of the given width."""
    cells = []
    for tile in tiles:
        cell = np.full((HEIGHT + 4, width + 4, 3), 245, np.uint8)
        left = (width - tile.shape[1]) // 2
        cell[2 : 2 + HEIGHT, 2 + left : 2 + left + tile.shape[1]] = tile
        cells.append(cell)
    return np.hstack(cells)


def main(data: Path, only: list[str]) -> None:
    """Write one sheet per pair: the driver above, the result below; photos are the first column."""
    TARGET.mkdir(parents=True, exist_ok=True)
    for name, person, driver, frame in PAIRS:
        if only and name not in only:
            continue
        photos = [demo_photo()] if person == "demo" else [picture(data, part) for part in person.split()]
        if name.startswith(BRUSHED):
            photos = [brushed(photo) for photo in photos]
        with tempfile.TemporaryDirectory() as folder:
            output = Path(folder) / "out.mp4"
            ground = LONDON_SET if person.startswith("portraits/l") else RENDERED
            settings = AnimateSettings(frame=frame, sound=False)
            result = animate(photos, data / driver, output, settings, consent=ground)
            shares = np.linspace(0.04, 0.96, COLUMNS)
            driver_frames, output_frames = frames_at(data / driver, shares), frames_at(output, shares)
        first, *other_photos = (at_height(photo) for photo in photos)
        corner = other_photos[0] if other_photos else np.full_like(first, 245)
        width = max(tile.shape[1] for tile in [first, corner, *driver_frames, *output_frames])
        sheet = np.vstack([row([corner, *driver_frames], width), row([first, *output_frames], width)])
        save_picture(TARGET / f"{name}.jpg", sheet)
        print(f"{name}: jitter {result.jitter:.2f}, driver {result.driver_jitter:.2f}; {'; '.join(result.warnings)}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
