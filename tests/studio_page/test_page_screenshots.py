"""The pictures of docs/studio.md, made by the page itself; only on request, as they change the docs."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from page_actions import drop_photo
from page_browser import PHONE
from PIL import Image

pytestmark = pytest.mark.skipif("ANIMATO_SCREENSHOTS" not in os.environ, reason="ANIMATO_SCREENSHOTS is not set")

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "images" / "studio"

SMILE = {"yaw": "-9", "smile": "0.7", "brows": "0.3"}


@pytest.fixture(scope="module")
def server(own_server):
    """An empty studio, in which the tests see their own things only."""
    return own_server


def shoot(page, name: str) -> None:
    """Write a picture of what is seen as WebP."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    page.wait_for_timeout(700)
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture.save(FOLDER / f"{name}.webp", quality=82, method=6)


def set_expression(page) -> None:
    """Turn and smile, and wait for the frame."""
    page.wait_for_selector(".stage[data-state=live]")
    for name, value in SMILE.items():
        page.fill(f"[data-control={name}] input", value)
    page.wait_for_timeout(3000)
    page.evaluate("scrollTo(0, 0)")
    page.hover(".stage")


def test_pictures_of_the_manual(open_page, server) -> None:
    page = open_page()
    drop_photo(page)
    page.check("input[value=not-a-person]")
    page.fill("[name=name]", "Demo portrait")
    page.click("[data-action=make-head]")
    page.wait_for_selector(".head-detail")
    shoot(page, "head")
    page.click("#nav [data-view=edit]")
    set_expression(page)
    shoot(page, "edit")
    page.click("#nav [data-view=animate]")
    page.click("[data-action=preview]")
    page.wait_for_selector(".run-panel[data-result] video")
    page.evaluate("Object.assign(document.querySelector('.wipe video'), {autoplay: false, currentTime: 1}).pause()")
    page.click(".run-panel .segmented label:has-text('Photo')")
    page.wait_for_timeout(500)
    shoot(page, "animate")
    page.click("#nav [data-view=results]")
    page.click("[data-action=check-result]")
    page.wait_for_selector(".verdict")
    shoot(page, "check")
    phone = open_page("edit", viewport=PHONE, color_scheme="dark")
    set_expression(phone)
    shoot(phone, "phone")
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) <= 1_000_000
