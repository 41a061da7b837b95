"""Few-shot adaptation of the portrait renderer (after Zakharov et al. 2019, section 3.3): fine-tune the decoder.

Held-out photos determine when to stop and whether to keep the change. In the paper psi = P e is trained too; here it is
fixed, because training it was worse for unseen people (docs/results/portrait.md).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from animato.errors import FaceError
from animato.head.view import HeadView
from animato.models.features import load_lite0
from animato.models.landmark_features import LandmarkFeatures
from animato.models.loading import load_strictly
from animato.models.portrait.config import PatchConfig
from animato.models.portrait.networks import PatchNetwork, edge_ramp
from animato.settings.portrait import PortraitAdaptSettings, PortraitTrainSettings
from animato.training.content import ContentLoss
from animato.training.portrait.batches import Batch, Batches
from animato.training.portrait.objective import Drawing, Drawn, plain_losses
from animato.training.portrait.own_photos import OwnCases, own_cases
from animato.training.portrait.rehearsal import remembered
from animato.weights.portrait import PortraitWeights

ADAPTED = ("mouth", "eye")
"""Networks that are adapted; the head network paints disoccluded regions, which few photos show."""

WAY_UP = ("up.", "merge.", "personal.", "out.", "light.")
"""Parameters of the painter that are trained."""

HALFWAY = 0.5
"""Interpolation between the shipped (0) and the fine-tuned (1) weights, which keeps most of the gain and degrades less
on expressions the photos do not show (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models", equation 1)."""

ENOUGH = 4
"""Minimum number of photos for adaptation, as some are held out."""

JUDGING = 24
COMPARED = ("pixel", "edges", "content", "landmarks")
"""Validation losses; none of them is allowed to get worse."""

LOSSES = PortraitTrainSettings(landmarks=4.0)

Report = Callable[[str, int, int], None]
"""Called with (network, steps done, total steps)."""


@dataclass(frozen=True)
class AdaptedPortrait:
    """Result of an adaptation.

    Attributes:
        networks: network name to arrays: "affine" (1 x A float32) and the weights that replace the shipped ones; a
            network that did not improve has no entry.
        report: for each network: steps, held-out loss before and after, stop reason; and seconds.
    """

    networks: dict[str, dict[str, NDArray[Any]]]
    report: dict[str, Any]


def adapt_portrait(
    photos: Sequence[HeadView],
    weights: PortraitWeights,
    settings: PortraitAdaptSettings,
    report: Report | None = None,
) -> AdaptedPortrait:
    """Adapt the portrait renderer to one person.

    Args:
        photos: each in its square.
        weights: from `weights.portrait.read_portrait`.
        settings: see `settings.portrait`.
        report: called after every step.

    Raises:
        FaceError: there is no photo.
        MissingPartError: the network of the content loss is not installed.
    """
    if not photos:
        raise FaceError("no photo of the person was given")
    if settings.threads:
        torch.set_num_threads(settings.threads)
    began = time.monotonic()
    names = [name for name in ADAPTED if name in weights.configs]
    if len(photos) < ENOUGH:
        # Too few photos for a held-out set (the paper shows no gain from one photo either: its table 1).
        left = {"steps": 0, "before": None, "after": None, "ended": f"fewer than {ENOUGH} photos", "changed": False}
        return AdaptedPortrait({}, {"photos": len(photos), "networks": dict.fromkeys(names, left), "seconds": 0.0})
    validators = ContentLoss("efficientnet-lite0", load_lite0(), None, (1.0, 0.0)), LandmarkFeatures()
    cases = own_cases(photos, settings, names)
    adapted: dict[str, dict[str, NDArray[Any]]] = {}
    reports: dict[str, Any] = {}
    for number, name in enumerate(names):
        # The time limit is shared; the mouth, which comes first and has the larger network, gets most of it.
        until = began + settings.seconds * (1.0 if number == len(names) - 1 else 0.65)
        network = PatchNetwork(PatchConfig.from_json(weights.configs[name], weights.where))
        load_strictly(network, weights.arrays[name], weights.where)
        trial = _Trial(name, network, cases[name], validators, settings)
        arrays = trial.run(until, report)
        reports[name] = trial.report
        if arrays is not None:
            adapted[name] = arrays
    return AdaptedPortrait(adapted, {"photos": len(photos), "networks": reports, "seconds": time.monotonic() - began})


class _Trial:
    """The adaptation of one network."""

    def __init__(
        self,
        name: str,
        network: PatchNetwork,
        own: OwnCases,
        validators: tuple[ContentLoss, LandmarkFeatures],
        settings: PortraitAdaptSettings,
    ) -> None:
        self._name, self._network, self._settings = name, network.eval(), settings
        self._content, self._landmarks = validators
        network.requires_grad_(False)
        self._drawing = Drawing(network, edge_ramp(network.config.side))
        self._affine = self._psi(own.cases.photos)
        cases = remembered(own.cases, own.rehearsed, name, lambda batch: self._drawn(batch).picture_B3SS)
        self._learn = Batches(cases, "train", name, settings.seed, augment=False)
        self._kept = Batches(cases, "val", name, settings.seed, augment=False).fixed(JUDGING)
        self._painter = {key: p for key, p in network.named_parameters() if key.startswith(WAY_UP)}
        self.report: dict[str, Any] = {}

    @torch.no_grad()
    def _psi(self, pictures: NDArray[np.uint8]) -> Tensor:
        """Return P of the mean embedding of all photos of the cases, 1 x A."""
        photos = torch.from_numpy(np.array(pictures)).permute(0, 3, 1, 2).float() / 255
        _, people = self._network.encoder(photos[:, :3] * 2 - 1, photos[:, 3:])
        return self._network.affine(people.mean(0, keepdim=True))

    def run(self, until: float, report: Report | None) -> dict[str, NDArray[Any]] | None:
        """Adapt; return the changed arrays, or None if the held-out losses did not improve."""
        settings = self._settings
        before = self._validate()
        first = best = sum(before.values())
        best_parts = before
        kept, steps, worse, ended = self._arrays(), 0, 0, "all steps were taken"
        shipped = kept
        for parameter in self._painter.values():
            parameter.requires_grad_(True)
        optimiser = torch.optim.Adam(self._painter.values(), lr=settings.lr_painter, betas=(0.9, 0.99))
        while steps < settings.steps:
            batch = self._learn.batch(steps, min(settings.batch, len(self._learn.numbers)))
            optimiser.zero_grad(set_to_none=True)
            torch.autograd.backward(torch.stack(list(self._losses(batch).values())).sum())
            optimiser.step()
            steps += 1
            if report is not None:
                report(self._name, steps, settings.steps)
            if steps % settings.look_steps == 0 or steps == settings.steps:
                parts = self._validate()
                now = sum(parts.values())
                # Better colours must not compensate for softer edges: no loss is allowed to get worse.
                if now < best and all(parts[name] <= before[name] for name in parts):
                    best, best_parts, kept, worse = now, parts, self._arrays(), 0
                else:
                    worse += 1
            if worse >= settings.looks:
                ended = "no better on what was kept aside"
                break
            if time.monotonic() > until:
                ended = "the time was used"
                break
        better = best < first * (1 - settings.margin)
        if better:
            kept = self._eased(kept, shipped)
            best_parts = self._validate()
            best = sum(best_parts.values())
            better = best < first and all(best_parts[name] <= before[name] for name in best_parts)
        self.report = {"steps": steps, "before": first, "after": best if better else first, "ended": ended}
        self.report["changed"] = better
        self.report["parts"] = {name: [before[name], (best_parts if better else before)[name]] for name in COMPARED}
        return kept if better else None

    @torch.no_grad()
    def _eased(self, learnt: dict[str, NDArray[Any]], shipped: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Interpolate between fine-tuned and shipped weights, also in the network itself."""
        eased = {key: shipped[key] + np.float32(HALFWAY) * (array - shipped[key]) for key, array in learnt.items()}
        for key, parameter in self._painter.items():
            parameter.copy_(torch.from_numpy(eased[key]))
        return eased

    def _drawn(self, batch: Batch) -> Drawn:
        drawn: Drawn = self._drawing(batch, self._affine.expand(len(batch.person_B), -1))
        return drawn

    def _losses(self, batch: Batch) -> dict[str, Tensor]:
        return plain_losses(self._drawn(batch), batch, self._content, LOSSES, self._landmarks)

    @torch.no_grad()
    def _validate(self) -> dict[str, float]:
        """Compute the held-out losses: pixels, edges, and features of two networks."""
        losses = self._losses(self._kept)
        return {name: float(losses[name]) for name in COMPARED}

    def _arrays(self) -> dict[str, NDArray[Any]]:
        changed: Mapping[str, Tensor] = {"affine": self._affine, **self._painter}
        return {key: tensor.detach().numpy().copy() for key, tensor in changed.items()}
