"""Working ahead changes nothing but the time it takes."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from animato.render.ahead import AHEAD, ahead


def test_items_come_in_order_and_all_of_them() -> None:
    assert list(ahead(iter(range(100)))) == list(range(100))


def test_what_the_iterator_raises_is_raised_where_the_items_are_wanted() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise ValueError("the driver ends here")

    made = ahead(broken())
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
    items = ahead(endless())
    assert next(items) == 0
    items.close()
    assert closed == [True]
    assert threading.active_count() == before
    assert len(made) <= AHEAD + 4
