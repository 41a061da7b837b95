"""Build a scene from heads, drivers and settings."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from animato.drivers.base import Driver
from animato.head.head import Head
from animato.pipeline.actor import Actor, Cast, Scene, output_rate
from animato.pipeline.compositor import Compositor, Placement
from animato.pipeline.framing import Framing, frame_head, source_view
from animato.renderers.base import Renderer
from animato.renderers.paper import PaperRenderer, load_paper_person
from animato.renderers.portrait.networks import PersonParameters, PortraitNetworks, portrait_networks
from animato.renderers.portrait.renderer import PortraitRenderer
from animato.renderers.warp.renderer import GeometryRenderer
from animato.runtime.engine import Engine
from animato.settings.animate import AnimateSettings
from animato.types import Frame
from animato.weights.portrait import PortraitWeights
from animato.weights.portrait_person import AFFINE, NetworkArrays, read_portrait_person


def build_scene(cast: Sequence[Cast], settings: AnimateSettings, engine: Engine) -> tuple[Scene, list[str]]:
    """Connect the parts of a rendering.

    Heads from one and the same photo move in it together. Of several photos, each is a column of the output, as high
    as the first.

    Args:
        cast: each head with its driver.
        settings: of the whole rendering.
        engine: runs the networks.

    Returns:
        (the scene, sentences about what was resized).

    Raises:
        InputError: the person file cannot be used.
        MissingPartError: weights or a package that the renderer needs are not installed.
    """
    made = [make_renderer(head, settings, engine) for head, _ in cast]
    framings = [framing for framing, _ in made]
    base, placements = _arranged([head.photo.sha256 for head, _ in cast], framings)
    actors = tuple(
        Actor.of(framing.view, member.driver, renderer, settings)
        for member, (framing, renderer) in zip(cast, made, strict=True)
    )
    rate = max(output_rate(member.driver.fps, settings.fps) for member in cast)
    warnings = [sentence for framing in framings for sentence in framing.warnings]
    return Scene(actors, Compositor(base, placements), rate, engine.threads), list(dict.fromkeys(warnings))


def one_actor(framing: Framing, driver: Driver, renderer: Renderer, settings: AnimateSettings) -> Scene:
    """Return a scene of one head with an existing renderer.

    Args:
        framing: of the head.
        driver: opened.
        renderer: of the framing's view.
        settings: of the rendering.
    """
    actor = Actor.of(framing.view, driver, renderer, settings)
    rate = output_rate(driver.fps, settings.fps)
    return Scene((actor,), Compositor(framing.base, [framing.placement]), rate, settings.threads)


def _arranged(photos: Sequence[str], framings: Sequence[Framing]) -> tuple[Frame | None, list[Placement]]:
    """Return the base of a scene, and where each head lies in it.

    Args:
        photos: SHA-256 of each head's photo.
        framings: of the heads.
    """
    if len(framings) == 1:
        return framings[0].base, [framings[0].placement]
    bases: list[Frame] = []
    columns: dict[str, int] = {}
    for photo, framing in zip(photos, framings, strict=True):
        if framing.base is None or photo not in columns:
            columns[photo] = len(bases)
            bases.append(_base_of(framing))
    height = bases[0].shape[0]
    scales = [height / base.shape[0] for base in bases]
    fitted = [_scaled(base, height) for base in bases]
    lefts = np.cumsum([0, *(base.shape[1] for base in fitted)])
    placements = []
    for number, (photo, framing) in enumerate(zip(photos, framings, strict=True)):
        column = number if framing.base is None else columns[photo]
        left, top, side = (round(value * scales[column]) for value in framing.placement)
        placements.append(Placement(left + int(lefts[column]), top, side))
    return np.ascontiguousarray(np.concatenate(fitted, axis=1)), placements


def _base_of(framing: Framing) -> Frame:
    if framing.base is not None:
        return framing.base
    side = framing.placement.side
    return np.asarray(cv2.resize(framing.view.image, (side, side), interpolation=cv2.INTER_CUBIC), np.uint8)


def _scaled(base: Frame, height: int) -> Frame:
    """Return a picture at a height; its width is even, as video needs it."""
    if base.shape[0] == height:
        return base
    width = max(2, round(base.shape[1] * height / base.shape[0] / 2) * 2)
    method = cv2.INTER_AREA if height < base.shape[0] else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(base, (width, height), interpolation=method), np.uint8)


def make_renderer(
    head: Head,
    settings: AnimateSettings,
    engine: Engine,
    networks: PortraitNetworks | None = None,
    parameters: PersonParameters | None = None,
) -> tuple[Framing, Renderer]:
    """Return what is animated and the renderer that `settings.model` names; a drawn face is moved by geometry alone.

    Args:
        head: whose photos.
        settings: model, person file, frame and size.
        engine: runs the renderer's networks.
        networks: of the portrait renderer, instead of the shipped ones.
        parameters: what adaptation found, instead of a person file.

    Raises:
        InputError: the person file cannot be used.
        MissingPartError: weights or a package that the renderer needs are not installed.
    """
    if settings.model == "paper":
        assert settings.person is not None
        drawn = load_paper_person(settings.person)
        framing = frame_head(head.photo, settings, drawn.config.margin)
        return framing, PaperRenderer(drawn, framing.view, settings.threads)
    framing = frame_head(head.photo, settings)
    plain = settings.person is None and parameters is None and head.photo.drawn
    if settings.model == "geometry" or plain:
        return framing, GeometryRenderer(framing.view)
    networks = networks or portrait_networks(engine)
    if settings.person is not None:
        parameters = load_portrait_person(settings.person, networks.weights)
    views = [framing.view, *(source_view(photo) for photo in head.photos[1:])]
    return framing, PortraitRenderer(views, networks, parameters)


class Preparation:
    """Compile the shipped networks in a thread while photos and driver are analysed; saves half a second.

    Used in a `with` block, whose end joins the thread, also after an error or a signal that arrives while it starts:
    a program that exits while a thread compiles may crash or hang. Errors in here occur again where the networks are
    used.

    Args:
        settings: of the main job; for other models, adapted people and one thread nothing is done.
        photos: how many.
        engine: compiles them.
    """

    def __init__(self, settings: AnimateSettings, photos: int, engine: Engine) -> None:
        self._thread: threading.Thread | None = None
        if settings.model == "portrait" and settings.person is None and settings.threads > 1:
            self._thread = threading.Thread(target=_compile, args=(engine, photos), name="compile", daemon=True)

    def __enter__(self) -> Preparation:
        try:
            if self._thread is not None:
                self._thread.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_problem: object) -> None:
        if self._thread is not None and self._thread.ident is not None:
            try:
                self._thread.join()
            except KeyboardInterrupt:
                self._thread.join()
                raise


def _compile(engine: Engine, photos: int) -> None:
    with contextlib.suppress(Exception):
        portrait_networks(engine).compile_all(photos)


def load_portrait_person(file: Path, weights: PortraitWeights) -> PersonParameters:
    """Return the contents of a portrait person file.

    Args:
        file: the person file.
        weights: that it is used with.

    Raises:
        InputError, FileFormatError: it cannot be read, is another kind, or was made for other weights.
    """
    _, found = read_portrait_person(file, weights)
    return parameters_of(found)


def parameters_of(found: NetworkArrays) -> PersonParameters:
    """Return the adapted weights for the renderer: network name to arrays."""
    affine = {name: own[AFFINE] for name, own in found.items() if AFFINE in own}
    tuned = {name: {key: array for key, array in own.items() if key != AFFINE} for name, own in found.items()}
    return PersonParameters(affine, tuned)
