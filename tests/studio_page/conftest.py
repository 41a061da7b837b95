"""Fixtures of the page's tests: a server, Debian's Chromium driven by Playwright, and what a page may not do."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from page_browser import WIDE, launch, sync_api
from studio_process import StudioProcess

Page = sync_api.Page
Browser = sync_api.Browser
Open = Callable[..., Page]


@pytest.fixture(scope="package")
def playwright() -> Iterator[object]:
    """What starts browsers, for the tests of this folder only.

    It keeps an event loop running in its thread, in which other tests of the process could not start theirs.
    """
    with sync_api.sync_playwright() as started:
        yield started


@pytest.fixture(scope="package")
def browser(playwright) -> Iterator[Browser]:
    """A browser for the tests of this folder; each gets a context of its own."""
    with launch(playwright) as started:
        yield started


def free_port() -> int:
    """Return a port that is free now, for a server that is started again on it."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def serving(folder: Path) -> Iterator[StudioProcess]:
    """Serve with an empty data folder until the block ends."""
    started = StudioProcess(folder, "--port", str(free_port()), "--max-upload", "2")
    yield started
    if started.process.poll() is None:
        started.kill()


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StudioProcess]:
    """A server that the tests of this folder share; each leaves it running."""
    with serving(tmp_path_factory.mktemp("page")) as started:
        yield started


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StudioProcess]:
    """A server with an empty data folder, for the tests of one file."""
    with serving(tmp_path_factory.mktemp("own")) as started:
        yield started


@pytest.fixture(scope="package")
def demo_head(server: StudioProcess) -> str:
    """A head of the demo portrait on the shelf."""
    return server.demo_head()


class PageLog:
    """What a page must not do: errors in its console, failed requests, and requests to other machines.

    Attributes:
        allowed: pattern of messages that a test expects, such as those of a server that was killed.
    """

    def __init__(self, page: Page, host: str) -> None:
        self.allowed: str | None = None
        self._found: list[str] = []
        page.on("console", lambda message: message.type in ("error", "warning") and self._found.append(message.text))
        page.on("pageerror", lambda error: self._found.append(str(error)))
        page.on("request", lambda request: self._look(request.url, host))
        page.on("websocket", lambda opened: self._look(opened.url, host))

    def _look(self, url: str, host: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("blob", "data") and parts.netloc != host:
            self._found.append(f"request to {url}")

    def unexpected(self) -> list[str]:
        """Return what was found and is not allowed."""
        return [text for text in self._found if self.allowed is None or not re.search(self.allowed, text)]


@contextmanager
def pages(browser: Browser, server: StudioProcess) -> Iterator[Open]:
    """Yield a function that opens the page, and check at the end that it did nothing that it must not do.

    The function takes the view's name, and options of the browser's context; `again` opens a second tab.
    """
    contexts, logs = [], []

    def opened(view: str = "head", again: Page | None = None, tour: bool = False, **options: object) -> Page:
        context = again.context if again is not None else browser.new_context(**{"viewport": WIDE, **options})
        if again is None:
            contexts.append(context)
            if not tour:
                context.add_init_script("localStorage.setItem('animato.tour-done', 'yes')")
        page = context.new_page()
        page.set_default_timeout(120_000)
        page.log = PageLog(page, urlsplit(server.address).netloc)
        logs.append(page.log)
        page.goto(f"{server.address}/?token={server.token}#/{view}")
        page.wait_for_selector("html[data-ready]")
        page.wait_for_function("() => document.documentElement.dataset.online === 'true'")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert [text for log in logs for text in log.unexpected()] == []


@pytest.fixture
def open_page(browser: Browser, server: StudioProcess) -> Iterator[Open]:
    """Return a function that opens the page; see `pages`."""
    with pages(browser, server) as opened:
        yield opened


@pytest.fixture(scope="module")
def editor_page(browser: Browser, server: StudioProcess, demo_head: str) -> Iterator[Page]:
    """The editor with the demo head, live; opening a head takes longer than what a test does with it."""
    with pages(browser, server) as opened:
        page = opened("edit")
        page.wait_for_selector(".stage[data-state=live]")
        yield page
