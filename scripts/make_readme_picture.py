"""Make docs/gallery/moving.gif, the animation at the top of the README: four people, one driver.

python scripts/make_readme_picture.py ../shared/data

Like every output, the gif is watermarked, and signed with the photos and the driver as ingredients.
"""

from __future__ import annotations

import itertools
import sys
import tempfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from make_gallery import TARGET
from PIL import Image, ImageDraw, ImageFont

from animato.api import animate
from animato.media.image import load_picture, save_picture
from animato.media.reader import open_video
from animato.pipeline.demo import demo_consent, demo_photo
from animato.pipeline.output import Output, OutputPlan
from animato.runtime.stage_clock import StageClock
from animato.settings.animate import AnimateSettings
from animato.settings.consent import Consent
from animato.trust.claim import Claim, Ingredient
from animato.trust.credentials import sign_output
from animato.trust.metadata import comment_text, source_type
from animato.trust.payload import MarkPayload
from animato.types import Frame

PEOPLE = ("demo", "portraits/l024_neutral.jpg", "portraits/l032_neutral.jpg", "portraits/l120_smiling.jpg")
"""None of them is in the training split of the shipped weights."""

DRIVER = "talking/g18_03.mp4"
DRIVER_CROP = (0.03, 0.04, 0.94)
CROP = (0.1, 0.07, 0.8)
"""Left, top and side of the displayed square relative to the image side, for the driver and for the results."""

LONDON_SET = Consent(
    "other",
    statement="The people of the Face Research Lab London Set, all adults, signed consent to the use of their pictures "
    "in original or altered form, to illustrate research (DeBruine, Jones 2017).",
)
FPS = Fraction(25, 2)
TILE = 208
GAP = 4
STRIP = 22
WHITE = 255


def tile(picture: Frame, crop: tuple[float, float, float]) -> Frame:
    """Crop a square from a square image and resize it to TILE pixels."""
    left, top, side = (round(share * len(picture)) for share in crop)
    cut = picture[top : top + side, left : left + side]
    return np.asarray(cv2.resize(cut, (TILE, TILE), interpolation=cv2.INTER_AREA), np.uint8)


def ground_of(photo: Path) -> Consent:
    """Return the ground on which a photo is animated."""
    return demo_consent() if photo.stem == "demo" else LONDON_SET


def square_of(photo: Path, folder: Path) -> Frame:
    """Return the animated square of a photo: its first, neutral frame."""
    still = folder / f"{photo.stem}-still.mp4"
    at_rest = AnimateSettings(frame="crop", model="geometry", neutralise=0, pose=0, mouth=0, eyes=0, brows=0, fps=1)
    animate([photo], "nod", still, at_rest, consent=ground_of(photo))
    with open_video(still) as reader:
        return next(iter(reader)).image


def canvas(photos: list[Frame]) -> Frame:
    """Return the static background: photos in the upper row, captions, and white tiles."""
    width = (len(photos) + 1) * (TILE + GAP) - GAP
    page = Image.new("RGB", (width, 2 * TILE + GAP + STRIP), (WHITE,) * 3)
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(15)
    draw.text((TILE - 8, TILE // 2), "photos", "black", font, anchor="rm")
    draw.text((TILE // 2, TILE - 8), "driver", "black", font, anchor="mb")
    caption = "made with animato, AI-generated"
    draw.text((width, 2 * TILE + GAP + STRIP), caption, "black", font, anchor="rd")
    drawn = np.array(page)
    for column, photo in enumerate(photos, 1):
        drawn[:TILE, column * (TILE + GAP) : column * (TILE + GAP) + TILE] = photo
    return drawn


def composed(base: Frame, driver: Path, results: list[Path]) -> Iterator[Frame]:
    """Yield the frames with driver and results in the lower row, up to the end of the shortest one."""
    readers = [open_video(path) for path in (driver, *results)]
    step = round(25 / FPS)
    with readers[0], readers[1], readers[2], readers[3], readers[4]:
        for moment in itertools.islice(zip(*readers, strict=False), 0, None, step):
            frame = base.copy()
            for column, part in enumerate(moment):
                x = column * (TILE + GAP)
                picture = tile(part.image, CROP if column else DRIVER_CROP)
                frame[TILE + GAP : 2 * TILE + GAP, x : x + TILE] = picture
            yield frame


def main(data: Path) -> None:
    """Animate all photos and write the gif."""
    target, driver = TARGET / "moving.gif", data / DRIVER
    settings = AnimateSettings(frame="crop", sound=False)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        photos = []
        for person in PEOPLE:
            photos.append(folder / f"{Path(person).stem}.png")
            save_picture(photos[-1], demo_photo() if person == "demo" else load_picture(data / person).image)
        results = [folder / f"{photo.stem}.mp4" for photo in photos]
        for photo, result in zip(photos, results, strict=True):
            print(*animate([photo], driver, result, settings, consent=ground_of(photo)).warnings, sep="\n")
        base = canvas([tile(square_of(photo, folder), CROP) for photo in photos])
        inputs = (*(Ingredient.from_file(p, "photo") for p in photos), Ingredient.from_file(driver, "driver"))

        def sign(unsigned: Path, signed: Path, payload: MarkPayload) -> None:
            consents = tuple(ground_of(photo).public() for photo in photos)
            claim = Claim(source_type(True), payload, inputs, vars(settings), consents=consents)
            sign_output(unsigned, signed, claim, settings)

        height, width = base.shape[:2]
        plan = OutputPlan(target, width, height, FPS, None, settings.crf, 1, None, comment_text(True), True)
        with Output(plan, StageClock()) as output:
            for frame in composed(base, driver, results):
                output.write(frame)
            output.finish(sign)
    print(f"{target.name}: {target.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
