"""Few-shot adaptation of the portrait renderer (after Zakharov et al. 2019, section 3.3): the painter's way up learns.

What was kept aside decides when to stop and whether to change at all. In the paper psi = P e is a free parameter, too;
here it stays: learning it made things worse for people never seen (docs/results/portrait.md).
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
"""Networks that are adapted; the whole head's pass paints what turns into view, which few photos show."""

WAY_UP = ("up.", "merge.", "personal.", "out.", "light.")
"""Parameters of the painter that learn."""

HALFWAY = 0.5
"""Where between the shipped weights and those that learnt a person's painter lies: what a few photos teach is kept in
large part, and what they do not show suffers less (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models",
equation 1)."""

ENOUGH = 4
"""Photos from which a person is adapted: some are kept aside as truth."""

JUDGING = 24
COMPARED = ("pixel", "edges", "content", "landmarks")
"""Losses of the validation; none of them may be worse than without adapting."""

LOSSES = PortraitTrainSettings(landmarks=4.0)

Report = Callable[[str, int, int], None]
"""Called with (network, steps done, most steps)."""


@dataclass(frozen=True)
class AdaptedPortrait:
    """What adaptation found.

    Attributes:
        networks: network name to arrays: "affine" (1 x A float32) and the weights that replace the shipped ones; a
            network that did not get better has no entry.
        report: for each network: steps, loss on what was kept aside before and after, what ended it; and seconds.
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
        # What so few photos teach cannot be validated on them (nor does the paper's gain from one: its table 1).
        left = {"steps": 0, "before": None, "after": None, "ended": f"fewer than {ENOUGH} photos", "changed": False}
        return AdaptedPortrait({}, {"photos": len(photos), "networks": dict.fromkeys(names, left), "seconds": 0.0})
    validators = ContentLoss("efficientnet-lite0", load_lite0(), None, (1.0, 0.0)), LandmarkFeatures()
    cases = own_cases(photos, settings, names)
    found: dict[str, dict[str, NDArray[Any]]] = {}
    said: dict[str, Any] = {}
    for number, name in enumerate(names):
        # The guard's time is shared; the mouth, which comes first and has the larger network, gets more of it.
        until = began + settings.seconds * (1.0 if number == len(names) - 1 else 0.65)
        network = PatchNetwork(PatchConfig.from_json(weights.configs[name], weights.where))
        load_strictly(network, weights.arrays[name], weights.where)
        trial = _Trial(name, network, cases[name], validators, settings)
        made = trial.run(until, report)
        said[name] = trial.told
        if made is not None:
            found[name] = made
    return AdaptedPortrait(found, {"photos": len(photos), "networks": said, "seconds": time.monotonic() - began})


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
        self.told: dict[str, Any] = {}

    @torch.no_grad()
    def _psi(self, pictures: NDArray[np.uint8]) -> Tensor:
        """Return P of the mean embedding of all photos that cases are made from, 1 x A."""
        photos = torch.from_numpy(np.array(pictures)).permute(0, 3, 1, 2).float() / 255
        _, people = self._network.encoder(photos[:, :3] * 2 - 1, photos[:, 3:])
        return self._network.affine(people.mean(0, keepdim=True))

    def run(self, until: float, report: Report | None) -> dict[str, NDArray[Any]] | None:
        """Adapt; return the arrays that changed, or None when what was kept aside did not get better."""
        settings = self._settings
        before = self._validate()
        first = best = sum(before.values())
        found = before
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
                # Better colours do not pay for softer edges: no part may be worse than it was.
                if now < best and all(parts[name] <= before[name] for name in parts):
                    best, found, kept, worse = now, parts, self._arrays(), 0
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
            found = self._validate()
            best = sum(found.values())
            better = best < first and all(found[name] <= before[name] for name in found)
        self.told = {"steps": steps, "before": first, "after": best if better else first, "ended": ended}
        self.told["changed"] = better
        self.told["parts"] = {name: [before[name], (found if better else before)[name]] for name in COMPARED}
        return kept if better else None

    @torch.no_grad()
    def _eased(self, learnt: dict[str, NDArray[Any]], shipped: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Return what was learnt, the painter halfway back to what is shipped; the network has it too."""
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
        """Return the losses on what was kept aside: pixels, edges, and features of two networks."""
        losses = self._losses(self._kept)
        return {name: float(losses[name]) for name in COMPARED}

    def _arrays(self) -> dict[str, NDArray[Any]]:
        changed: Mapping[str, Tensor] = {"affine": self._affine, **self._painter}
        return {key: tensor.detach().numpy().copy() for key, tensor in changed.items()}
