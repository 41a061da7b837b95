"""Load batches in background threads, in deterministic order."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

from animato.training.distributed import Team
from animato.training.episodes import EpisodeBatch, Episodes


class Prefetch:
    """Iterator over batches of episodes, loaded ahead of time in order."""

    def __init__(self, episodes: Episodes, first: int, team: Team, workers: int) -> None:
        self._episodes = episodes
        self._team = team
        self._next = first
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="episodes")
        self._pending: deque[Future[EpisodeBatch]] = deque()
        for _ in range(workers + 1):
            self._submit()

    def take(self) -> EpisodeBatch:
        """Return the next batch, on the team's device.

        Raises:
            InputError: a frame could not be read.
        """
        batch = self._pending.popleft().result()
        self._submit()
        return batch.to(self._team.device)

    def __enter__(self) -> Prefetch:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for future in self._pending:
            future.cancel()
        self._pool.shutdown(wait=True)

    def _submit(self) -> None:
        self._pending.append(self._pool.submit(self._episodes.batch, self._next, self._team.rank, self._team.world))
        self._next += 1
