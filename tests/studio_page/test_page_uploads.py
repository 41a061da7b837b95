"""Files that cannot be used, and uploads that do not arrive: a sentence beside the field, and nothing else is lost."""

from __future__ import annotations

import json
import wave
from pathlib import Path

import av
import numpy as np
import pytest
from page_actions import SETTINGS, drop_photo, prefill, render_quickly

REFUSED = {"preference-applied": "refusal=body", "x-status": "422"}


def test_a_refused_file_gets_its_sentence_beside_the_field(open_page, server, tmp_path: Path) -> None:
    text = tmp_path / "notes.jpg"
    text.write_text("not a picture")
    page = open_page()
    drop_photo(page)
    page.set_input_files(".new-head input[type=file]", str(text))
    page.wait_for_selector(".new-head .problem:has-text('notes.jpg')")
    assert page.locator(".tile").count() == 1, "the good photo stays"


@pytest.mark.parametrize("element", ["a", "img"])
def test_a_link_or_a_picture_of_a_page_gets_a_sentence_and_is_not_fetched(open_page, element: str) -> None:
    page = open_page()  # it fails at the end if anything was asked for elsewhere
    page.route("https://elsewhere.example/**", lambda route: route.abort())
    page.evaluate(
        """element => {
            const dragged = document.createElement(element);
            dragged.id = 'dragged';
            dragged.href = 'https://elsewhere.example/me.jpg';
            if (element === 'img') dragged.src = document.querySelector('link[rel=icon]').href;
            dragged.textContent = 'me';
            document.querySelector('main').prepend(dragged);
        }""",
        element,
    )
    page.drag_and_drop("#dragged", ".new-head .dropzone")
    page.wait_for_selector(".new-head .problem:has-text('fetches nothing')")
    assert page.locator(".tile").count() == 0 and page.url.startswith("http://127.0.0.1")
    drop_photo(page)
    assert page.locator(".new-head .drop .problem").count() == 0


def test_a_file_that_is_too_large_ends_in_a_sentence_before_it_is_sent(open_page, tmp_path: Path) -> None:
    large = tmp_path / "large.jpg"
    with large.open("wb") as file:
        file.truncate(3_000_000)
    page = open_page()
    page.set_input_files(".new-head input[type=file]", str(large))
    page.wait_for_selector(".problem:has-text('too large')")


def test_a_reload_in_mid_upload_says_what_did_not_arrive(open_page) -> None:
    page = open_page()
    drop_photo(page)
    page.fill("[name=name]", "Ada")
    page.route("**/api/v1/files?*", lambda route: None)  # never answered
    page.set_input_files(
        ".new-head input[type=file]",
        {"name": "second.png", "mimeType": "image/png", "buffer": b"\x89PNG" + bytes(1000)},
    )
    page.wait_for_selector(".uploading:has-text('second.png')")
    page.reload()
    page.wait_for_selector(".problem:has-text('second.png')")
    assert page.input_value("[name=name]") == "Ada" and page.locator(".tile").count() == 1
    page.reload()
    page.wait_for_selector(".tile")
    assert page.locator(".problem").count() == 0, "it is said once"


def test_a_driver_that_has_no_motion_gets_the_librarys_sentence(open_page, demo_head) -> None:
    page = open_page("animate")
    page.set_input_files(
        ".view-animate .drop input >> nth=0",
        {"name": "song.wav", "mimeType": "audio/wav", "buffer": b"RIFF" + bytes(100)},
    )
    page.wait_for_selector(".view-animate .problem")
    assert page.get_attribute("[data-driver=talk]", "aria-checked") == "true", "the choice stays"


def test_a_sound_is_a_driver_and_becomes_a_video_that_is_heard(open_page, server, demo_head, tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "spoken.wav"), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(np.random.default_rng(0).integers(-9000, 9000, 8000, np.int16).tobytes())
    page = open_page("animate")
    prefill(page, "animate", {"settings": {**SETTINGS, "end": None}})
    page.set_input_files(".view-animate .drop input >> nth=0", str(tmp_path / "spoken.wav"))
    page.wait_for_selector(".driver-card[aria-checked=true]:has-text('Sound')")
    assert page.is_visible(".filmstrip"), "a part of it can be chosen"
    page.route("**/api/v1/jobs", render_quickly)
    page.click("[data-action=render]")
    page.wait_for_selector(".run-panel[data-result] video")
    number = page.get_attribute(".run-panel", "data-result")
    (tmp_path / "out.mp4").write_bytes(server.client.get(f"/results/{number}/content").content)
    with av.open(str(tmp_path / "out.mp4")) as video:
        assert [stream.type for stream in video.streams] == ["video", "audio"]


def test_a_setting_that_the_studio_refuses_is_marked_at_its_slider(open_page, demo_head) -> None:
    page = open_page("animate")
    body = {"what": "`mouth` must be at most 2, not 5", "where": None, "hint": None, "more": None, "code": "usage"}
    answer = json.dumps({"error": {**body, "field": "settings.mouth"}})
    page.route(
        "**/api/v1/jobs",
        lambda route: (
            route.fulfill(headers=REFUSED, body=answer) if route.request.method == "POST" else route.continue_()
        ),
    )
    page.click("[data-action=render]")
    problem = page.wait_for_selector(".strengths .problem")
    assert "must be at most 2" in problem.inner_text()
    assert page.locator(".strengths > div:has([data-control=mouth]) .problem").count() == 1


@pytest.mark.parametrize("action", ["Start", "Close"])
def test_the_camera_is_recorded_or_closed(open_page, demo_head, action: str) -> None:
    page = open_page("animate")
    page.click("[data-action=open-camera]")
    page.wait_for_function("() => document.querySelector('.camera video').videoWidth > 0")
    if action == "Close":
        page.click(".camera button:has-text('Close')")
        assert page.is_visible("[data-action=open-camera]")
        return
    page.click("[data-action=record]")
    page.wait_for_function("() => parseFloat(document.querySelector('.camera .clock').textContent) > 0.9")
    page.click("[data-action=record]")
    page.wait_for_selector(".driver-card[aria-checked=true]:has-text('Recording')")
    assert page.is_visible(".filmstrip img"), "a recording has a duration and frames"
    page.focus("[data-mark=end]")
    page.keyboard.press("PageDown")
    page.keyboard.press("ArrowLeft")
    assert float(page.get_attribute("[data-mark=end]", "aria-valuenow")) >= 0.2
    page.click("[data-action=choose-neutral]")
    assert page.is_visible("[data-mark=neutral]")
