"""The next batches are read and drawn in other threads while this one is trained on; the order never changes."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

from animato.training.distributed import Team
from animato.training.episodes import EpisodeBatch, Episodes


class Prefetch:
    """Batches of episodes in order, made ahead of time."""

    def __init__(self, episodes: Episodes, first: int, team: Team, workers: int) -> None:
        self._episodes = episodes
        self._team = team
        self._next = first
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="episodes")
        self._waiting: deque[Future[EpisodeBatch]] = deque()
        for _ in range(workers + 1):
            self._ask()

    def take(self) -> EpisodeBatch:
        """Return the next batch, on the team's device.

        Raises:
            InputError: a frame could not be read.
        """
        batch = self._waiting.popleft().result()
        self._ask()
        return batch.to(self._team.device)

    def __enter__(self) -> Prefetch:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for future in self._waiting:
            future.cancel()
        self._pool.shutdown(wait=True)

    def _ask(self) -> None:
        self._waiting.append(self._pool.submit(self._episodes.batch, self._next, self._team.rank, self._team.world))
        self._next += 1
