"""The 2019 system as the training loop sees it (Zakharov et al. 2019, section 3.2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from torch import Tensor

from animato.errors import FileFormatError
from animato.geometry.crop import MARGIN
from animato.models.layers import refresh_spectral
from animato.models.loading import arrays_of
from animato.settings.training import TrainSettings
from animato.training.adam import Arrays
from animato.training.checkpoint import SCHEMA
from animato.training.content import make_content_loss
from animato.training.distributed import ProcessGroup
from animato.training.episodes import EpisodeBatch, Episodes
from animato.training.precision import Precision
from animato.training.state import new_state, restore_state, state_arrays
from animato.training.step import Objective, discriminator_step, generator_step
from animato.training.system import LossAndFigures, Optimised, Phase, Schedule, TableRows, TrainingSystem, Validation
from animato.training.validate import validate
from animato.weights.io import write_arrays

KIND = "paper-checkpoint"
MODEL_KIND = "paper-model"


class MetaSystem(TrainingSystem[EpisodeBatch]):
    """Embedder, generator and discriminator in meta-training.

    Args:
        settings: of the training.
        episodes: of the training split.
        group: the processes.
        margin: side of the data's crops, in faces; stored in the model file.
        held_out: fixed episodes for validation, or None.

    Attributes:
        episodes: of the training split.
        state: networks, average, optimisers and table.
        recipe: description of the training for the model file; set by the caller.
    """

    name = ""

    def __init__(
        self,
        settings: TrainSettings,
        episodes: Episodes,
        group: ProcessGroup,
        margin: float = MARGIN,
        held_out: EpisodeBatch | None = None,
    ) -> None:
        self._settings, self.episodes, self.group, self._held_out = settings, episodes, group, held_out
        self.source = episodes
        self._videos = [source.name for source in episodes.sources]
        self.recipe: Mapping[str, Any] = {}
        self.schedule = schedule_of(settings)
        self.precision = Precision.of(settings.precision, group.device)
        state = self.state = new_state(settings, len(self._videos), group.device, margin)
        self.content = make_content_loss(settings).to(group.device)
        self.objective = Objective.of(settings, self.content)
        self.steps = 0
        self.current, self.average, self.decay = state.embedder_generator, state.average, settings.average
        self._drawer = Optimised(
            "drawer",
            state.embedder_generator,
            state.generator_optimiser,
            group.wrap(state.embedder_generator),
            self.precision.loss_scaler(),
        )
        self._critic = Optimised(
            "critic",
            state.discriminator,
            state.discriminator_optimiser,
            group.wrap(state.discriminator),
            self.precision.loss_scaler(),
        )
        self.optimised: Sequence[Optimised] = (self._drawer, self._critic)
        self._last: tuple[Tensor, Tensor] | None = None

    def phases(self, micro_batches: Sequence[EpisodeBatch]) -> Iterator[Phase]:
        """Yield the step of embedder and generator, then the discriminator's, which reuse the generated images."""
        settings, state = self._settings, self.state
        factor = rate_at(settings, self.count)
        generated: list[Tensor] = []

        def generator_loss(index: int) -> LossAndFigures:
            batch = micro_batches[index]
            person_BE = state.embedding_table.read(batch.rows_B)
            output = generator_step(self._drawer.wrapped, state.discriminator, person_BE, batch, self.objective)
            generated.append(output.picture_BCHW)
            self._last = output.picture_BCHW, batch.target_BCHW
            return output.loss, {"loss_drawer": output.loss} | {f"loss_{k}": v for k, v in output.parts.items()}

        refresh_spectral(state.embedder_generator)
        state.discriminator.requires_grad_(False)
        yield Phase(self._drawer, settings.lr_drawer * factor, generator_loss)

        state.discriminator.requires_grad_(True)
        for _ in range(settings.critic_steps):
            rows = TableRows(state.embedding_table, settings.lr_critic * factor)

            def critic_loss(index: int, rows: TableRows = rows) -> LossAndFigures:
                batch = micro_batches[index]
                output = discriminator_step(self._critic.wrapped, rows.read(batch.rows_B), batch, generated[index])
                accuracy = {"critic_real_right": output.real_accuracy, "critic_fake_right": output.fake_accuracy}
                return output.loss, {"loss_critic": output.loss, **accuracy}

            refresh_spectral(state.discriminator)
            yield Phase(self._critic, settings.lr_critic * factor, critic_loss, rows)

    def arrays(self) -> Arrays:
        """Return all tensors by name."""
        return state_arrays(self.state)

    def header(self) -> dict[str, Any]:
        """Return progress, architecture and the names of the rows of W."""
        progress = {"batches": self.steps, "episodes": self.count}
        return {"config": self.state.config.as_json(), **progress, "videos": self._videos}

    def restore(self, arrays: Mapping[str, NDArray[Any]], header: Mapping[str, Any], where: str) -> None:
        """Restore all tensors and the progress."""
        if header["config"] != self.state.config.as_json() or header["videos"] != self._videos:
            raise FileFormatError(
                f"{where} belongs to a run with other networks or other data",
                where=f"{len(header['videos'])} videos there, {len(self._videos)} here",
                hint="another output folder, or the data set the run was started with",
            )
        restore_state(self.state, arrays, where)
        self.steps = int(header["batches"])

    def save_model(self, path: Path) -> None:
        """Write averaged embedder and generator, discriminator, and training description."""
        state = self.state
        arrays = arrays_of(state.average.embedder, "embedder.") | arrays_of(state.average.generator, "generator.")
        arrays |= arrays_of(state.discriminator, "discriminator.")
        header = {"kind": MODEL_KIND, "schema": SCHEMA, "config": state.config.as_json(), "episodes": self.count}
        write_arrays(path, arrays, {**header, "recipe": dict(self.recipe)})

    def validate(self) -> Validation | None:
        """Render and measure the held-out episodes."""
        return None if self._held_out is None else validate(self.state.average, self._held_out)

    def pictures(self) -> tuple[Tensor, Tensor] | None:
        """Return the last generated and real images."""
        return self._last


def schedule_of(settings: TrainSettings) -> Schedule:
    """Return when the loop does what."""
    return Schedule(
        unit="episodes",
        total=settings.episodes,
        per_step=settings.batch,
        log=settings.log_episodes,
        validate=settings.validate_episodes,
        save=settings.save_episodes,
        save_minutes=settings.save_minutes,
        accumulate=settings.accumulate,
        workers=settings.workers,
    )


def rate_at(settings: TrainSettings, episodes: int) -> float:
    """Return the learning rate factor after a number of episodes, in [0, 1].

    Linear warm-up over `warmup` episodes, linear decay to 0 over the last share `cooldown` of the run.
    """
    warmup = min(1.0, (episodes + settings.batch) / settings.warmup) if settings.warmup else 1.0
    if settings.cooldown <= 0:
        return warmup
    cooldown = (settings.episodes - episodes) / (settings.cooldown * settings.episodes)
    return warmup * min(1.0, max(0.0, cooldown))
