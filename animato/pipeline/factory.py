"""Build a scene from heads, drivers and settings."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from animato.drivers.base import Driver
from animato.errors import UsageError
from animato.head.drawn_mouth import on_drawn_line
from animato.head.drawn_parts import read_drawn_parts
from animato.head.head import Head
from animato.head.view import HeadView
from animato.pipeline.actor import Actor, Cast, Scene, output_rate
from animato.pipeline.compositor import Compositor, Placement
from animato.pipeline.consent import person_consent
from animato.pipeline.cut_out_compositor import check_outline, cut_out_compositor
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
    """Build the scene of a render.

    Heads from the same photo are animated in it together. Different photos become columns of the output, scaled to the
    height of the first.

    Args:
        cast: each head with its driver.
        settings: of the whole render.
        engine: runs the networks.

    Returns:
        (the scene, warnings about resizing).

    Raises:
        UsageError: several heads, and a background other than that of their photos.
        InputError: the person file or the background cannot be used, or the person's outline is unsure.
        MissingPartError: weights or a package that the renderer needs are not installed.
    """
    if settings.background != "keep" and len(cast) > 1:
        raise UsageError("`background` works with one head", hint="one video for each head")
    framings, renderers = zip(
        *(member.made or make_renderer(member.head, settings, engine) for member in cast), strict=True
    )
    warnings = [sentence for framing in framings for sentence in framing.warnings]
    if settings.background == "keep":
        compositor = Compositor(*_layout([member.head.photo.sha256 for member in cast], framings))
    else:
        compositor, notes = cut_out_compositor(framings[0], cast[0].head.photo.name, settings, engine)
        warnings += notes
    actors = tuple(
        Actor.of(framing, member.driver, renderer, settings)
        for member, framing, renderer in zip(cast, framings, renderers, strict=True)
    )
    rate = max(output_rate(member.driver.fps, settings.fps) for member in cast)
    return Scene(actors, compositor, rate, engine.threads), list(dict.fromkeys(warnings))


def single_actor_scene(framing: Framing, driver: Driver, renderer: Renderer, settings: AnimateSettings) -> Scene:
    """Return a scene of one head with a given renderer.

    Args:
        framing: of the head.
        driver: an opened driver.
        renderer: made for the framing's view.
        settings: of the render.
    """
    actor = Actor.of(framing, driver, renderer, settings)
    rate = output_rate(driver.fps, settings.fps)
    return Scene((actor,), Compositor(framing.base, [framing.placement]), rate, settings.threads)


def _layout(photos: Sequence[str], framings: Sequence[Framing]) -> tuple[Frame | None, list[Placement]]:
    """Return the base of a scene and the placement of each head in it.

    Args:
        photos: SHA-256 of each head's photo.
        framings: one per head.
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
    scaled = [_scaled(base, height) for base in bases]
    lefts = np.cumsum([0, *(base.shape[1] for base in scaled)])
    placements = []
    for index, (photo, framing) in enumerate(zip(photos, framings, strict=True)):
        column = index if framing.base is None else columns[photo]
        left, top, side = (round(value * scales[column]) for value in framing.placement)
        placements.append(Placement(left + int(lefts[column]), top, side))
    return np.ascontiguousarray(np.concatenate(scaled, axis=1)), placements


def _base_of(framing: Framing) -> Frame:
    if framing.base is not None:
        return framing.base
    side = framing.placement.side
    return np.asarray(cv2.resize(framing.view.image, (side, side), interpolation=cv2.INTER_CUBIC), np.uint8)


def _scaled(base: Frame, height: int) -> Frame:
    """Return an image scaled to a height; the width is even, as video codecs require."""
    if base.shape[0] == height:
        return base
    width = max(2, round(base.shape[1] * height / base.shape[0] / 2) * 2)
    interpolation = cv2.INTER_AREA if height < base.shape[0] else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(base, (width, height), interpolation=interpolation), np.uint8)


def make_renderer(
    head: Head,
    settings: AnimateSettings,
    engine: Engine,
    networks: PortraitNetworks | None = None,
    parameters: PersonParameters | None = None,
) -> tuple[Framing, Renderer]:
    """Return the framing of a head and the renderer selected by `settings.model`.

    Drawings and paintings are rendered by geometry alone, unless the networks were adapted to the person.

    Args:
        head: the head to animate.
        settings: model, person file, frame and size.
        engine: runs the renderer's networks.
        networks: of the portrait renderer; None for the shipped ones.
        parameters: adapted weights, used if there is no person file.

    Raises:
        RefusedError: the consent for the head or the person file has expired or was revoked.
        InputError: the person file cannot be used.
        PictureError: the background is to be replaced, and the outline of the person is not known.
        MissingPartError: weights or a package that the renderer needs are not installed.
    """
    head.check_consent()
    if settings.person is not None:
        person_consent(settings.person)
    if settings.model == "paper":
        assert settings.person is not None
        person = load_paper_person(settings.person)
        framing = frame_head(head.photo, settings, person.config.margin)
        return framing, PaperRenderer(person, framing.view, settings.threads)
    framing = frame_head(head.photo, settings)
    drawing = settings.person is None and parameters is None and head.photo.drawn
    if drawing:
        # Of a drawing the parts network knows nothing.
        points = on_drawn_line(framing.view.image, framing.view.points)
        parts = read_drawn_parts(framing.view.image, points, framing.view.pose)
        framing = replace(framing, view=replace(framing.view, points=points, parts=parts, drawing=True))
    cut_out = settings.background != "keep"
    if cut_out:
        check_outline(framing.view, head.photo.name, drawing)
    warnings = (*framing.warnings, *_outline_warning(framing.view, head.photo.name))
    framing = replace(framing, warnings=warnings, turn=head.supported_turn(framing.view.is_closed))
    if settings.model == "geometry" or drawing:
        return framing, GeometryRenderer(framing.view, cut_out)
    networks = networks or portrait_networks(engine)
    if settings.person is not None:
        parameters = load_portrait_person(settings.person, networks.weights)
    views = [framing.view, *(source_view(photo) for photo in head.photos[1:])]
    return framing, PortraitRenderer(views, networks, parameters, cut_out)


def _outline_warning(view: HeadView, name: str) -> tuple[str, ...]:
    """Return why a photo is bent as a whole instead of being taken apart, where its outline is the reason."""
    if view.matte is None or not view.matte.doubt:
        return ()
    return (
        f"{view.matte.doubt} in {name}, so its background bends with the head; a photo before a plain background "
        "works better",
    )


class BackgroundCompilation:
    """Compile the shipped networks in a thread while photos and driver are analysed; saves half a second.

    A context manager: leaving the block joins the thread, also after an error or a signal during its start, because
    the process may crash or hang if it exits while a thread compiles. Errors are ignored here; they occur again where
    the networks are used.

    Args:
        settings: of the render. Nothing is compiled for other models, adapted people, or a single thread.
        photos: number of photos.
        engine: compiles the networks.
    """

    def __init__(self, settings: AnimateSettings, photos: int, engine: Engine) -> None:
        self._thread: threading.Thread | None = None
        if settings.model == "portrait" and settings.person is None and settings.threads > 1:
            self._thread = threading.Thread(target=_compile, args=(engine, photos), name="compile", daemon=True)

    def __enter__(self) -> BackgroundCompilation:
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
        # OpenCV makes its tables of this colour space, which the photo's analysis needs, at first use: 0.1 s.
        cv2.cvtColor(np.zeros((1, 1, 3), np.uint8), cv2.COLOR_RGB2LAB)
        portrait_networks(engine).compile_all(photos)


def load_portrait_person(file: Path, weights: PortraitWeights) -> PersonParameters:
    """Return the adapted parameters in a portrait person file.

    Args:
        file: the person file.
        weights: the weights it is used with.

    Raises:
        InputError, FileFormatError: the file cannot be read, is of another kind, or was made for other weights.
    """
    _, arrays = read_portrait_person(file, weights)
    return parameters_of(arrays)


def parameters_of(networks: NetworkArrays) -> PersonParameters:
    """Return adapted weights in the form the renderer takes.

    Args:
        networks: network name to arrays, as stored in a person file.
    """
    affine = {name: arrays[AFFINE] for name, arrays in networks.items() if AFFINE in arrays}
    tuned = {name: {k: array for k, array in arrays.items() if k != AFFINE} for name, arrays in networks.items()}
    return PersonParameters(affine, tuned)
