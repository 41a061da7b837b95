"""Load batches in background threads, in deterministic order."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

from animato.training.distributed import ProcessGroup
from animato.training.episodes import EpisodeBatch, Episodes


class Prefetch:
    """Iterator over batches of episodes, loaded ahead of time in order."""

    def __init__(self, episodes: Episodes, first: int, process_group: ProcessGroup, workers: int) -> None:
        self._episodes = episodes
        self._process_group = process_group
        self._next = first
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="episodes")
        self._pending: deque[Future[EpisodeBatch]] = deque()
        for _ in range(workers + 1):
            self._submit()

    def take(self) -> EpisodeBatch:
        """Return the next batch, on the device of this process.

        Raises:
            InputError: a frame could not be read.
        """
        batch = self._pending.popleft().result()
        self._submit()
        return batch.to(self._process_group.device)

    def __enter__(self) -> Prefetch:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for future in self._pending:
            future.cancel()
        self._pool.shutdown(wait=True)

    def _submit(self) -> None:
        self._pending.append(
            self._pool.submit(self._episodes.batch, self._next, self._process_group.rank, self._process_group.world)
        )
        self._next += 1
