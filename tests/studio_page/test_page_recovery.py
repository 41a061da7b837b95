"""Renders are cancelled, servers killed, tabs opened twice: the page goes on by itself, and says what happened."""

from __future__ import annotations

import pytest
from studio_process import LONG, StudioProcess

STATE = ".view-jobs .job"


@pytest.fixture(scope="module")
def server(own_server):
    """An empty studio, in which the tests see their own things only."""
    return own_server


@pytest.fixture(scope="module")
def demo_head(server: StudioProcess) -> str:
    """A head of the demo portrait in it."""
    return server.demo_head()


def start_long_job(server: StudioProcess, head: str) -> str:
    """Start a render that is still running when it is cancelled or killed."""
    return server.job(head, LONG)


def test_a_running_job_shows_progress_and_is_cancelled_and_tried_again(open_page, server, demo_head) -> None:
    page = open_page("jobs")
    start_long_job(server, demo_head)
    page.wait_for_selector(f"{STATE}[data-state=running] progress[value]")
    page.wait_for_selector(f"{STATE}:has-text('left')")
    page.click(f"{STATE} [data-action=cancel]")
    page.wait_for_selector(f"{STATE}[data-state=cancelled]")
    assert server.client.get("/jobs").json()[0]["state"] == "cancelled"
    page.click(f"{STATE} [data-action=retry]")
    page.wait_for_selector(f"{STATE}[data-state=running]")
    page.click(f"{STATE} [data-action=cancel]")
    page.wait_for_selector(f"{STATE}[data-state=cancelled]")
    page.click(f"{STATE} [aria-label^=Remove]")
    page.wait_for_selector(".view-jobs .empty")


def test_a_button_stays_where_it_is_while_progress_moves(open_page, server, demo_head) -> None:
    page = open_page("jobs")
    start_long_job(server, demo_head)
    page.wait_for_selector(f"{STATE}[data-state=running] progress[value]")
    button = page.query_selector(f"{STATE} [data-action=cancel]")
    value = f"document.querySelector('{STATE} progress').value"
    before = page.evaluate(value)
    page.wait_for_function(f"before => {value} > before", arg=before)
    assert button.evaluate("element => element.isConnected")  # a click on it would be lost otherwise
    button.click()
    page.wait_for_selector(f"{STATE}[data-state=cancelled]")
    page.click(f"{STATE} [aria-label^=Remove]")
    page.wait_for_selector(".view-jobs .empty")


def test_two_tabs_show_the_same(open_page, server, demo_head) -> None:
    first = open_page("jobs")
    second = open_page("jobs", again=first)
    start_long_job(server, demo_head)
    for page in (first, second):
        page.wait_for_selector(f"{STATE}[data-state=running]")
    first.click(f"{STATE} [data-action=cancel]")
    second.wait_for_selector(f"{STATE}[data-state=cancelled]")
    second.click(f"{STATE} [aria-label^=Remove]")
    first.wait_for_selector(".view-jobs .empty")


def test_after_a_kill_and_a_restart_an_open_page_goes_on_by_itself(open_page, server, demo_head) -> None:
    page = open_page("edit")
    page.log.allowed = "ERR_CONNECTION|ERR_INCOMPLETE|ERR_EMPTY|WebSocket|Failed to load"
    page.wait_for_selector(".stage[data-state=live]")
    page.fill("[data-control=smile] input", "0.5")
    start_long_job(server, demo_head)
    page.wait_for_selector(".queue:has-text('1 job')")
    server.kill()
    page.wait_for_selector("#offline:has-text('does not answer')")
    server.start()
    page.wait_for_selector("#offline", state="hidden")
    page.wait_for_selector(".stage[data-state=live]")
    assert page.input_value("[data-control=smile] input") == "0.5"
    page.click("#nav [data-view=jobs]")
    page.wait_for_selector(f"{STATE}[data-state=interrupted]:has-text('closed while this job was running')")
    page.click(f"{STATE} [data-action=retry]")
    page.wait_for_selector(f"{STATE}[data-state=running]")
    page.click(f"{STATE} [data-action=cancel]")
    page.wait_for_selector(f"{STATE}[data-state=cancelled]")


def test_without_the_right_token_there_is_a_sentence_and_no_page(browser, server) -> None:
    context = browser.new_context()
    page = context.new_page()
    answer = page.goto(f"{server.address}/?token=wrong")
    assert answer.status == 401
    assert "lacks the token" in page.inner_text("body") and "animato studio" in page.inner_text("body")
    assert page.query_selector("script") is None
    context.close()
