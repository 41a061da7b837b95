"""Composite a person over another background, or over nothing."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing
from fractions import Fraction

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.errors import PictureError
from animato.geometry.pose import fit_pose
from animato.head.cut_out import WIDER, PhotoCutOut, cut_out_photo
from animato.head.parts import read_parts
from animato.head.view import HeadView
from animato.media.pixels import with_opacity
from animato.pipeline.backdrop import Backdrop, blurred, open_backdrop
from animato.pipeline.compositor import Compositor, Placement
from animato.pipeline.framing import Framing
from animato.renderers.base import Layer
from animato.runtime.engine import Engine
from animato.settings.animate import AnimateSettings
from animato.types import Frame, Points


class CutOutCompositor(Compositor):
    """Composites one layer with opacity, and the rest of the person in the photo, over a backdrop.

    Args:
        person: in the whole photo at output size; None if the layer is the whole output.
        placement: of the layer.
        backdrop: behind the person; None for nothing, then frames are H x W x 4 uint8 RGBA, not multiplied.
    """

    def __init__(self, person: PhotoCutOut | None, placement: Placement, backdrop: Backdrop | None) -> None:
        super().__init__(None if person is None else person.image, [placement])
        left, top = max(0, placement.left), max(0, placement.top)
        right = min(self.width, placement.left + placement.side)
        bottom = min(self.height, placement.top + placement.side)
        # Only the square moves: what lies around it is composited once.
        self._square = np.s_[top:bottom, left:right]
        moved = placement.moved(-left, -top)
        parts = (None, None) if person is None else (person.image[self._square], person.alpha[self._square])
        self._colours, self._opacity = (Compositor(part, [moved]) for part in parts)
        self._backdrop = backdrop
        self._around = None if person is None else with_opacity(person.image, person.alpha)
        if backdrop is not None and backdrop.still is not None and self._around is not None:
            self._around = _over(self._around, backdrop.still)

    def backdrops(self, fps: Fraction) -> Generator[Frame | None]:
        """Yield what lies behind each frame, without end; see `Compositor.backdrops`."""
        return super().backdrops(fps) if self._backdrop is None else self._backdrop.frames(fps)

    def compose(self, layers: Sequence[Layer], behind: Frame | None = None) -> Frame:
        """Return the output frame, H x W x 3 uint8 RGB, or H x W x 4 uint8 RGBA without a backdrop, as a new array.

        Args:
            layers: one, with opacity.
            behind: from `backdrops`, for this frame; may be left out if it is the same in every frame.

        Raises:
            ValueError: the layer has no opacity.
        """
        (layer,) = layers
        if layer.alpha is None:
            raise ValueError("a layer without opacity cannot be laid over a backdrop")
        square = with_opacity(self._colours.compose([layer]), self._opacity.compose([Layer(layer.alpha)]))
        if self._backdrop is not None:
            behind = self._backdrop.still if behind is None else behind
            assert behind is not None
            if self._backdrop.still is None and self._around is not None:
                whole = self._around.copy()
                whole[self._square] = square
                return _over(whole, behind)
            square = _over(square, behind[self._square])
        if self._around is None:
            return square
        frame = self._around.copy()
        frame[self._square] = square
        return frame


def _over(person: NDArray[np.uint8], behind: Frame) -> Frame:
    """Return RGBA (H x W x 4 uint8, not multiplied) over a picture, H x W x 3 uint8."""
    alpha = person[..., 3].astype(np.float32) * np.float32(1 / 255)
    colours = cv2.cvtColor(person, cv2.COLOR_RGBA2RGB)
    return np.asarray(cv2.blendLinear(colours, np.ascontiguousarray(behind), alpha, 1 - alpha), np.uint8)


def check_outline(view: HeadView, name: str, drawn: bool) -> None:
    """Check that a head can be rendered without its photo's background.

    Args:
        view: the animated square.
        name: of the photo, for messages.
        drawn: whether the face is drawn in flat colours.

    Raises:
        PictureError: its outline is not known.
    """
    if view.layers is not None and not drawn:
        return
    if drawn:  # of what lies beyond the head's square, nothing is known
        reason, hint = "its face is drawn in flat colours", "`background=keep`, or a photo or painting"
    elif view.matte is None:
        reason, hint = "its head file is of an older version", "make the head file again from the photos"
    elif view.matte.doubt:
        reason, hint = view.matte.doubt, "`background=keep`, or a photo before a plain background"
    else:
        reason, hint = "its edge cuts the head", "`background=keep`, or a photo with more space around the head"
    raise _not_replaced(name, reason, hint)


def _not_replaced(name: str, reason: str, hint: str) -> PictureError:
    return PictureError(f"the background of {name} cannot be replaced: {reason}", hint=hint, more="docs/background.md")


def cut_out_compositor(
    framing: Framing, name: str, settings: AnimateSettings, engine: Engine
) -> tuple[CutOutCompositor, tuple[str, ...]]:
    """Return the compositor of a head without its photo's background, and warnings about what lies behind instead.

    Args:
        framing: of the head, whose view has layers.
        name: of the photo, for messages.
        settings: `background` is not "keep".
        engine: runs the parts network.

    Raises:
        PictureError: the person's outline in the photo is unsure.
        InputError: the background's file cannot be read.
    """
    view, place = framing.view, framing.placement
    assert view.layers is not None
    person = None
    if framing.base is not None:
        person = _whole_person(framing, framing.base, engine)
        if person.doubt:
            hint = "`frame=crop`, which needs only the head's outline, or a photo before a plain background"
            raise _not_replaced(name, person.doubt, hint)
    width, height = (place.side, place.side) if framing.base is None else framing.base.shape[1::-1]
    backdrop: Backdrop | None = None
    warnings: tuple[str, ...] = ()
    if settings.background == "blur":
        plate = view.layers.plate if person is None else person.plate
        plate = np.asarray(cv2.resize(plate, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
        backdrop = blurred(plate, view.pose.scale * place.side / view.size)
    elif settings.background_file is not None:
        with closing(engine.parser) as parser:
            threads = min(settings.threads, 2)
            backdrop, warnings = open_backdrop(settings.background_file, width, height, threads, parser)
    return CutOutCompositor(person, place, backdrop), warnings


def _whole_person(framing: Framing, base: Frame, engine: Engine) -> PhotoCutOut:
    """Return the person in the whole photo at output size."""
    view, place = framing.view, framing.placement
    assert view.parts is not None
    scale = place.side / view.size
    base_from_view = np.array([[scale, 0.0, 0.5 * scale - 0.5], [0.0, scale, 0.5 * scale - 0.5]])
    base_from_view[:, 2] += place.left, place.top
    points: Points = np.asarray(view.points * scale, np.float32)
    points[:, :2] += base_from_view[:, 2].astype(np.float32)
    pose = fit_pose(points)
    return cut_out_photo(base, points, pose, view.parts.moved(base_from_view), read_parts(base, pose, engine, WIDER))
