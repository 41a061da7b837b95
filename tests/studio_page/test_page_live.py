"""The Live view against the real socket, with a camera that plays numbers: delay and drops are read from pixels."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from main_job import made, shared_engine  # noqa: F401 (a fixture)
from page_browser import FLAGS, launch

import animato
from animato.live.browser import UNSEEN_ANSWERS, open_browser_session
from animato.settings.live import LiveSettings

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))
from measure_live_view import LiveStudio, measure, passthrough, start_live, write_numbered_camera

STAGE = ".stage.live"
LAST_ANSWER = "() => window.probe.answers.at(-1)"

SMALL = LiveSettings(model="geometry", size=128, adapt=False)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, made) -> Iterator[LiveStudio]:  # noqa: F811
    """A studio with heads whose sessions pass numbers through at once or slowly, and one that is rendered."""
    openers = {
        "Quick": passthrough(0.0),
        "Slow": passthrough(0.3),
        "Real": lambda send: open_browser_session(made.person, SMALL, shared_engine(1), send),
    }
    with LiveStudio(tmp_path_factory.mktemp("live"), made.person, openers).serving() as started:
        yield started


@pytest.fixture(scope="module")
def browser(playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    """A browser whose camera plays numbers."""
    camera = write_numbered_camera(tmp_path_factory.mktemp("camera") / "numbers.y4m")
    asks = [flag for flag in FLAGS if flag != "--use-fake-ui-for-media-stream"]  # which grants everything
    flags = [*asks, f"--use-file-for-fake-video-capture={camera}"]
    with launch(playwright, flags) as started:
        yield started


def wait_for_answers(page, more: int) -> None:
    """Wait until that many further answers were shown."""
    shown = int(page.get_attribute(STAGE, "data-frames") or 0)
    page.wait_for_function(f"() => Number(document.querySelector('{STAGE}').dataset.frames) >= {shown + more}")


def test_answers_show_the_cameras_frames_in_order_and_the_page_counts_those_left_out(open_page, server) -> None:
    page = open_page("live", permissions=["camera"])
    start_live(page, server, "Quick")
    found = measure(page, 40)
    assert found.in_order and found.fps > 0
    few = 3 + round(30 * found.p95 / 1000)  # counted as far apart as an answer is late, at 30 frames a second
    assert found.reported - few <= found.skipped <= found.reported + found.lost + few
    assert "ms of rendering" in page.inner_text(".figures")


def test_a_picture_that_is_decoded_after_a_newer_one_is_not_shown(open_page, server) -> None:
    page = open_page("live", permissions=["camera"])
    page.add_init_script("""
        const decode = window.createImageBitmap;
        let count = 0;
        window.createImageBitmap = async (picture) => {
            count += 1;
            if (count % 2) await new Promise((done) => setTimeout(done, 150));
            return decode(picture);
        };
    """)
    page.reload()
    page.wait_for_selector(".view-live [data-head]")
    start_live(page, server, "Quick")
    assert measure(page, 20).in_order


def test_behind_a_renderer_of_300_ms_the_delay_is_that_of_one_frame_and_does_not_grow(open_page, server) -> None:
    page = open_page("live", permissions=["camera"])
    start_live(page, server, "Slow")
    measure(page, 1)
    found = measure(page, 12)
    assert found.in_order and found.skipped > 0
    assert found.begin >= 300
    assert found.p50 < 1200, "a queue of what the camera gives meanwhile would be 3 s long by the twelfth answer"


def test_two_tabs_are_live_at_once(open_page, server) -> None:
    first = open_page("live", permissions=["camera"])
    start_live(first, server, "Quick")
    second = open_page("live", again=first)
    start_live(second, server, "Slow")
    wait_for_answers(first, 3)
    wait_for_answers(second, 1)


def test_a_recording_is_made_downloaded_signed_and_listed(open_page, server, tmp_path: Path) -> None:
    page = open_page("live", permissions=["camera"])
    start_live(page, server, "Real")
    page.click("[data-action=record-live]")
    page.wait_for_selector("[data-action=record-live][aria-pressed=true]")
    wait_for_answers(page, 3)
    page.click("[data-action=record-live]")
    with page.expect_download() as download:
        page.click("[data-action=download-live]")
    download.value.save_as(tmp_path / "me.mp4")
    report = animato.verify(tmp_path / "me.mp4")
    assert report.found and report.to_json()["credentials"]["state"] == "trusted"
    page.click("[data-action=record-live]")
    page.wait_for_selector("[data-action=record-live][aria-pressed=true]")
    wait_for_answers(page, 2)
    page.click("#nav [data-view=results]")  # leaving the view ends and keeps a recording
    page.wait_for_function("() => document.querySelectorAll('.result').length === 2")
    assert "Live" in page.locator(".result").first.inner_text()


def test_without_permission_there_is_a_sentence_and_nothing_is_sent(open_page, server) -> None:
    page = open_page("live")
    sockets = []
    page.on("websocket", lambda opened: sockets.append(opened))
    page.click("[data-action=live]")
    page.wait_for_selector(".view-live .problem:has-text('may not use the camera')")
    assert (
        not [opened for opened in sockets if "/live" in opened.url]
        and page.inner_text("[data-action=live]") == "Start the camera"
    )


def test_a_camera_that_is_unplugged_is_said_and_goes_on_when_it_is_back(open_page, server) -> None:
    page = open_page("live", permissions=["camera"])
    start_live(page, server, "Quick")
    page.evaluate("""() => {
        const [track] = document.querySelector('.stage.live video').srcObject.getTracks();
        track.stop();
        track.dispatchEvent(new Event('ended'));
    }""")
    page.wait_for_selector(".view-live .problem:has-text('camera stopped')")
    wait_for_answers(page, 2)  # the head rests meanwhile
    page.evaluate("navigator.mediaDevices.dispatchEvent(new Event('devicechange'))")
    page.wait_for_selector(".view-live .problem", state="detached")
    measure(page, 3)


def test_after_the_page_was_suspended_it_is_live_again_without_a_backlog(open_page, server) -> None:
    page = open_page("live", permissions=["camera"])
    start_live(page, server, "Quick")
    before = measure(page, 5)
    devtools = page.context.new_cdp_session(page)
    devtools.send("Page.setWebLifecycleState", {"state": "frozen"})
    session = server.sessions[-1]
    enough = session.rendered + 5 * UNSEEN_ANSWERS
    while session.rendered < enough:
        page.context.cookies()  # asks the browser, while the server's threads go on
    devtools.send("Page.setWebLifecycleState", {"state": "active"})
    after = measure(page, 20)
    assert after.end < before.begin + 1000, "what was rendered meanwhile is not shown late"


def test_a_page_that_is_not_seen_still_sends_and_records(open_page, server) -> None:
    page = open_page("live", permissions=["camera"])
    page.add_init_script("Object.defineProperty(document, 'hidden', {get: () => Boolean(window.unseen)})")
    page.reload()
    page.wait_for_selector(".view-live [data-head]")
    page.evaluate("""() => {
        window.unseen = true;
        HTMLVideoElement.prototype.requestVideoFrameCallback = () => 0;  // as in a page that is not seen
    }""")
    start_live(page, server, "Quick")
    page.evaluate("() => {window.first = document.querySelector('.stage.live canvas').toDataURL()}")
    page.wait_for_function("() => document.querySelector('.stage.live canvas').toDataURL() !== window.first")
