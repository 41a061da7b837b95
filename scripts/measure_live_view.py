"""Measure the studio's Live view in Chromium from pixels: its camera plays numbers drawn as blocks.

    python scripts/measure_live_view.py [--minutes 10] [--render-ms 0 300] [--head me.animato --camera talk.mp4]

The studio's renderer is replaced by one that passes the camera's picture through and takes a given time, so every
answer says by its pixels which camera frame it shows; with --head, the real one is measured beside it, which has no
numbers. Prints a table: round trip from the frame on the page's camera to the same frame in the answer, in the first
and the last tenth, and how many camera frames were left out. Needs Playwright and /usr/bin/chromium.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any
from unittest import mock

from animato.animator import Animator
from animato.head.head import Head
from animato.live.browser import BrowserSession, Send, open_browser_session
from animato.live.proof import numbered_frame, passthrough_run
from animato.media.reader import open_video
from animato.pipeline.demo import DEMO_PHOTO
from animato.settings.live import LiveSettings
from animato.settings.studio import StudioSettings
from animato.studio import live_routes
from animato.studio.app import create_app
from animato.studio.folder import new_id
from animato.studio.serve import listen
from animato.studio.studio import Studio
from animato.studio.tasks import Tasks
from animato.types import Frame

CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]

FPS = 25
LOOP = 250
"""Frames of the numbered clip, which Chromium repeats: ten seconds, longer than any delay."""

PROBE = """([loop, grid]) => {
    const bits = 16, cells = grid * grid;
    const small = new OffscreenCanvas(grid * 8, grid * 8);
    const context = small.getContext('2d', {willReadFrequently: true});
    const read = (source) => {
        context.drawImage(source, 0, 0, small.width, small.height);
        const data = context.getImageData(0, 0, small.width, small.height).data;
        const on = Array.from({length: cells}, (_, i) => {
            const x = (i % grid) * 8 + 4, y = Math.floor(i / grid) * 8 + 4;
            return data[4 * (y * small.width + x) + 1] > 128;
        });
        const number = on.slice(0, bits).reduce((sum, bit, i) => sum + (bit ? 2 ** i : 0), 0);
        const check = (((number * 167 + 89) >> 3) & 0xff);
        const right = on.slice(bits, bits + 8).every((bit, i) => bit === Boolean((check >> i) & 1)) && on[cells - 1];
        return right ? number : null;
    };
    const video = document.querySelector('.stage.live video');
    const stage = document.querySelector('.stage.live');
    const seen = new Map();
    window.probe = {answers: [], camera: []};
    const look = () => {
        const number = read(video);
        if (number !== null && number !== window.probe.last) {
            seen.set(number, performance.now());
            window.probe.last = number;
            window.probe.camera.push([performance.now(), number]);
        }
        video.requestVideoFrameCallback(look);
    };
    video.requestVideoFrameCallback(look);
    new MutationObserver(() => {
        const number = read(stage.querySelector('canvas'));
        const now = performance.now();
        if (number === null) return;
        const delay = seen.has(number) ? now - seen.get(number) : null;
        window.probe.answers.push([now, number, delay, Number(stage.dataset.dropped)]);
    }).observe(stage, {attributeFilter: ['data-frames']});
}"""


@dataclass(frozen=True)
class RoundTrip:
    """What the pixels said.

    Attributes:
        seconds: measured.
        fps: new camera frames in the answers, per second.
        p50: median milliseconds from a camera frame to the same frame in an answer.
        p95: 95th percentile.
        begin: median over the first tenth.
        end: median over the last tenth; as the former if the delay does not grow.
        skipped: camera frames that no answer showed, counted by their numbers.
        reported: the same, as the page counts them.
        lost: camera frames that the browser itself did not present, of which the page may not know.
        in_order: whether no answer went back.
    """

    seconds: float
    fps: float
    p50: float
    p95: float
    begin: float
    end: float
    skipped: int
    reported: int
    lost: int
    in_order: bool


def write_y4m(path: Path, frames: Iterator[Frame] | list[Frame], fps: int = FPS) -> Path:
    """Write frames (H x W x 3 uint8 RGB, even sides) as the raw video that Chromium plays as a camera."""
    import cv2

    with path.open("wb") as file:
        for index, frame in enumerate(frames):
            height, width = frame.shape[:2]
            if index == 0:
                file.write(f"YUV4MPEG2 W{width} H{height} F{fps}:1 Ip A1:1 C420\n".encode())
            file.write(b"FRAME\n" + cv2.cvtColor(frame, cv2.COLOR_RGB2YUV_I420).tobytes())
    return path


def write_numbered_camera(path: Path) -> Path:
    """Write the numbered clip as a camera."""
    return write_y4m(path, (numbered_frame(number, 160, 120) for number in range(LOOP)))


Opener = Callable[[Send], BrowserSession]


class LiveStudio:
    """A studio in threads of this process, whose live sessions are those of the openers, by the name of the head.

    Args:
        folder: its data folder.
        head: is on the shelf once for each opener.
        openers: name of the head to what opens its session; called with the function that sends.

    Attributes:
        heads: name of the head to its id.
        sessions: opened so far.
    """

    def __init__(self, folder: Path, head: Head, openers: Mapping[str, Opener]) -> None:
        self.studio = Studio(StudioSettings(data=folder, threads=2))
        self.token = self.studio.token
        self.heads: dict[str, str] = {}
        head.save(saved := folder / "head.animato", overwrite=True)
        for name in openers:
            number = new_id()
            fields = Tasks(Animator(threads=1), lambda _done, _of: None).import_head(
                str(saved), str(self.studio.folder.heads / f"{number}.animato")
            )
            self.studio.store.add("heads", number, {"name": name, **fields})
            self.heads[name] = number
        self.sessions: list[BrowserSession] = []
        by_id = {number: openers[name] for name, number in self.heads.items()}

        def opener(_studio: Studio, number: str, *_rest: object) -> Opener:
            def opened(send: Send) -> BrowserSession:
                self.sessions.append(by_id[number](send))
                return self.sessions[-1]

            return opened

        self._patch = mock.patch.object(live_routes, "_opener", opener)

    @contextmanager
    def serving(self) -> Iterator[LiveStudio]:
        """Serve until the block ends."""
        import uvicorn

        listener = listen(0)
        port = listener.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}"
        config = uvicorn.Config(
            create_app(self.studio, port), log_config=None, lifespan="off", timeout_graceful_shutdown=2
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        with self._patch, self.studio:
            thread.start()
            try:
                yield self
            finally:
                self.studio.end_streams()
                server.should_exit = True
                thread.join()
                listener.close()


def passthrough(seconds: float) -> Opener:
    """Return the opener of a session whose frames take a given time and show the camera's picture."""
    return lambda send: BrowserSession(passthrough_run(seconds), send)


def start_live(page: Any, studio: LiveStudio, name: str) -> None:
    """Choose a head and start the camera; the Live view is open."""
    page.click(f".view-live [data-head='{studio.heads[name]}']")
    page.click("[data-action=live]")
    page.wait_for_selector(".stage.live[data-state=live]")
    page.wait_for_function("() => Number(document.querySelector('.stage.live').dataset.frames) > 1")


def measure(page: Any, answers: int, seconds: float = 0.0) -> RoundTrip:
    """Read numbers of camera and answers until there were enough of them, and for so long."""
    page.evaluate("window.probe && (window.probe.answers = [])")
    if not page.evaluate("Boolean(window.probe)"):
        page.evaluate(PROBE, [LOOP, 5])
    page.wait_for_timeout(1000 * seconds)
    page.wait_for_function(f"() => window.probe.answers.filter(([,, delay]) => delay !== null).length >= {answers}")
    return evaluated(**page.evaluate("({answers: window.probe.answers, camera: window.probe.camera})"))


def evaluated(answers: list[list[Any]], camera: list[list[float]]) -> RoundTrip:
    """Return the figures of a measurement.

    Args:
        answers: time (ms), number, delay (ms) or None, and how many frames the page reports as left out.
        camera: time (ms) and number of the frames that the browser presented.
    """
    presented = [int(number) for time, number in camera if answers[0][0] <= time <= answers[-1][0]]
    times, numbers = [row[0] for row in answers], [row[1] for row in answers]
    steps = [(after - before) % LOOP for before, after in itertools.pairwise(numbers)]
    delays = [row[2] for row in answers if row[2] is not None]
    tenth = max(3, len(delays) // 10)
    seconds = (times[-1] - times[0]) / 1000
    ordered = sorted(delays)
    return RoundTrip(
        seconds=seconds,
        fps=sum(step > 0 for step in steps) / seconds,
        p50=statistics.median(delays),
        p95=ordered[int(0.95 * (len(ordered) - 1))],
        begin=statistics.median(delays[:tenth]),
        end=statistics.median(delays[-tenth:]),
        skipped=sum(max(0, step - 1) for step in steps),
        reported=round(answers[-1][3] - answers[0][3]),
        lost=sum((after - before) % LOOP - 1 for before, after in itertools.pairwise(presented)),
        in_order=all(step < LOOP / 2 for step in steps),
    )


def measure_real(page: Any, seconds: float) -> str:
    """Return a line about the real renderer: frames per second and milliseconds from the frame's arrival."""
    page.wait_for_timeout(8000)  # neutral frame, first frames
    rows = []
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        page.wait_for_timeout(500)
        rows.append(page.evaluate("Object.assign({}, document.querySelector('.stage.live').dataset)"))
    rates, delays = [float(row["fps"]) for row in rows], sorted(float(row["ms"]) for row in rows)
    p95 = delays[int(0.95 * (len(delays) - 1))]
    return f"{seconds:.0f} s | {statistics.median(rates):.1f} | {statistics.median(delays):.0f} | {p95:.0f}"


def main() -> None:
    """Measure and print tables."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--render-ms", type=float, nargs="*", default=[0.0, 300.0])
    parser.add_argument("--head", type=Path, help="head file for the real renderer; the demo portrait by default")
    parser.add_argument("--camera", type=Path, help="video of a face for the real renderer, which is left out without")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        head = Head.load(arguments.head) if arguments.head else Head.from_photos([DEMO_PHOTO], consent="not-a-person")
        openers = {f"{ms:g} ms": passthrough(ms / 1000) for ms in arguments.render_ms}
        cameras = {key: write_numbered_camera(folder / "numbers.y4m") for key in openers}
        if arguments.camera:
            cameras["real"] = _as_camera(arguments.camera, folder / "face.y4m")
            openers["real"] = lambda send: open_browser_session(head, LiveSettings(), served.studio.engine, send)
        with LiveStudio(folder / "data", head, openers).serving() as served:
            print("renderer | measured | fps | round trip p50, ms | p95 | first tenth | last tenth | left out, by page")
            for key, camera in cameras.items():
                flags = [*FLAGS, f"--use-file-for-fake-video-capture={camera}"]
                browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=flags)
                page = browser.new_page()
                page.goto(f"{served.address}/?token={served.token}#/live")
                page.wait_for_selector(".view-live [data-head]")
                page.evaluate("localStorage.setItem('animato.tour-done', 'yes')")
                page.reload()
                start_live(page, served, key)
                if key == "real":
                    print(f"{key} | {measure_real(page, 60 * arguments.minutes)} (from arrival at the studio)")
                else:
                    page.wait_for_timeout(2000)
                    print(key, "|", _line(measure(page, 10, 60 * arguments.minutes)), flush=True)
                browser.close()


def _as_camera(video: Path, target: Path) -> Path:
    with open_video(video) as reader:
        fps = round(Fraction(reader.info.fps))
        frames = [frame.image[: frame.image.shape[0] // 2 * 2, : frame.image.shape[1] // 2 * 2] for frame in reader]
    return write_y4m(target, frames, fps)


def _line(found: RoundTrip) -> str:
    left_out = f"{found.skipped}, {found.reported}{'' if found.in_order else ', NOT IN ORDER'}"
    figures = [found.p50, found.p95, found.begin, found.end]
    return " | ".join([f"{found.seconds:.0f} s", f"{found.fps:.1f}", *(f"{ms:.0f}" for ms in figures), left_out])


if __name__ == "__main__":
    main()
