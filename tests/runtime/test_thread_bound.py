"""A thread count bounds what a render computes with, and is gone when the render is."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import cv2
import pytest

from animato.runtime.engine import Engine
from animato.runtime.thread_bound import bounded, bounded_items
from animato.runtime.torch_threads import torch_bounded


@pytest.fixture(autouse=True)
def four_threads() -> Iterator[None]:
    """OpenCV as a program would have it that knows nothing of animato."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(4)
    yield
    cv2.setNumThreads(before)


def test_opencv_is_bounded_inside_and_as_it_was_afterwards() -> None:
    with Engine(1).bounded():
        assert cv2.getNumThreads() == 1
    assert cv2.getNumThreads() == 4
    with pytest.raises(ValueError, match="no"), bounded(2):
        assert cv2.getNumThreads() == 2
        raise ValueError("no")
    assert cv2.getNumThreads() == 4


def test_a_bound_never_raises_the_count() -> None:
    with bounded(16):
        assert cv2.getNumThreads() == 4


def test_the_lowest_of_several_bounds_counts_in_whatever_order_they_end() -> None:
    one, two = bounded(1), bounded(2)
    two.__enter__()
    one.__enter__()
    assert cv2.getNumThreads() == 1
    two.__exit__(None, None, None)
    assert cv2.getNumThreads() == 1
    one.__exit__(None, None, None)
    assert cv2.getNumThreads() == 4


def test_many_renders_at_once_leave_the_count_as_it_was() -> None:
    def render(threads: int) -> None:
        for _ in bounded_items(iter(range(50)), threads):
            pass

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(render, [1, 2, 3, 1, 2, 3, 1, 2]))
    assert cv2.getNumThreads() == 4


def test_an_iterator_is_bounded_while_it_makes_an_item_and_not_while_it_is_used() -> None:
    seen = []

    def items() -> Iterator[int]:
        for number in range(3):
            seen.append(cv2.getNumThreads())
            yield number

    for _ in bounded_items(items(), 1):
        assert cv2.getNumThreads() == 4
    assert seen == [1, 1, 1]
    kept = bounded_items(items(), 1)
    next(kept)
    assert cv2.getNumThreads() == 4, "an iterator that somebody keeps bounds nothing"


def test_a_bounded_iterator_closes_what_it_reads() -> None:
    closed = []

    def items() -> Iterator[int]:
        try:
            yield from range(9)
        finally:
            closed.append(True)

    bound = bounded_items(items(), 1)
    next(bound)
    bound.close()
    assert closed == [True]


def test_torch_is_bounded_in_every_thread_that_draws_and_as_it_was_in_all() -> None:
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        barrier = threading.Barrier(4)

        def draw() -> tuple[int, int]:
            with torch_bounded(1):
                barrier.wait(10)
                inside = torch.get_num_threads()
                barrier.wait(10)
            return inside, torch.get_num_threads()

        with ThreadPoolExecutor(4) as pool:
            assert [one.result() for one in [pool.submit(draw) for _ in range(4)]] == [(1, 3)] * 4
        assert torch.get_num_threads() == 3
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(torch.get_num_threads).result() == 3, "a thread that is new to torch"
    finally:
        torch.set_num_threads(before)
