"""Small pictures of what each renderer makes, from packaged material alone; `python tests/golden/golden_pictures.py`
writes them anew after a change that is meant to change them."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from PIL import Image
from skimage import data

from animato.drivers.opening import open_driver
from animato.drivers.video import VideoDriver
from animato.geometry.affine import move_points
from animato.geometry.crop import crop_from_frame, cut, head_square
from animato.head.head import Head
from animato.head.view import HeadView
from animato.media.writer import open_writer
from animato.motion.bundled import find_driver
from animato.motion.retarget import Target
from animato.pipeline.actor import Cast
from animato.pipeline.factory import build_scene
from animato.pipeline.flow import frames_of
from animato.runtime.engine import Engine
from animato.runtime.stage_clock import StageClock
from animato.settings.animate import AnimateSettings
from animato.settings.consent import Consent
from animato.tracking.face_finder import FaceFinder
from animato.types import Frame

FOLDER = Path(__file__).resolve().parent
FACES = FOLDER.parent / "faces"
SIDE = 256

TEST = Consent("other", statement="These heads are made for a test of animato, to be compared with stored pictures.")


def small(frame: Frame) -> Frame:
    """Reduce a 512 px crop to the size that is kept."""
    return np.asarray(cv2.resize(frame, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def second_face() -> Frame:
    """Another face than scikit-image's: l120 of the London Set (Face Research Lab, CC BY 4.0)."""
    with Image.open(FACES / "l120.png") as picture:
        face = picture.convert("RGB").resize((416, 416), Image.Resampling.BICUBIC)
    return np.array(face, np.uint8)


def rendered(photo: Frame, driver: str | Path, second: float, engine: Engine, **options: object) -> Frame:
    """Return the unmarked crop of a photo at one second of a driver."""
    settings = AnimateSettings(frame="crop", end=second + 0.21, fps=25.0, threads=engine.threads, **options)  # type: ignore[arg-type]
    finder = FaceFinder(engine)
    head = Head.from_photos(photo, consent=TEST, finder=finder)
    cast = [Cast(head, open_driver(find_driver(str(driver)), settings, finder))]
    frames = list(frames_of(build_scene(cast, settings, engine)[0], StageClock()))
    return small(frames[round(second * 25)])


def portrait_opens_its_mouth(engine: Engine, _folder: Path) -> Frame:
    """The portrait renderer paints teeth and closes nothing."""
    return rendered(np.array(data.astronaut()), "talk", 1.56, engine)


def portrait_blinks(engine: Engine, _folder: Path) -> Frame:
    """The portrait renderer closes lids."""
    return rendered(np.array(data.astronaut()), "blink", 0.6, engine)


def geometry_turns(engine: Engine, _folder: Path) -> Frame:
    """The geometry renderer copies a head that turns and looks aside."""
    return rendered(np.array(data.astronaut()), "look", 0.8, engine, model="geometry")


def another_person_drives(engine: Engine, folder: Path) -> Frame:
    """A video of another face drives the portrait, through the tracker."""
    settings = AnimateSettings(frame="crop", start=1.0, end=1.8, fps=25.0, threads=engine.threads)
    finder = FaceFinder(engine)
    cast = [
        Cast(
            Head.from_photos(second_face(), consent=TEST, finder=finder),
            open_driver(find_driver("talk"), settings, finder),
        )
    ]
    clip = folder / "second.mp4"
    with open_writer(clip, width=512, height=512, fps=cast[0].driver.fps) as writer:
        for frame in frames_of(build_scene(cast, settings, engine)[0], StageClock()):
            writer.write(frame)
    driver = VideoDriver(clip, replace(settings, start=0.0, end=None), finder)
    scene, _ = build_scene(
        [Cast(Head.from_photos(np.array(data.astronaut()), consent=TEST, finder=finder), driver)], settings, engine
    )
    return small(list(frames_of(scene, StageClock()))[14])


def paper_draws(engine: Engine, _folder: Path) -> Frame:
    """A paper generator draws the square; its weights come from NumPy, whose streams are the same everywhere."""
    import torch

    from animato.models.paper.config import PaperConfig
    from animato.models.paper.generator import Generator
    from animato.models.paper.runtime import PaperPerson
    from animato.renderers.paper import PaperRenderer

    config = PaperConfig(size=64, channels=8, max_channels=16, embed=8, down_blocks=2, residual_blocks=1)
    generator, random = Generator(config), np.random.default_rng(3)
    arrays = PaperPerson(generator, torch.zeros(1, generator.affine_count)).arrays()
    drawn = {name: random.normal(0.0, 0.15, array.shape).astype(np.float32) for name, array in sorted(arrays.items())}
    person = PaperPerson.from_arrays(config.as_json(), drawn, "golden")
    picture = np.array(data.astronaut())
    (face,) = FaceFinder(engine).find(picture)
    crop_from_photo = crop_from_frame(head_square(face.points), SIDE)
    view = HeadView(cut(picture, crop_from_photo, SIDE), move_points(crop_from_photo, face.points))
    clock = StageClock()
    return PaperRenderer(person, view, 1).warp(Target(view.points, view.pose), clock)(clock).image


PICTURES: dict[str, Callable[[Engine, Path], Frame]] = {
    "portrait-mouth": portrait_opens_its_mouth,
    "portrait-blink": portrait_blinks,
    "geometry-turn": geometry_turns,
    "cross-person": another_person_drives,
    "paper": paper_draws,
}


def path_of(name: str) -> Path:
    """Return where a picture is kept."""
    return FOLDER / f"{name}.png"


def main() -> None:
    """Write every picture anew, or those named."""
    engine = Engine(1)
    for name in sys.argv[1:] or PICTURES:
        with tempfile.TemporaryDirectory() as folder:
            Image.fromarray(PICTURES[name](engine, Path(folder))).save(path_of(name), optimize=True)
        print(path_of(name))


if __name__ == "__main__":
    main()
