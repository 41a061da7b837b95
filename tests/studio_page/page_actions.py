"""What people do on the page, for several tests."""

from __future__ import annotations

import json
from typing import Any

from animato.pipeline.demo import DEMO_PHOTO

COUNT_CLICKS = """() => {
    window.clicks = 0;
    addEventListener('pointerdown', () => (window.clicks += 1), true);
}"""


def prefill(page: Any, key: str, value: dict[str, Any]) -> None:
    """Set the kept state of a form, as if a person had filled it in, and load the page again."""
    page.evaluate(
        """([key, value]) => {
            const name = `animato.${key}`;
            const old = JSON.parse(sessionStorage.getItem(name) ?? '{}');
            sessionStorage.setItem(name, JSON.stringify({...old, ...value}));
        }""",
        [key, value],
    )
    page.reload()
    page.wait_for_selector("html[data-ready]")


SETTINGS = {
    "pose": 1, "mouth": 1, "eyes": 1, "brows": 1, "residual_flow": 1, "neutralise": 0.5, "smooth": 0.5,
    "start": 0, "end": 0.2, "neutral": None, "driver_face": "largest", "frame": "crop", "motion": "relative",
    "turn": "eased", "sound": True, "label": "",
}  # fmt: skip
"""Settings of the Animate form: a fifth of a second of the head."""


def drop_photo(page: Any) -> None:
    """Drop the demo portrait on the form."""
    page.set_input_files(".new-head input[type=file]", str(DEMO_PHOTO))
    page.wait_for_selector(".tile")


def drag(page: Any, handle: str, right: float, down: float, steps: int = 10) -> None:
    """Drag a handle of the face by a number of pixels."""
    box = page.locator(f"[data-handle={handle}]").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(1, steps + 1):
        page.mouse.move(x + right * step / steps, y + down * step / steps)
    page.mouse.up()


def controls(page: Any) -> dict[str, float]:
    """Return the controls of the editor that are not at rest."""
    return dict(json.loads(page.get_attribute(".view-edit", "data-controls")))


def render_quickly(route: Any) -> None:
    """Let a job be rendered small, without networks."""
    if route.request.method != "POST":
        route.continue_()
        return
    job = route.request.post_data_json
    job["settings"] |= {"model": "geometry", "frame": "crop", "size": 128}
    route.continue_(post_data=json.dumps(job))
