"""One update of all networks from one batch of episodes."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from animato.models.layers import refresh_spectral
from animato.settings.training import TrainSettings
from animato.training.distributed import ProcessGroup
from animato.training.episodes import EpisodeBatch
from animato.training.state import ADAM_BETAS, ADAM_EPS, TrainState, update_average
from animato.training.step import DiscriminatorOutput, GeneratorOutput, Objective, discriminator_step, generator_step


@dataclass(frozen=True)
class DdpNetworks:
    """The two networks, possibly wrapped in DDP."""

    embedder_generator: nn.Module
    discriminator: nn.Module


@dataclass(frozen=True)
class UpdateOutput:
    """Output of one update, detached.

    Attributes:
        generator: losses and pictures of embedder and generator.
        discriminator: the last discriminator step.
        gradient_norms: of generator and discriminator, or None if not requested.
    """

    generator: GeneratorOutput
    discriminator: DiscriminatorOutput
    gradient_norms: tuple[Tensor, Tensor] | None


def rate_at(settings: TrainSettings, episodes: int) -> float:
    """Return the learning rate factor after a number of episodes, in [0, 1].

    Linear warm-up over `warmup` episodes, linear decay to 0 over the last share `cooldown` of the run.
    """
    warmup = min(1.0, (episodes + settings.batch) / settings.warmup) if settings.warmup else 1.0
    if settings.cooldown <= 0:
        return warmup
    cooldown = (settings.episodes - episodes) / (settings.cooldown * settings.episodes)
    return warmup * min(1.0, max(0.0, cooldown))


def update(
    state: TrainState,
    networks: DdpNetworks,
    batch: EpisodeBatch,
    objective: Objective,
    settings: TrainSettings,
    process_group: ProcessGroup,
    bf16: bool = False,
    measure: bool = False,
) -> UpdateOutput:
    """Update embedder and generator once, the discriminator `critic_steps` times, then the average.

    The discriminator steps reuse the images of the generator step.

    Args:
        bf16: whether to use bfloat16 autocast (GPU only).
        measure: whether to return the gradient norms.
    """
    factor = rate_at(settings, state.episodes)
    autocast = torch.autocast(process_group.device.type, torch.bfloat16, enabled=bf16)

    # Update embedder and generator.
    refresh_spectral(state.embedder_generator)
    state.discriminator.requires_grad_(False)
    with autocast:
        generator_output = generator_step(
            networks.embedder_generator, state.discriminator, state.embedding_table.read(batch.rows_B), batch, objective
        )
    state.generator_optimiser.zero_grad(set_to_none=True)
    torch.autograd.backward(generator_output.loss)
    _take_step(state.generator_optimiser, settings.lr_drawer * factor)

    # Update the discriminator and the rows of its table.
    state.discriminator.requires_grad_(True)
    for _ in range(settings.critic_steps):
        refresh_spectral(state.discriminator)
        person_BE = state.embedding_table.read(batch.rows_B)
        with autocast:
            discriminator_output = discriminator_step(
                networks.discriminator, person_BE, batch, generator_output.picture_BCHW
            )
        state.discriminator_optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(discriminator_output.loss)
        _take_step(state.discriminator_optimiser, settings.lr_critic * factor)
        assert person_BE.grad is not None
        rows, gradient = process_group.gather(batch.rows_B), process_group.gather(person_BE.grad) / process_group.world
        state.embedding_table.update(rows, gradient, settings.lr_critic * factor, ADAM_BETAS, ADAM_EPS)

    # Update the average.
    update_average(
        state.average, state.embedder_generator, min(settings.average, (1 + state.batches) / (10 + state.batches))
    )
    state.batches += 1
    state.episodes += settings.batch
    norms = (gradient_norm(state.embedder_generator), gradient_norm(state.discriminator)) if measure else None
    return UpdateOutput(_detached_generator(generator_output), _detached_discriminator(discriminator_output), norms)


def gradient_norm(module: nn.Module) -> Tensor:
    """Compute the L2 norm of all gradients of a network."""
    return torch.nn.utils.get_total_norm([p.grad for p in module.parameters() if p.grad is not None])


def _take_step(optimiser: torch.optim.Adam, lr: float) -> None:
    for group in optimiser.param_groups:
        group["lr"] = lr
    optimiser.step()


def _detached_generator(output: GeneratorOutput) -> GeneratorOutput:
    return GeneratorOutput(output.loss.detach(), output.parts, output.picture_BCHW)


def _detached_discriminator(output: DiscriminatorOutput) -> DiscriminatorOutput:
    return DiscriminatorOutput(output.loss.detach(), output.real_accuracy, output.fake_accuracy)
