"""From a person and settings to the square that is animated and the renderer that animates it."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path

from animato.geometry.affine import move_points
from animato.geometry.crop import crop_from_frame, cut, fit_square, head_square
from animato.head.head import Person, PersonPhoto
from animato.head.quality import is_drawn
from animato.pipeline.framing import Framing
from animato.renderers.base import Renderer
from animato.renderers.paper import PaperRenderer, load_paper_person
from animato.renderers.portrait.networks import PersonParameters, PortraitNetworks, portrait_networks
from animato.renderers.portrait.renderer import PortraitRenderer
from animato.renderers.warp.renderer import GeometryRenderer
from animato.runtime.engine import Engine
from animato.settings.animate import AnimateSettings
from animato.types import Frame, Points
from animato.weights.portrait import PortraitWeights
from animato.weights.portrait_person import AFFINE, NetworkArrays, read_portrait_person

LENT_SIDE = 512
"""Side of the crops of photos that lend features to the animated one."""


def make_renderer(
    person: Person,
    settings: AnimateSettings,
    engine: Engine,
    networks: PortraitNetworks | None = None,
    numbers: PersonParameters | None = None,
) -> tuple[Framing, Renderer]:
    """Return what is animated and the renderer that `settings.model` names; a drawn face is moved by geometry alone.

    Args:
        person: whose photos.
        settings: model, person file, frame and size.
        engine: runs the renderer's networks.
        networks: of the portrait renderer, instead of the shipped ones.
        numbers: what adaptation found, instead of a person file.

    Raises:
        InputError: the person file cannot be used.
        MissingPartError: weights or a package that the renderer needs are not installed.
    """
    if settings.model == "paper":
        assert settings.person is not None
        drawn = load_paper_person(settings.person, settings.threads)
        framing = Framing(person.photo, settings, drawn.config.margin)
        return framing, PaperRenderer(drawn, framing.square, framing.points)
    framing = Framing(person.photo, settings)
    plain = settings.person is None and numbers is None and is_drawn(person.photo.image, person.photo.face)
    if settings.model == "geometry" or plain:
        return framing, GeometryRenderer(framing.square, framing.points, framing.extent)
    networks = networks or portrait_networks(engine)
    if settings.person is not None:
        numbers = load_portrait_person(settings.person, networks.weights)
    photos = [(framing.square, framing.points), *(lent_crop(photo) for photo in person.photos[1:])]
    return framing, PortraitRenderer(photos, networks, numbers, framing.extent)


class Preparation:
    """Compiles the shipped networks in a thread, while photos and driver are looked at: half a second to a first frame.

    Used in a `with` block, whose end waits for the thread: also after an error, because a program that ends while a
    thread compiles may crash. What goes wrong in here goes wrong again, and is told, where the networks are needed.

    Args:
        settings: of the main job; for other models, and for a person with weights of their own, nothing is done.
        photos: how many.
        engine: compiles them.
    """

    def __init__(self, settings: AnimateSettings, photos: int, engine: Engine) -> None:
        self._thread: threading.Thread | None = None
        if settings.model == "portrait" and settings.person is None:
            self._thread = threading.Thread(target=_compile, args=(engine, photos), name="compile", daemon=True)
            self._thread.start()

    def __enter__(self) -> Preparation:
        return self

    def __exit__(self, *_problem: object) -> None:
        if self._thread is not None:
            try:
                self._thread.join()
            except KeyboardInterrupt:
                self._thread.join()
                raise


def _compile(engine: Engine, photos: int) -> None:
    with contextlib.suppress(Exception):
        portrait_networks(engine).compile_all(photos)


def load_portrait_person(file: Path, weights: PortraitWeights) -> PersonParameters:
    """Return what a portrait person file holds.

    Args:
        file: the person file.
        weights: that it is used with.

    Raises:
        InputError, FileFormatError: it cannot be read, is another kind, or was made for other weights.
    """
    _, found = read_portrait_person(file, weights)
    return parameters_of(found)


def parameters_of(found: NetworkArrays) -> PersonParameters:
    """Return what adaptation found, network name to arrays, as the renderer takes it."""
    affine = {name: own[AFFINE] for name, own in found.items() if AFFINE in own}
    tuned = {name: {key: array for key, array in own.items() if key != AFFINE} for name, own in found.items()}
    return PersonParameters(affine, tuned)


def lent_crop(photo: PersonPhoto) -> tuple[Frame, Points]:
    """Return a square around the head of a photo, S x S x 3 uint8, and its landmarks in pixels of it."""
    height, width = photo.image.shape[:2]
    square = fit_square(head_square(photo.face.points), width, height)
    crop_from_photo = crop_from_frame(square, LENT_SIDE)
    return cut(photo.image, crop_from_photo, LENT_SIDE), move_points(crop_from_photo, photo.face.points)
