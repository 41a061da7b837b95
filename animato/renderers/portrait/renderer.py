"""Portrait renderer: geometry warps the photo, small networks paint what it does not show.

Per frame (docs/architecture.md, "The portrait renderer"): the animated photo is warped to the target. Then a network
runs for the whole head, where rotation exposes hidden areas, and for each eye and the mouth. Inputs are the warped
patch, its validity, a drawing of the target and features of the most similar photos; outputs are paint, a mask, and
corrections of flow and light. They are composited over the frame at its own resolution.
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
from animato.renderers.portrait.eyelids import build_eyelids, close_eyelid
from animato.renderers.portrait.frame import PortraitFrame
from animato.renderers.portrait.mouth_interior import MouthMatcher, match_mouth
from animato.renderers.portrait.networks import MAX_PHOTOS, ORDER, PersonParameters, PortraitNetworks
from animato.renderers.portrait.patch_sampling import photo_patch, sampling_grid, target_patch
from animato.renderers.portrait.photo_selection import PhotoSelector
from animato.renderers.portrait.turned_light import TurnedLight
from animato.renderers.warp.multi_view import select_mouth_source, select_side_sources
from animato.renderers.warp.shell import ClosedShell
from animato.renderers.warp.warper import Warper, animated_warper
from animato.runtime.stage_clock import StageClock
from animato.types import Affine

HIDDEN_START, HIDDEN_END = 0.0015, 0.006
"""Hidden share of the crop, beyond that at the photo's own pose, at which the head pass begins, and has full gain."""

IRISES = {"left-eye": IRIS_LEFT[:1], "right-eye": IRIS_RIGHT[:1]}
"""Landmarks inside an eye that contribute to its activation."""


class PortraitRenderer:
    """Renders one person from one to thirty-two photos.

    Args:
        views: the photos, each in its square; the first is animated, the others supply what it does not show.
        networks: from `portrait_networks`.
        parameters: result of adaptation, or None.
        cut_out: whether to render the person alone, with opacity.
    """

    name = "portrait"

    def __init__(
        self,
        views: Sequence[HeadView],
        networks: PortraitNetworks,
        parameters: PersonParameters | None = None,
        cut_out: bool = False,
    ) -> None:
        main = animated_warper(views[0], cut_out)
        closed = views[0].layers is not None
        self._gamut = main.gamut
        others = [replace(view, image=main.gamut.clipped(view.image)) for view in views[1:]]
        self.warpers = [main, *(Warper(view, ClosedShell(view) if closed else None) for view in others)]
        networks = networks if parameters is None else networks.replaced(parameters)
        white_balances = [warper.view.white_balance for warper in self.warpers]
        mouth_view = select_mouth_source(self.warpers)
        select_side_sources(self.warpers)
        # The head network is trained on warped pictures with their background, not on layers.
        regions = [region for region in FACE_PATCHES if not (closed and region.network == "head")]
        adapters = [_PatchAdapter(region, self.warpers, white_balances, networks, parameters) for region in regions]
        by_network = [[adapter for adapter in adapters if adapter.region.network == name] for name in ORDER]
        self._painters = [_PatchNetwork(group, networks) for group in by_network if group]
        self._mouth = MouthMatcher(self.warpers, mouth_view)
        self._lids = build_eyelids(main)
        self._light = TurnedLight.of(main)
        # Areas hidden at the photo's own pose (nostrils, the rim of the face) need no painting.
        self._hidden = hidden_share(main.flow(main.points, main.pose)[1], main.points, main.size)

    def warp(self, target: Target, clock: StageClock) -> Paint:
        """Warp the animated photo to a target face; the networks then paint over it."""
        with clock.stage("warp"):
            main = self.warpers[0]
            vertices = main.target_vertices(target.points, target.pose, target.channels.get("residual_flow"))
            warped = main.render(target.points, target.pose, vertices)
            frame = PortraitFrame(target, warped, vertices, self.warpers)
        return functools.partial(self._paint, frame)

    def _paint(self, frame: PortraitFrame, clock: StageClock) -> Layer:
        with clock.stage("paint"):
            # Before painting, as input to the network, and again afterwards, because the network may override it.
            mouth = self._mouth.target(frame.warped, frame.target, frame.local)
            unpainted = frame.warped.image if self._gamut.ordinary else frame.warped.image.copy()
            match_mouth(frame.warped.image, mouth)
            for painter in self._painters:
                painter.paint(frame, self._head_gain(frame) if painter.name == "head" else None)
            for lid in self._lids:
                close_eyelid(frame.warped, lid, frame.target.points, frame.local)
            # Applied to painted and warped pixels alike, so that no seam appears.
            light = frame.target.channels.get("expression_light")
            if light is not None:
                apply_expression_light(
                    frame.warped.image, frame.warped.triangle_map, frame.vertices, light * np.float32(MAX_LOG_RATIO)
                )
            match_mouth(frame.warped.image, mouth)
            self._gamut.clip_painted(frame.warped.image, unpainted)
            if self._light is not None:
                self._light.apply(frame.warped, frame.target.pose)
        return Layer(frame.warped.image, frame.warped.alpha)

    def _head_gain(self, frame: PortraitFrame) -> float:
        """Return the gain of the head pass, in [0, 1]: 0 if no hidden area is exposed."""
        image = frame.warped.image
        exposed = hidden_share(frame.warped.validity, frame.target.points, image.shape[0]) - self._hidden
        return float(np.clip((exposed - HIDDEN_START) / (HIDDEN_END - HIDDEN_START), 0, 1))


class _PatchAdapter:
    """Converts between frames and the inputs and outputs of a network, for one patch of one person."""

    def __init__(
        self,
        region: FacePatch,
        warpers: Sequence[Warper],
        white_balances: Sequence[NDArray[np.float32]],
        networks: PortraitNetworks,
        parameters: PersonParameters | None,
    ) -> None:
        self.region, self._warpers = region, warpers
        self._patches = [photo_patch(region, warper) for warper in warpers]
        self._white_balance = white_balances[0]
        self._divisor = np.append(white_balances[0], 1).astype(np.float32)
        pairs = zip(self._patches, white_balances, strict=True)
        encoded = [
            networks.encode(replace(patch, picture=white_balanced(patch.picture, white_balance)))
            for patch, white_balance in pairs
        ]
        self._features = [features for features, _ in encoded]
        own = None if parameters is None else parameters.affine.get(region.network)
        mean = np.mean([person for _, person in encoded], axis=0)
        self._affine = networks.affine(region.network, mean) if own is None else own
        self._selector = PhotoSelector(region, warpers, MAX_PHOTOS)
        self._opening = [*(index for ring in region.rings for index in ring), *IRISES.get(region.name, ())]

    def gain(self, frame: PortraitFrame) -> float:
        """Return the gain of an opening's output, in [0, 1]: 0 if the opening is as in the photo."""
        ring = self._opening
        return activation(self._warpers[0].local[ring], frame.local[ring])

    @property
    def photos(self) -> int:
        """Number of photos used per frame."""
        return min(len(self._patches), MAX_PHOTOS)

    def output(self, layer: NDArray[np.float32], flow: NDArray[np.float32]) -> PatchOutput:
        """Return the network's output with the photo's own white balance."""
        return PatchOutput(np.divide(layer, self._divisor, dtype=np.float32), flow)

    def inputs(self, frame: PortraitFrame) -> tuple[Affine, list[NDArray[Any]]]:
        """Return crop_from_patch and the network's inputs in order, with a leading axis of one patch."""
        region, warped, target = self.region, frame.warped, frame.target
        size = warped.image.shape[0]
        patch = target_patch(region, target.points, target.pose, warped.triangle_map, size)
        composite = cut_patch(warped.image, patch.crop_from_patch, region.side)
        validity = cut_validity(warped.validity, patch.crop_from_patch, region.side, size)
        selected, prior = self._selector.select(target)
        grids = [sampling_grid(self._patches[n], self._warpers[n], patch, frame.mesh(n)) for n in selected]
        return patch.crop_from_patch, [
            white_balanced(composite, self._white_balance)[None],
            patch.drawing[None],
            validity[None, ..., None],
            np.stack([self._features[n] for n in selected]),
            np.stack([grid for grid, _ in grids]),
            np.stack([validity for _, validity in grids])[:, None],
            prior[:, None, None, None],
            self._affine,
        ]


class _PatchNetwork:
    """One network and the patches that it processes in one batch."""

    def __init__(self, adapters: Sequence[_PatchAdapter], networks: PortraitNetworks) -> None:
        self._adapters = adapters
        self.name = adapters[0].region.network
        self._run = networks.painter(self.name, adapters[0].photos, len(adapters))

    def paint(self, frame: PortraitFrame, gain: float | None) -> None:
        """Run the network and composite its outputs over the warped frame, in place.

        Args:
            frame: the frame.
            gain: of all outputs, in [0, 1]; None uses the activation of each opening.
        """
        gains = [adapter.gain(frame) if gain is None else gain for adapter in self._adapters]
        if not any(gains):
            return
        prepared = [adapter.inputs(frame) for adapter in self._adapters]
        batch = [np.concatenate(column) for column in zip(*(inputs for _, inputs in prepared), strict=True)]
        layers, flows = self._run(*batch)
        for adapter, weight, (crop_from_patch, _), layer, flow in zip(
            self._adapters, gains, prepared, layers, flows, strict=True
        ):
            if weight > 0:
                composite_patch(frame.warped.image, crop_from_patch, adapter.output(layer, flow), weight)
