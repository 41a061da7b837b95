"""Working ahead changes nothing but the time it takes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from animato.api import animate
from animato.errors import InputError
from animato.pipeline.prefetch import PREFETCH_DEPTH, prefetch
from animato.types import Frame


def test_items_come_in_order_and_all_of_them() -> None:
    assert list(prefetch(iter(range(100)))) == list(range(100))


def test_what_the_iterator_raises_is_raised_where_the_items_are_wanted() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise ValueError("the driver ends here")

    made = prefetch(broken())
    assert next(made) == 1
    with pytest.raises(ValueError, match="the driver ends here"):
        next(made)


def test_who_stops_early_closes_the_iterator_and_leaves_no_thread() -> None:
    closed, made = [], []

    def endless() -> Iterator[int]:
        try:
            for number in range(10_000_000):
                made.append(number)
                yield number
        finally:
            closed.append(True)

    before = threading.active_count()
    items = prefetch(endless())
    assert next(items) == 0
    items.close()
    assert closed == [True]
    assert threading.active_count() == before
    assert len(made) <= PREFETCH_DEPTH + 4


def test_stages_behind_each_other_all_end_when_the_last_is_closed() -> None:
    before = threading.active_count()

    def stage(items: Iterator[int]) -> Iterator[int]:
        for item in prefetch(items, 2):
            yield item + 1

    made = prefetch(stage(stage(iter(range(10_000_000)))), 2)
    assert next(made) == 2
    made.close()
    assert threading.active_count() == before


@pytest.mark.parametrize("photo", [np.zeros((300, 300, 3), np.uint8), Path("nobody.jpg")])
def test_a_photo_that_cannot_be_used_leaves_no_thread_that_compiles(photo: Frame | Path, tmp_path: Path) -> None:
    with pytest.raises(InputError):
        animate(photo, "nod", tmp_path / "out.mp4")
    assert "compile" not in {thread.name for thread in threading.enumerate()}


def test_ctrl_c_while_the_thread_starts_leaves_no_thread_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    start = threading.Thread.start

    def start_and_stop(thread: threading.Thread) -> None:
        start(thread)
        raise KeyboardInterrupt

    monkeypatch.setattr(threading.Thread, "start", start_and_stop)
    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        next(prefetch(iter(range(1000))))
    assert threading.active_count() == before
