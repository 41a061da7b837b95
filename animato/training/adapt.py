"""Few-shot adaptation of a meta-learned model to one person (Zakharov et al. 2019, section 3.3).

The embedder is dropped: psi' starts at P e and w' at w0 + e (at w0 if e was not trained to match W). Generator, psi'
and discriminator are trained on the photos with the meta-learning losses except the match term. The number of
iterations matters most: too few leave an identity gap, too many freeze the expression. Therefore the result is
validated regularly on held-out photos (or on rotated copies of fewer than four) and on the response of mouth and eyes
to their landmarks, and the best iteration is kept.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from animato.data.clips import ClipFrames
from animato.models.layers import refresh_spectral
from animato.models.paper.discriminator import Discriminator
from animato.models.paper.generator import Generator
from animato.models.paper.runtime import PaperPerson
from animato.settings.adapt import AdaptSettings
from animato.settings.training import WEIGHTINGS
from animato.training.adam import make_adam, update_average
from animato.training.content import make_content_loss
from animato.training.distributed import join_process_group
from animato.training.episodes import EpisodeBatch, make_episode, stack
from animato.training.holdout_loss import HoldoutScore, HoldoutValidator
from animato.training.model import PaperModel
from animato.training.photos import augment_photo, concatenate_photos, select_photos, split_photos
from animato.training.step import Objective, discriminator_step, picture_loss

MIN_MATCH_WEIGHT = 1.0
"""Weight of the match term from which e matches the vectors of W. Below it, e is several times longer, the scores of a
discriminator with w0 + e are far outside its training range, and the adversarial term dominates."""

WARMUP_ITERATIONS = 5
"""Iterations of learning rate warm-up, as the first steps of Adam have full size regardless of noise."""

VALIDATIONS = 25
"""Number of validations in a full adaptation."""


@dataclass(frozen=True)
class AdaptProgress:
    """Progress of an adaptation.

    Attributes:
        iteration: steps done.
        total: maximum number of steps.
        score: the latest validation.
    """

    iteration: int
    total: int
    score: HoldoutScore


@dataclass(frozen=True)
class Adapted:
    """Result of an adaptation.

    Attributes:
        person: the person's generator.
        iterations: iteration whose weights were kept.
        stop_reason: "iterations" (all were used), "held-out photos", "rotated copies" or "expression".
        scores: (iteration, validation) in order, the first before fine-tuning.
    """

    person: PaperPerson
    iterations: int
    stop_reason: str
    scores: tuple[tuple[int, HoldoutScore], ...]

    def as_json(self) -> dict[str, object]:
        """Return the person file's entry `adaptation`."""
        return {
            "iterations": self.iterations,
            "stopped": self.stop_reason,
            "looks": [
                {"iteration": n, "error": score.error, "expression": score.expression} for n, score in self.scores
            ],
        }


class _PersonGenerator(nn.Module):
    """A generator and its AdaIN parameters as one trainable module."""

    def __init__(self, generator: Generator, affine_1A: Tensor) -> None:
        super().__init__()
        self.generator = generator
        self.affine_1A = nn.Parameter(affine_1A.detach().clone())

    def forward(self, drawing_BCHW: Tensor) -> Tensor:
        return self.generator.render(drawing_BCHW, self.affine_1A)


class _PersonDiscriminator(nn.Module):
    """The discriminator and the person's vector e, which adds to w0 (section 3.3: w' = w0 + e)."""

    def __init__(self, discriminator: Discriminator, person_1E: Tensor) -> None:
        super().__init__()
        self.discriminator = discriminator
        self.person_1E = nn.Parameter(person_1E.detach().clone())


def adapt(
    model: PaperModel,
    photos: ClipFrames,
    settings: AdaptSettings | None = None,
    report: Callable[[AdaptProgress], None] | None = None,
) -> Adapted:
    """Adapt a model to the photos of one person.

    Args:
        model: a meta-learned model; it is not changed.
        photos: crops at the model's size and margin (see `training.photos.crop_photos`).
        settings: see `settings.adapt`.
        report: called after every validation.

    Raises:
        UsageError: CUDA is requested but not available.
        MissingPartError, InputError: the content loss's network cannot be loaded.
    """
    settings = settings or AdaptSettings()
    if settings.threads:
        torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    device = join_process_group(settings.device).device
    split = split_photos(photos, settings.hold_out, settings.seed)

    # Start from the feed-forward person.
    person_generator, person_discriminator = _start(model, split.training, device)
    validator = HoldoutValidator(split.validation, split.training, model.config.drawing, device)
    scores = [(0, validator.score(person_generator))]
    total = settings.iterations_for(len(photos.images))
    best_iteration, best_generator, average = 0, copy.deepcopy(person_generator), copy.deepcopy(person_generator)
    stop_reason = "iterations"
    trainer = _Trainer(model, person_generator, person_discriminator, settings, device)
    validation_interval = max(1, total // VALIDATIONS)
    for iteration in range(1, total + 1):
        # Fetch photos, update generator and discriminator, update the average.
        trainer.step(trainer.batch(split.training), rate_at(iteration, total))
        update_average(average, person_generator, min(settings.average, iteration / (iteration + 4)))
        if iteration % validation_interval and iteration != total:
            continue
        # Validate.
        score = validator.score(average)
        scores.append((iteration, score))
        if report is not None:
            report(AdaptProgress(iteration, total, score))
        # Stop?
        if expression_collapsed(scores, total, settings.expression_floor):
            stop_reason = "expression"
            break
        if score.error < min(earlier.error for _, earlier in scores[:-1]):
            best_iteration, best_generator = iteration, copy.deepcopy(average)
        elif (iteration - best_iteration) // validation_interval >= settings.patience:
            stop_reason = "held-out photos" if split.held_out else "rotated copies"
            break
    person = PaperPerson(best_generator.generator, best_generator.affine_1A)
    return Adapted(person, best_iteration, stop_reason, tuple(scores))


def rate_at(iteration: int, total: int) -> float:
    """Return the learning rate factor at an iteration, counted from 1: short warm-up, then linear decay to 0.

    Differs from the 2019 paper, which uses constant rates: without decay, the last of a few hundred steps are noisy.
    """
    return min(1.0, iteration / WARMUP_ITERATIONS) * (1 - (iteration - 1) / total)


def expression_collapsed(scores: Sequence[tuple[int, HoldoutScore]], total: int, floor: float) -> bool:
    """Return whether the response to expression landmarks has dropped below a share of its maximum.

    The first two fifths of the iterations are ignored, as the response there is still that of the initial face.
    """
    responses = [score.expression for iteration, score in scores if iteration * 5 >= total * 2 and iteration > 0]
    return bool(responses) and responses[-1] < floor * max(responses)


def feed_forward(model: PaperModel, photos: ClipFrames) -> PaperPerson:
    """Return the person without fine-tuning: psi = P e (the 2019 paper's feed-forward rows).

    Args:
        photos: crops at the model's size and margin.
    """
    person_generator, _ = _start(model, photos, torch.device("cpu"))
    return PaperPerson(person_generator.generator, person_generator.affine_1A)


def _start(
    model: PaperModel, photos: ClipFrames, device: torch.device
) -> tuple[_PersonGenerator, _PersonDiscriminator]:
    episode = make_episode(concatenate_photos([select_photos(photos, [0]), photos]), model.config.drawing)
    with torch.no_grad():
        embedding = model.embedder(episode.photos_BKCHW, episode.photo_drawings_BKCHW)
        affine = model.generator.affine(embedding)
    generator = copy.deepcopy(model.generator)
    generator.project = nn.Identity()
    person_generator = _PersonGenerator(generator, affine).requires_grad_(True)
    train_settings = model.settings
    embedding_matches_table = (
        train_settings.variant == "fine-tune" and WEIGHTINGS[train_settings.weighting].match >= MIN_MATCH_WEIGHT
    )
    vector = embedding if embedding_matches_table else torch.zeros_like(embedding)
    person_discriminator = _PersonDiscriminator(copy.deepcopy(model.discriminator), vector).requires_grad_(True)
    return person_generator.to(device), person_discriminator.to(device)


class _Trainer:
    """Steps of fine-tuning."""

    def __init__(
        self,
        model: PaperModel,
        person_generator: _PersonGenerator,
        person_discriminator: _PersonDiscriminator,
        settings: AdaptSettings,
        device: torch.device,
    ) -> None:
        train_settings = replace(model.settings, content="auto", vgg19=settings.vgg19, vggface=settings.vggface)
        self._objective = replace(
            Objective.of(train_settings, make_content_loss(train_settings).to(device)), match=False
        )
        self._drawing = model.config.drawing
        self._discriminator_steps = train_settings.critic_steps
        self._person_generator, self._person_discriminator, self._settings, self._device = (
            person_generator,
            person_discriminator,
            settings,
            device,
        )
        self._rates = (
            train_settings.lr_drawer if settings.lr_drawer is None else settings.lr_drawer,
            train_settings.lr_critic if settings.lr_critic is None else settings.lr_critic,
        )
        self._optimisers = (
            make_adam(person_generator, self._rates[0]),
            make_adam(person_discriminator, self._rates[1]),
        )
        self._random = np.random.default_rng([settings.seed, 12])

    def batch(self, photos: ClipFrames) -> EpisodeBatch:
        """Sample photos as targets, with random rotation if enabled in the settings."""
        count = len(photos.images)
        indices = self._random.permutation(count)[: self._settings.batch]
        if self._settings.augment:
            parts = [augment_photo(photos, int(index), self._random) for index in indices]
        else:
            parts = [select_photos(photos, [int(index)]) for index in indices]
        return stack([make_episode(part, self._drawing) for part in parts]).to(self._device)

    def step(self, batch: EpisodeBatch, rate: float) -> None:
        """Update generator and AdaIN parameters once, the discriminator as often as in meta-learning.

        Args:
            rate: factor on both learning rates.
        """
        person_generator, person_discriminator = self._person_generator, self._person_discriminator
        generator_optimiser, discriminator_optimiser = self._optimisers
        for optimiser, peak_rate in zip(self._optimisers, self._rates, strict=True):
            for group in optimiser.param_groups:
                group["lr"] = peak_rate * rate
        count = len(batch.target_BCHW)
        refresh_spectral(person_generator)
        person_discriminator.requires_grad_(False)
        fake = person_generator(batch.drawing_BCHW)
        person = person_discriminator.person_1E.expand(count, -1)
        parts = picture_loss(fake, batch, person_discriminator.discriminator, person, self._objective)
        generator_optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(torch.stack(list(parts.values())).sum())
        generator_optimiser.step()
        person_discriminator.requires_grad_(True)
        for _ in range(self._discriminator_steps):
            refresh_spectral(person_discriminator)
            output = discriminator_step(
                person_discriminator.discriminator,
                person_discriminator.person_1E.expand(count, -1),
                batch,
                fake.detach(),
            )
            discriminator_optimiser.zero_grad(set_to_none=True)
            torch.autograd.backward(output.loss)
            discriminator_optimiser.step()
