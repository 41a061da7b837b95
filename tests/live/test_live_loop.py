"""The live loop under load: a queue of one, constant delay, idle motion, and quality that follows the load."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
import pytest
from live_fakes import NEUTRAL, FakeClock, FakeRenderer, FakeSource, ListSink, moved

from animato.live.loop import IDLE_FPS, LiveLoop, Pace
from animato.live.newest import Newest
from animato.live.performer import Performer
from animato.live.report import Governor, LiveReport
from animato.motion.motion_frame import MotionFrame
from animato.runtime.stage_clock import StageClock
from animato.types import Frame

CAMERA = [index / 30 for index in range(30 * 20)]


def run(seconds: float, times: list[float] = CAMERA) -> tuple[LiveLoop, FakeSource, ListSink]:
    clock, sink = FakeClock(), ListSink()
    source = FakeSource(clock, list(times))
    loop = LiveLoop(source, Performer(), FakeRenderer(clock, seconds), [sink], now=clock, wait=clock.wait)
    loop.run(threading.Event())
    return loop, source, sink


def test_a_fast_renderer_drops_nothing_and_adds_its_own_time_only() -> None:
    loop, source, sink = run(0.02)
    statistics = loop.statistics()
    assert source.dropped == 0 and len(sink.items) >= len(CAMERA)
    assert statistics.delay_p50 == pytest.approx(0.02) and statistics.delay_p95 == pytest.approx(0.02)
    assert statistics.fps == pytest.approx(30, rel=0.02)
    assert statistics.audio_offset == pytest.approx(0.02)


@pytest.mark.parametrize("seconds", [0.05, 0.3])
def test_behind_a_slow_renderer_the_delay_is_bounded_and_constant(seconds: float) -> None:
    clock = FakeClock()
    source = FakeSource(clock, list(CAMERA))
    loop = LiveLoop(source, Performer(), FakeRenderer(clock, seconds), now=clock, wait=clock.wait)
    delays = []
    loop.run(threading.Event(), lambda: delays.append(loop.report._finished[-1][1]))
    measured = [delay for delay in delays[:-1] if delay is not None]
    assert source.dropped > 0
    # The newest frame is at most one interval of the camera old when its turn comes.
    assert max(measured) <= seconds + 1 / 30 + 1e-9
    early, late = np.mean(measured[: len(measured) // 3]), np.mean(measured[-len(measured) // 3 :])
    assert late == pytest.approx(early, abs=1 / 30)  # the phase of camera and renderer


def test_without_motion_the_head_moves_by_itself_at_a_steady_rate() -> None:
    clock, renderer = FakeClock(), None
    source = FakeSource(clock, [100.0])
    renderer = FakeRenderer(clock, 0.01)
    loop = LiveLoop(source, Performer(), renderer, now=clock, wait=clock.wait)
    for _ in range(50):
        loop.step()
    assert clock() == pytest.approx(50 / IDLE_FPS + 0.01, abs=0.02)
    assert len({motion.apertures[0] for motion in renderer.motions}) > 3


def test_a_new_neutral_frame_reaches_the_renderer() -> None:
    clock = FakeClock()
    source, renderer = FakeSource(clock, [0.0, 0.1]), FakeRenderer(clock, 0.01)
    other = moved(0.0).neutral.__class__(**vars(NEUTRAL))
    renderer.neutral = other
    LiveLoop(source, Performer(), renderer, now=clock, wait=clock.wait).run(threading.Event())
    assert renderer.neutral is NEUTRAL


def test_everything_is_closed_and_the_first_error_is_raised() -> None:
    class Broken(ListSink):
        def put(self, item: object, captured: float = 0.0) -> None:
            raise OSError("no room")

    clock, motion_sink = FakeClock(), ListSink()
    source, broken, last = FakeSource(clock, [0.0]), Broken(), ListSink()
    loop = LiveLoop(
        source, Performer(), FakeRenderer(clock, 0.0), [broken, last], [motion_sink], now=clock, wait=clock.wait
    )
    with pytest.raises(OSError, match="no room"):
        loop.run(threading.Event())
    assert source.closed and broken.closed and last.closed and motion_sink.closed
    assert len(motion_sink.items) == 1


def test_a_frame_is_begun_while_the_previous_one_is_finished_in_order() -> None:
    class Renderer(FakeRenderer):
        """Its second half waits until the next first half has begun."""

        def begin(self, motion: MotionFrame, clock: StageClock | None = None) -> Callable[[], Frame]:
            self.motions.append(motion)
            number = len(self.motions)

            def finish() -> Frame:
                with changed:
                    assert changed.wait_for(lambda: len(self.motions) > number or not source.waiting, 60)
                return np.full((8, 8, 3), number, np.uint8)

            with changed:
                changed.notify_all()
            return finish

    class Sink(ListSink):
        def put(self, item: object, captured: float = 0.0) -> None:
            shown.append(int(np.asarray(item)[0, 0, 0]))

    changed, shown = threading.Condition(), []
    clock, sink = FakeClock(), Sink()
    source = FakeSource(clock, [0.0, 0.1, 0.2, 0.3, 0.4, 0.5])
    renderer = Renderer(clock, 0.0)
    LiveLoop(source, Performer(), renderer, [sink], overlap=True, now=clock, wait=clock.wait).run(threading.Event())
    assert len(shown) >= 6 and shown == list(range(1, len(renderer.motions) + 1))


def test_motion_is_taken_when_the_painter_is_about_to_be_free() -> None:
    pace = Pace()
    assert pace.wait(10.0) == 0.0, "nothing is known"
    pace.begun.extend([0.02, 0.05])
    pace.finished.extend([0.3, 0.4])
    pace.hand_over(10.0)
    assert pace.wait(10.1) == pytest.approx(0.15), "0.3 s after the hand-over, less 0.05 s and 0.1 s that passed"
    assert pace.wait(10.3) == 0.0


def test_an_error_of_the_second_half_is_raised_and_everything_is_closed() -> None:
    class Renderer(FakeRenderer):
        def begin(self, motion: MotionFrame, clock: StageClock | None = None) -> Callable[[], Frame]:
            def finish() -> Frame:
                raise ValueError("broken")

            return finish

    clock, sink = FakeClock(), ListSink()
    loop = LiveLoop(
        FakeSource(clock, [0.0]), Performer(), Renderer(clock), [sink], overlap=True, now=clock, wait=clock.wait
    )
    with pytest.raises(ValueError, match="broken"):
        loop.run(threading.Event())
    assert sink.closed


def test_motion_is_passed_on_without_a_renderer() -> None:
    clock, sink = FakeClock(), ListSink()
    LiveLoop(FakeSource(clock, [0.0, 0.04]), Performer(), None, [], [sink], now=clock, wait=clock.wait).run(
        threading.Event()
    )
    assert len(sink.items) == 2


def test_quality_falls_under_load_and_returns_more_slowly_after_each_relapse() -> None:
    governor, now, levels = Governor(3, 0.04), 0.0, []
    times = {0: 0.06, 1: 0.015, 2: 0.01}
    for _ in range(30 * 60):
        now += 1 / 30
        levels.append(governor.add(times[governor.level], now))
    changes = np.flatnonzero(np.diff(levels))
    assert levels[0] == 0 and set(levels) == {0, 1}
    rests = np.diff(changes)[1::2] / 30
    assert len(rests) >= 1 and changes[0] / 30 == pytest.approx(1.0, abs=0.1)
    assert np.mean(np.array(levels) == 0) < 0.1


def test_a_level_that_holds_is_kept() -> None:
    governor = Governor(2, 0.04)
    assert [governor.add(0.03, index / 30) for index in range(300)] == [0] * 300


def test_the_newest_item_wins_and_waits_alone() -> None:
    newest: Newest[int] = Newest()
    for item in (1, 2, 3):
        newest.put(item)
    assert (newest.take(0.0), newest.take(0.0), newest.dropped) == (3, None, 2)
    newest.fail(ValueError("broken"))
    with pytest.raises(ValueError, match="broken"):
        newest.take()
    newest.close()
    assert newest.closed


def test_the_report_says_what_to_set() -> None:
    report = LiveReport()
    for index in range(60):
        report.add(index / 30 + 0.053, index / 30)
    sentence = report.statistics(4, 1, "the camera 0 was unplugged: plug it in again").sentence()
    assert sentence == (
        "30 fps, delay 53 ms (95 %: 53), audio offset 50 ms, 4 dropped, quality lowered by 1; "
        "the camera 0 was unplugged: plug it in again"
    )
