"""The expression editor: the face is dragged, frames follow, expressions are kept, mixed and laid over drivers."""

from __future__ import annotations

import pytest
from page_actions import controls, drag, render_quickly

from animato.pipeline.demo import DEMO_PHOTO

LIVE = ".stage[data-state=live]"


@pytest.fixture
def editor(editor_page):
    """The editor at rest."""
    if "#/edit" not in editor_page.url:
        editor_page.click("#nav [data-view=edit]")
    editor_page.wait_for_selector(LIVE)
    editor_page.click("[data-action=rest]")
    editor_page.click("[data-control=neutralise] .reset")
    editor_page.evaluate("scrollTo(0, 0)")
    wait_for_rest(editor_page)
    return editor_page


def wait_for_rest(page) -> None:
    """Wait until the frame that was asked for last is shown in full."""
    page.wait_for_selector(".stage[aria-busy=false]")


def picture(page) -> str:
    """Return the frame that is shown, as a data address."""
    return str(page.evaluate("document.querySelector('.stage canvas').toDataURL()"))


def frames_shown(page) -> int:
    """Return the number of frames that were shown so far."""
    return int(page.get_attribute(".stage", "data-frames"))


def wait_for_frames(page, number: int) -> None:
    """Wait until that many frames were shown."""
    page.wait_for_function(f"() => Number(document.querySelector('.stage').dataset.frames) >= {number}")


DRAGS = [
    ("nose", 80, 0, {"yaw": 1}),
    ("nose", 0, 40, {"pitch": 1}),
    ("forehead", 60, 0, {"roll": 1}),
    ("mouth_left", 40, -20, {"smile": 1}),
    ("mouth_right", -40, -20, {"smile": 1}),
    ("eye_left", 30, 0, {"gaze_x": 1}),
    ("lip", 0, 40, {"jaw_open": 1}),
    ("brow", 0, -30, {"brows": 1}),
]


def test_dragging_a_part_of_the_face_moves_it(editor) -> None:
    for handle, right, down, moved in DRAGS:
        before = picture(editor)
        drag(editor, handle, right, down)
        found = {name: value for name, value in controls(editor).items() if abs(value) > 0.01}
        assert {name: (value > 0) - (value < 0) for name, value in found.items()} == moved, handle
        editor.wait_for_function(
            "before => document.querySelector('.stage canvas').toDataURL() !== before", arg=before, polling=100
        )
        editor.click("[data-action=rest]")
        wait_for_rest(editor)


def test_frames_follow_a_drag_and_their_rate_is_on_the_page(editor) -> None:
    box = editor.locator("[data-handle=nose]").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    editor.mouse.move(x, y)
    editor.mouse.down()
    seen = {picture(editor)}
    for step in range(1, 7):
        shown = frames_shown(editor)  # before the move: its frame may be there at once
        editor.mouse.move(x + 12 * step, y)
        wait_for_frames(editor, shown + 1)
        seen.add(picture(editor))
    editor.mouse.up()
    assert len(seen) >= 4
    assert float(editor.get_attribute(".stage", "data-fps")) > 0


def test_handles_lie_on_the_face_and_move_with_it(editor) -> None:
    nose = editor.locator("[data-handle=nose]")
    before = nose.bounding_box()["x"]
    nose.focus()
    for _ in range(5):
        editor.keyboard.press("ArrowRight")
    editor.wait_for_function(
        "x => document.querySelector('[data-handle=nose]').getBoundingClientRect().x > x + 10", arg=before
    )
    assert controls(editor)["yaw"] > 5


def test_sliders_are_in_groups_set_by_keys_and_set_back(editor) -> None:
    assert editor.locator(".control-panel legend").all_inner_texts() == ["Head", "Eyes", "Brows", "Mouth", "Photo"]
    smile = editor.locator("[data-control=smile] input")
    smile.focus()
    for _ in range(3):
        editor.keyboard.press("ArrowRight")
    assert controls(editor)["smile"] == pytest.approx(0.03)
    editor.click("[data-control=smile] .reset")
    editor.click("[data-action=neutralise]")
    assert controls(editor) == {"neutralise": 1}
    editor.click("[data-action=rest]")
    assert controls(editor) == {"neutralise": 1}, "what is removed from the photo is no expression"


def test_expressions_are_saved_loaded_and_mixed(editor) -> None:
    editor.fill("[data-control=smile] input", "0.8")
    editor.fill("[name=expressionName]", "Grin")
    editor.click("[data-action=save-expression]")
    editor.wait_for_selector("[data-expression=Grin]")
    editor.click("[data-action=rest]")
    editor.fill("[data-control=yaw] input", "10")
    editor.fill("[data-expression=Grin] input", "0.5")
    assert controls(editor) == pytest.approx({"yaw": 10, "smile": 0.4})
    editor.click("[data-expression=Grin] [data-action=load-expression]")
    assert controls(editor) == pytest.approx({"smile": 0.8})
    editor.reload()
    editor.wait_for_selector("[data-expression=Grin]")
    assert controls(editor) == pytest.approx({"smile": 0.8}), "kept over a reload"


def test_the_expression_of_a_picture_is_read(editor, server) -> None:
    before = {file["id"] for file in server.client.get("/files").json()}
    editor.set_input_files(".expressions ~ .drop input", str(DEMO_PHOTO))
    editor.wait_for_function("() => document.querySelector('.view-edit').dataset.controls !== '{}'")
    uploaded = [file for file in server.client.get("/files").json() if file["id"] not in before]
    assert {file["kind"] for file in uploaded} <= {"picture"}


def test_key_frames_are_played_and_become_a_clip(editor, server) -> None:
    editor.click("[data-action=make-clip]")
    assert "two key frames" in editor.inner_text(".timeline-card .problem")
    editor.fill(".timeline input[type=number]", "0.4")
    editor.keyboard.press("Tab")
    editor.click("[data-action=add-key]")
    editor.fill(".playhead", "0.3")
    editor.fill("[data-control=smile] input", "0.7")
    editor.click("[data-action=add-key]")
    assert editor.locator(".key").count() == 2
    editor.fill(".playhead", "0")
    shown = frames_shown(editor)
    editor.click("[data-action=play]")
    wait_for_frames(editor, shown + 2)
    editor.wait_for_selector("[data-action=play][data-playing=false]")
    editor.route("**/api/v1/jobs", render_quickly)
    editor.click("[data-action=make-clip]")
    editor.wait_for_selector(".run-panel[data-result]")
    assert server.client.get("/results").json()[0]["frames"] == 11


def test_an_expression_is_laid_over_a_driver(editor, server) -> None:
    editor.fill("[data-control=brows] input", "0.5")
    editor.click("[data-action=use-offset]")
    assert "Brows 50 %" in editor.inner_text(".chip-row")
    editor.click(".chip-row button")
    assert editor.is_hidden(".chip-row")
