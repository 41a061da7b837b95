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
from animato.training.portrait.batches import BatchSampler, PatchBatch
from animato.training.portrait.objective import ForwardOutput, ForwardPass, plain_losses
from animato.training.portrait.person_samples import PersonSamples, person_samples
from animato.training.portrait.rehearsal import replace_rehearsal_truth
from animato.training.portrait.sources import CaseSource
from animato.weights.portrait import PortraitWeights

ADAPTED = ("mouth", "eye")
"""Networks that are adapted; the head network paints disoccluded regions, which few photos show."""

DECODER = ("up.", "merge.", "personal.", "out.", "light.")
"""Parameters of the painter that are trained."""

INTERPOLATION = 0.5
"""Interpolation between the shipped (0) and the fine-tuned (1) weights, which keeps most of the gain and degrades less
on expressions the photos do not show (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models", equation 1)."""

MIN_PHOTOS = 4
"""Minimum number of photos for adaptation, as some are held out."""

HELD_OUT_SAMPLES = 24
VALIDATION_LOSSES = ("pixel", "edges", "content", "landmarks")
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
    started = time.monotonic()
    names = [name for name in ADAPTED if name in weights.configs]
    if len(photos) < MIN_PHOTOS:
        # Too few photos for a held-out set (the paper shows no gain from one photo either: its table 1).
        unchanged = {
            "steps": 0,
            "before": None,
            "after": None,
            "ended": f"fewer than {MIN_PHOTOS} photos",
            "changed": False,
        }
        return AdaptedPortrait({}, {"photos": len(photos), "networks": dict.fromkeys(names, unchanged), "seconds": 0.0})
    validators = ContentLoss("efficientnet-lite0", load_lite0(), None, (1.0, 0.0)), LandmarkFeatures()
    samples = person_samples(photos, settings, names)
    adapted: dict[str, dict[str, NDArray[Any]]] = {}
    reports: dict[str, Any] = {}
    for number, name in enumerate(names):
        # The time limit is shared; the mouth, which comes first and has the larger network, gets most of it.
        deadline = started + settings.seconds * (1.0 if number == len(names) - 1 else 0.65)
        network = PatchNetwork(PatchConfig.from_json(weights.configs[name], weights.where))
        load_strictly(network, weights.arrays[name], weights.where)
        adapter = _NetworkAdapter(name, network, samples[name], validators, settings)
        arrays = adapter.run(deadline, report)
        reports[name] = adapter.report
        if arrays is not None:
            adapted[name] = arrays
    return AdaptedPortrait(adapted, {"photos": len(photos), "networks": reports, "seconds": time.monotonic() - started})


class _NetworkAdapter:
    """The adaptation of one network."""

    def __init__(
        self,
        name: str,
        network: PatchNetwork,
        person: PersonSamples,
        validators: tuple[ContentLoss, LandmarkFeatures],
        settings: PortraitAdaptSettings,
    ) -> None:
        self._name, self._network, self._settings = name, network.eval(), settings
        self._content, self._landmarks = validators
        network.requires_grad_(False)
        self._forward_pass = ForwardPass(network, edge_ramp(network.config.side))
        self._affine = self._psi(person.samples.photos)
        samples = replace_rehearsal_truth(
            person.samples, person.rehearsed, name, lambda batch: self._forward(batch).picture_B3SS
        )
        pairs, held_out = (CaseSource(samples, split, name) for split in ("train", "val"))
        size = min(settings.batch, len(pairs.numbers))
        self._training_batches = BatchSampler(pairs, size, settings.seed, augment=False)
        held_out_batch = BatchSampler(held_out, 1, settings.seed, augment=False).fixed(HELD_OUT_SAMPLES)
        assert held_out_batch is not None, "`person_samples` holds photos out"
        self._held_out_batch = held_out_batch
        self._decoder = {key: p for key, p in network.named_parameters() if key.startswith(DECODER)}
        self.report: dict[str, Any] = {}

    @torch.no_grad()
    def _psi(self, pictures: NDArray[np.uint8]) -> Tensor:
        """Return P of the mean embedding of all photos of the samples, 1 x A."""
        photos = torch.from_numpy(np.array(pictures)).permute(0, 3, 1, 2).float() / 255
        _, people = self._network.encoder(photos[:, :3] * 2 - 1, photos[:, 3:])
        return self._network.affine(people.mean(0, keepdim=True))

    def run(self, deadline: float, report: Report | None) -> dict[str, NDArray[Any]] | None:
        """Adapt; return the changed arrays, or None if the held-out losses did not improve."""
        settings = self._settings
        initial_losses = self._validate()
        initial_loss = best_loss = sum(initial_losses.values())
        best_losses = initial_losses
        best_arrays, steps, without_improvement, stop_reason = self._arrays(), 0, 0, "all steps taken"
        shipped = best_arrays
        for parameter in self._decoder.values():
            parameter.requires_grad_(True)
        optimiser = torch.optim.Adam(self._decoder.values(), lr=settings.lr_painter, betas=(0.9, 0.99))
        while steps < settings.steps:
            batch = self._training_batches.batch(steps)
            optimiser.zero_grad(set_to_none=True)
            torch.autograd.backward(torch.stack(list(self._losses(batch).values())).sum())
            optimiser.step()
            steps += 1
            if report is not None:
                report(self._name, steps, settings.steps)
            if steps % settings.look_steps == 0 or steps == settings.steps:
                losses = self._validate()
                loss = sum(losses.values())
                # Better colours must not compensate for softer edges: no loss is allowed to get worse.
                if loss < best_loss and all(losses[name] <= initial_losses[name] for name in losses):
                    best_loss, best_losses, best_arrays, without_improvement = loss, losses, self._arrays(), 0
                else:
                    without_improvement += 1
            if without_improvement >= settings.looks:
                stop_reason = "no improvement on the held-out photos"
                break
            if time.monotonic() > deadline:
                stop_reason = "time limit"
                break
        improved = best_loss < initial_loss * (1 - settings.margin)
        if improved:
            best_arrays = self._interpolated(best_arrays, shipped)
            best_losses = self._validate()
            best_loss = sum(best_losses.values())
            improved = best_loss < initial_loss and all(
                best_losses[name] <= initial_losses[name] for name in best_losses
            )
        self.report = {
            "steps": steps,
            "before": initial_loss,
            "after": best_loss if improved else initial_loss,
            "ended": stop_reason,
        }
        self.report["changed"] = improved
        self.report["parts"] = {
            name: [initial_losses[name], (best_losses if improved else initial_losses)[name]]
            for name in VALIDATION_LOSSES
        }
        return best_arrays if improved else None

    @torch.no_grad()
    def _interpolated(
        self, fine_tuned: dict[str, NDArray[Any]], shipped: Mapping[str, NDArray[Any]]
    ) -> dict[str, NDArray[Any]]:
        """Interpolate between fine-tuned and shipped weights, also in the network itself."""
        interpolated = {
            key: shipped[key] + np.float32(INTERPOLATION) * (array - shipped[key]) for key, array in fine_tuned.items()
        }
        for key, parameter in self._decoder.items():
            parameter.copy_(torch.from_numpy(interpolated[key]))
        return interpolated

    def _forward(self, batch: PatchBatch) -> ForwardOutput:
        output: ForwardOutput = self._forward_pass(batch, self._affine.expand(len(batch.person_B), -1))
        return output

    def _losses(self, batch: PatchBatch) -> dict[str, Tensor]:
        return plain_losses(self._forward(batch), batch, self._content, LOSSES, self._landmarks)

    @torch.no_grad()
    def _validate(self) -> dict[str, float]:
        """Compute the held-out losses: pixels, edges, and features of two networks."""
        losses = self._losses(self._held_out_batch)
        return {name: float(losses[name]) for name in VALIDATION_LOSSES}

    def _arrays(self) -> dict[str, NDArray[Any]]:
        adapted: Mapping[str, Tensor] = {"affine": self._affine, **self._decoder}
        return {key: tensor.detach().numpy().copy() for key, tensor in adapted.items()}
