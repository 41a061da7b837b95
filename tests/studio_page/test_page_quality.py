"""What every view must be: small, offline, labelled, legible, in order, and as wide as a phone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from page_browser import PHONE, WIDE

from animato.studio.pages import FOLDER, page_files

VIEWS = ("head", "edit", "animate", "jobs", "results", "check", "live", "about")

MAX_BYTES = 300_000
MAX_LINES = 300

ADDRESS = re.compile(rb"(?:https?:)?//[a-z0-9-]+\.[a-z]", re.IGNORECASE)
NAMESPACES = (b"http://www.w3.org/2000/svg",)

CHECKS = (Path(__file__).parent / "page_checks.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def video(server, demo_head: str) -> None:
    """A result, so that no view is empty."""
    settings = {"frame": "crop", "size": 128, "end": 0.2, "model": "geometry"}
    with server.events() as wait:
        wait(server.job(demo_head, settings), lambda job: job["state"] == "done")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_every_view_is_labelled_legible_and_fits(open_page, video, size: dict, scheme: str) -> None:
    page = open_page(viewport=size, color_scheme=scheme)
    page.evaluate(CHECKS)
    for view in VIEWS:
        page.evaluate(f"location.hash = '#/{view}'")
        page.wait_for_selector(f".view-{view}:not([hidden])")
        page.evaluate("document.querySelectorAll('.view:not([hidden]) details').forEach((e) => (e.open = true))")
        if view == "head":
            page.click(".shelf-item[data-head]")
        assert page.evaluate("unnamed()") == [], view
        assert page.evaluate("faint()") == [], (view, scheme)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, f"{view} is too wide"


@pytest.mark.parametrize("view", VIEWS)
def test_the_tab_key_visits_what_is_seen_in_the_order_of_the_page(open_page, video, view: str) -> None:
    page = open_page(view)
    page.evaluate(CHECKS)
    visited = []
    for _ in range(60):
        page.keyboard.press("Tab")
        focused = page.evaluate("focused()")
        if focused is None:
            break
        visited.append(focused)
        assert focused["visible"] and focused["seen"] and focused["ordered"], focused
    assert "Skip to the content" in visited[0]["html"]
    assert len(visited) > 8


def test_the_phones_menu_reaches_every_view(open_page, server) -> None:
    page = open_page(viewport=PHONE)
    for view in VIEWS:
        link = page.locator(f"#nav [data-view={view}]")
        if not link.is_visible():
            page.click("#nav .more")
        link.click()
        page.wait_for_selector(f".view-{view}:not([hidden])")
        assert link.get_attribute("aria-current") == "page"


def test_the_page_is_small_and_names_no_other_machine(server) -> None:
    total = 0
    for name in [*page_files(), ""]:
        if name == "index.html":
            continue
        answer = server.client.get(f"{server.address}/{name}")
        assert answer.status_code == 200, name
        total += len(answer.content)
        text = answer.content
        for allowed in NAMESPACES:
            text = text.replace(allowed, b"")
        assert ADDRESS.search(text) is None, (name, ADDRESS.search(text))
    assert total <= MAX_BYTES


def test_modules_and_styles_are_short_and_announced_by_the_document() -> None:
    document = (FOLDER / "index.html").read_text(encoding="utf-8")
    for path in sorted(FOLDER.rglob("*")):
        if path.suffix not in (".js", ".css"):
            continue
        name = path.relative_to(FOLDER).as_posix()
        assert f'="{name}"' in document, f"{name} is loaded late, after another module"
        assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_LINES, name
