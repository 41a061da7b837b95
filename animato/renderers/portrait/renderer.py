"""Portrait renderer: geometry copies what the photos show, small networks paint the rest.

Per frame (docs/architecture.md, "The portrait renderer"): the animated photo is warped to the target; then, for the
whole head where something hidden turns into view, and for each eye and the mouth, a network sees the warped patch, what
the mesh says of it, a drawing of the target and the features of the best photos, and answers with paint, a mask, a
correction of the flow and of the light. The answers are laid over the frame at its own resolution.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from animato.appearance.expression_light import MAX_LOG_RATIO
from animato.appearance.skin_shading import apply_expression_light
from animato.geometry.aperture_mask import activation
from animato.geometry.composite import PatchOutput, composite_patch
from animato.geometry.landmarks import IRIS_LEFT, IRIS_RIGHT
from animato.geometry.patch import FACE_PATCHES, FacePatch, cut_patch, cut_validity
from animato.geometry.visibility import hidden_share
from animato.head.view import HeadView
from animato.head.white_balance import white_balanced
from animato.motion.retarget import Target
from animato.renderers.base import Layer, Paint
from animato.renderers.portrait.eyelids import build_lids, close_lid
from animato.renderers.portrait.frame import PortraitFrame
from animato.renderers.portrait.mouth_interior import MouthMatch, show
from animato.renderers.portrait.networks import MOST_AT_ONCE, ORDER, PersonParameters, PortraitNetworks
from animato.renderers.portrait.patch_sampling import photo_patch, sampling_grid, target_patch
from animato.renderers.portrait.photo_selection import PhotoSelector
from animato.renderers.warp.multi_view import share_mouth, share_sides
from animato.renderers.warp.shell import ClosedShell
from animato.renderers.warp.warper import Warper, animated_warper
from animato.runtime.stage_clock import StageClock
from animato.types import Affine

HIDDEN_FROM, HIDDEN_TO = 0.0015, 0.006
"""Share of the crop hidden beyond what the photo's own pose hides: there the head's pass begins, and counts fully."""

IRISES = {"left-eye": IRIS_LEFT[:1], "right-eye": IRIS_RIGHT[:1]}
"""The iris's middle belongs to what an eye shows."""


class PortraitRenderer:
    """Renders one person from one to thirty-two photos.

    Args:
        views: the photos, each in its square; the first is animated, the others show what it does not.
        networks: from `portrait_networks`.
        parameters: what adaptation found, or None.
    """

    name = "portrait"

    def __init__(
        self,
        views: Sequence[HeadView],
        networks: PortraitNetworks,
        parameters: PersonParameters | None = None,
    ) -> None:
        main = animated_warper(views[0])
        self._gamut = main.gamut
        others = [replace(view, image=main.gamut.clipped(view.image)) for view in views[1:]]
        closed = views[0].layers is not None
        self.warpers = [main, *(Warper(view, ClosedShell(view) if closed else None) for view in others)]
        networks = networks if parameters is None else networks.replaced(parameters)
        tints = [warper.view.white_balance for warper in self.warpers]
        mouth_view = share_mouth(self.warpers)
        share_sides(self.warpers)
        # Over layers nothing is left for the pass over the whole head: it knows only pictures that bend.
        regions = [region for region in FACE_PATCHES if not (closed and region.network == "head")]
        patches = [_RegionView(region, self.warpers, tints, networks, parameters) for region in regions]
        together = [[view for view in patches if view.region.network == name] for name in ORDER]
        self._painters = [_Painter(part, networks) for part in together if part]
        self._mouth = MouthMatch(self.warpers, mouth_view)
        self._lids = build_lids(main)
        # What the photo hides at its own pose (nostrils, the rim of the face) is right as it is.
        self._hidden = hidden_share(main.flow(main.points, main.pose)[1], main.points, main.size)

    def warp(self, target: Target, clock: StageClock) -> Paint:
        """Warp the animated photo to a target face; the networks then paint over it."""
        with clock.stage("warp"):
            main = self.warpers[0]
            vertices = main.target_vertices(target.points, target.pose, target.channels.get("residual_flow"))
            warped = main.render(target.points, target.pose, vertices)
            frame = PortraitFrame(target, warped, vertices, self.warpers)
        return functools.partial(self._paint, frame)

    def _paint(self, warped: PortraitFrame, clock: StageClock) -> Layer:
        with clock.stage("paint"):
            # Before painting, as input to the network, and again after it: the network may override this.
            mouth = self._mouth.wanted(warped.warped, warped.target, warped.local)
            copied = warped.warped.image if self._gamut.ordinary else warped.warped.image.copy()
            show(warped.warped.image, mouth)
            for painter in self._painters:
                painter.paint(warped, self._head_gain(warped) if painter.name == "head" else None)
            for lid in self._lids:
                close_lid(warped.warped, lid, warped.target.points, warped.local)
            # What is painted and what is copied get the same shade, so no seam shows between them.
            shade = warped.target.channels.get("expression_light")
            if shade is not None:
                apply_expression_light(
                    warped.warped.image, warped.warped.drawn, warped.vertices, shade * np.float32(MAX_LOG_RATIO)
                )
            show(warped.warped.image, mouth)
            self._gamut.clip_painted(warped.warped.image, copied)
        return Layer(warped.warped.image, warped.warped.alpha)

    def _head_gain(self, moment: PortraitFrame) -> float:
        """Return how much the whole head's pass counts, in [0, 1]: not at all where nothing hidden turns into view."""
        image = moment.warped.image
        more = hidden_share(moment.warped.validity, moment.target.points, image.shape[0]) - self._hidden
        return float(np.clip((more - HIDDEN_FROM) / (HIDDEN_TO - HIDDEN_FROM), 0, 1))


class _RegionView:
    """One region of one person: what its network gets to see in a frame."""

    def __init__(
        self,
        region: FacePatch,
        warpers: Sequence[Warper],
        tints: Sequence[NDArray[np.float32]],
        networks: PortraitNetworks,
        parameters: PersonParameters | None,
    ) -> None:
        self.region, self._warpers = region, warpers
        self._patches = [photo_patch(region, warper) for warper in warpers]
        self._tint = tints[0]
        self._untint = np.append(tints[0], 1).astype(np.float32)
        pairs = zip(self._patches, tints, strict=True)
        encoded = [
            networks.encode(replace(patch, picture=white_balanced(patch.picture, white_balance)))
            for patch, white_balance in pairs
        ]
        self._features = [features for features, _ in encoded]
        own = None if parameters is None else parameters.affine.get(region.network)
        mean = np.mean([person for _, person in encoded], axis=0)
        self._affine = networks.affine(region.network, mean) if own is None else own
        self._chooser = PhotoSelector(region, warpers, MOST_AT_ONCE)
        self._opening = [*(index for ring in region.rings for index in ring), *IRISES.get(region.name, ())]

    def gain(self, moment: PortraitFrame) -> float:
        """Return how much an opening's answer counts, in [0, 1]: not at all where it is as the photo shows it."""
        ring = self._opening
        return activation(self._warpers[0].local[ring], moment.local[ring])

    @property
    def photos(self) -> int:
        """How many photos take part in a frame."""
        return min(len(self._patches), MOST_AT_ONCE)

    def answer(self, layer: NDArray[np.float32], flow: NDArray[np.float32]) -> PatchOutput:
        """Return the network's output with the photo's own white balance."""
        return PatchOutput(np.divide(layer, self._untint, dtype=np.float32), flow)

    def look(self, moment: PortraitFrame) -> tuple[Affine, list[NDArray[Any]]]:
        """Return where the patch lies in the crop, and the painter's inputs in their order, without the batch axis."""
        region, warped, target = self.region, moment.warped, moment.target
        size = warped.image.shape[0]
        place = target_patch(region, target.points, target.pose, warped.drawn, size)
        composite = cut_patch(warped.image, place.crop_from_patch, region.side)
        validity = cut_validity(warped.validity, place.crop_from_patch, region.side, size)
        chosen, prior = self._chooser.choose(target)
        found = [sampling_grid(self._patches[n], self._warpers[n], place, moment.mesh(n)) for n in chosen]
        return place.crop_from_patch, [
            white_balanced(composite, self._tint)[None],
            place.drawing[None],
            validity[None, ..., None],
            np.stack([self._features[n] for n in chosen]),
            np.stack([grid for grid, _ in found]),
            np.stack([seen for _, seen in found])[:, None],
            prior[:, None, None, None],
            self._affine,
        ]


class _Painter:
    """The regions that one network paints, in one pass."""

    def __init__(self, views: Sequence[_RegionView], networks: PortraitNetworks) -> None:
        self._views = views
        self.name = views[0].region.network
        self._run = networks.painter(self.name, views[0].photos, len(views))

    def paint(self, moment: PortraitFrame, gain: float | None) -> None:
        """Paint the regions over the warped frame, in place.

        Args:
            moment: the frame.
            gain: how much the answers count, in [0, 1], or None: as much as each opening has moved.
        """
        gains = [view.gain(moment) if gain is None else gain for view in self._views]
        if not any(gains):
            return
        seen = [view.look(moment) for view in self._views]
        given = [np.concatenate(column) for column in zip(*(inputs for _, inputs in seen), strict=True)]
        layers, flows = self._run(*given)
        for view, share, (place, _), layer, flow in zip(self._views, gains, seen, layers, flows, strict=True):
            if share > 0:
                composite_patch(moment.warped.image, place, view.answer(layer, flow), share)
