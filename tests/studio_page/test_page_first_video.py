"""A newcomer makes a first video from an empty data folder, and a professional finds everything again."""

from __future__ import annotations

import pytest
from page_actions import COUNT_CLICKS, SETTINGS, drop_photo, prefill

from animato.settings.consent import STATEMENTS


@pytest.fixture(scope="module")
def server(own_server):
    """An empty studio, in which the tests see their own things only."""
    return own_server


def test_the_first_video_takes_at_most_six_clicks_after_the_photo_is_dropped(open_page, server) -> None:
    page = open_page()
    prefill(page, "animate", {"settings": SETTINGS})
    drop_photo(page)
    page.evaluate(COUNT_CLICKS)
    page.check("input[value=not-a-person]")
    assert page.inner_text("[data-statement]") == STATEMENTS["not-a-person"]
    page.click("[data-action=make-head]")
    page.click("[data-action=animate-head]")
    page.click("[data-action=render]")
    page.wait_for_selector(".run-panel[data-result] video")
    assert page.evaluate("clicks") <= 6
    assert page.locator("[data-topic]").count() >= 5, "the report card"
    page.wait_for_function("() => document.querySelector('.wipe video').readyState >= 2")
    (result,) = server.client.get("/results").json()
    assert result["kind"] == "animate" and result["frames"] > 0
    page.click(".run-panel .segmented label:has-text('Photo')")
    page.wait_for_selector(".wipe[data-comparing=photo] .wipe-other img")
    page.fill(".wipe-range", "30")
    assert "70%" in page.evaluate("document.querySelector('.wipe-other').style.clipPath")


def test_a_finished_video_is_played_checked_and_deleted(open_page, server) -> None:
    page = open_page("results")
    card = page.locator(".result").first
    card.locator("summary").click()
    (result,) = server.client.get("/results").json()
    assert result["mark_id"] in card.inner_text()
    card.locator("[data-action=check-result]").click()
    page.wait_for_selector(".verdict[data-found=true]")
    assert "video" not in {file["kind"] for file in server.client.get("/files").json()}, "it is deleted again"
    page.goto(f"{server.address}/#/results")
    page.click(".result [aria-label^=Delete]")
    page.click("dialog .danger")
    page.wait_for_selector(".view-results .empty")
    assert server.client.get("/results").json() == []


def test_without_an_answer_to_the_question_of_consent_no_head_is_made(open_page, server) -> None:
    page = open_page()
    drop_photo(page)
    before = len(server.client.get("/heads").json())
    page.click("[data-action=make-head]")
    assert "say who is shown" in page.inner_text(".consent .problem").lower()
    page.check("input[value=deceased]")
    page.click("[data-action=make-head]")
    page.wait_for_selector(".consent .problem:has-text('reason')")
    assert len(server.client.get("/heads").json()) == before


def test_nothing_typed_is_lost_when_the_page_is_loaded_again(open_page) -> None:
    page = open_page()
    drop_photo(page)
    page.fill("[name=name]", "Ada")
    page.check("input[value=deceased]")
    page.fill("[name=reason]", "for the family")
    page.reload()
    page.wait_for_selector(".tile")
    assert page.input_value("[name=name]") == "Ada"
    assert page.is_checked("input[value=deceased]")
    assert page.input_value("[name=reason]") == "for the family"


def test_points_are_corrected_by_hand_with_mouse_and_keys(open_page) -> None:
    page = open_page()
    drop_photo(page)
    page.click("text=Correct points")
    nose = page.locator("[data-point='2']")
    before = nose.get_attribute("transform")
    box = nose.locator("circle").last.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 25, box["y"] + 10)
    page.mouse.up()
    dragged = nose.get_attribute("transform")
    assert dragged != before
    nose.press("ArrowDown")
    assert nose.get_attribute("transform") != dragged
    page.click("text=Use these points")
    page.wait_for_selector(".tile:has-text('Points placed by hand') .point")
    assert page.locator(".tile .point").count() == 7


def test_the_tour_leads_to_the_demo_portrait_in_four_steps_and_stays_closed(open_page) -> None:
    page = open_page(tour=True)
    heads = page.locator(".shelf-item").count() - 1
    if heads:
        page.goto(page.url.split("#")[0] + "#/about")
        page.click("[data-action=tour]")
    assert "Step 1 of 4" in page.inner_text(".tour")
    page.click("[data-action=demo]")
    page.wait_for_selector(".tour:has-text('Step 2 of 4')")
    page.wait_for_selector(".tile")
    assert page.is_checked("input[value=not-a-person]")
    page.click("[data-action=make-head]")
    page.wait_for_selector(".tour:has-text('Step 3 of 4')")
    page.click("[data-action=animate-head]")
    page.wait_for_selector(".tour:has-text('Step 4 of 4')")
    page.click("[data-action=tour-close]")
    page.reload()
    page.wait_for_selector("html[data-ready]")
    page.wait_for_selector(".head-choice")
    assert page.is_hidden(".tour")
