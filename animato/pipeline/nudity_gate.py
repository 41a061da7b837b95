"""The nudity gate: photos and samples of driver and output are scored; one that is refused ends the run.

Scoring takes about 25 ms a picture, and compiling the network about 0.3 s. Both happen in a thread that starts after
the first frame, so the first frame is not delayed. Nothing is published before all scores are known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from fractions import Fraction
from types import TracebackType

from animato.errors import RefusedError
from animato.pipeline.actor import Cast, Scene
from animato.pipeline.framing import source_view
from animato.runtime.engine import Engine
from animato.settings.animate import AnimateSettings
from animato.trust.nudity import THRESHOLD, nudity_scorer, thumbnail
from animato.types import Frame

OUTPUT_SAMPLES = 8
"""Output frames that are scored of a video of known duration."""
SAMPLE_INTERVAL = 1.0
"""Least seconds between two scored frames."""

Score = Callable[[Frame], float]


class NudityGate:
    """Scores pictures in the background; a context manager that ends the thread.

    Args:
        engine: runs the network. With one thread, pictures are scored in the caller's thread.
        art: whether the head alone of a painting or character is rendered (`AnimateSettings.art`).
        score: scores a thumbnail; None for the shipped network.
    """

    def __init__(self, engine: Engine, *, art: bool = False, score: Score | None = None) -> None:
        self._art = art
        self._score = score or (lambda small: nudity_scorer(engine)(small))  # compiled at the first picture
        self._waiting: list[tuple[str, Frame]] = []
        self._results: list[Future[None]] = []
        self._worker = ThreadPoolExecutor(1, "animato-gate") if engine.threads > 1 else None
        self._started = False

    def __enter__(self) -> NudityGate:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def add(self, name: str, picture: Frame) -> None:
        """Add a picture.

        Args:
            name: for the message, such as "photo 1".
            picture: H x W x 3 uint8 RGB, or H x W x 4 uint8 RGBA; it is reduced at once and not kept.
        """
        self._waiting.append((name, thumbnail(picture)))
        if self._started:
            self.start()

    def start(self) -> None:
        """Start scoring the pictures that were added, and from now on those that are added.

        Raises:
            RefusedError: a picture is refused, if it is scored in the caller's thread.
        """
        self._started = True
        waiting, self._waiting = self._waiting, []
        for name, small in waiting:
            if self._worker is None:
                self._judge(name, small)
            else:
                self._results.append(self._worker.submit(self._judge, name, small))

    def check(self) -> None:
        """Check the scores that are known.

        Raises:
            RefusedError: a picture is refused.
        """
        while self._results and self._results[0].done():
            self._results.pop(0).result()

    def finish(self) -> None:
        """Wait until all pictures are scored, and check them.

        Raises:
            RefusedError: a picture is refused.
        """
        self.start()
        while self._results:
            self._results.pop(0).result()

    def close(self) -> None:
        """End the thread."""
        self._waiting.clear()
        self._results.clear()
        if self._worker is not None:
            self._worker.shutdown(cancel_futures=True)

    def _judge(self, name: str, small: Frame) -> None:
        score = self._score(small)
        if score < THRESHOLD:
            return
        hint = "a picture of the head alone, or of a clothed person"
        if name.startswith("photo") and not self._art:
            hint = (
                "a photo cropped to head and shoulders; for a painting or statue, `art` with "
                "`consent=not-a-person`, which renders the head alone"
            )
        raise RefusedError(
            f"{name} looks like nudity, so nothing was made of it",
            where=f"score {score:.2f}; refused from {THRESHOLD:g}",
            hint=hint,
            more="docs/nudity-gate.md",
        )


class SceneGate:
    """Feeds a gate with what a scene is made of and what comes out of it.

    Args:
        gate: scores the pictures.
        cast: its photos are added with the first frame.
        scene: its drivers' samples are added as they arrive.
        settings: with `art`, the head alone is scored, as it alone is rendered.
    """

    def __init__(self, gate: NudityGate, cast: Sequence[Cast], scene: Scene, settings: AnimateSettings) -> None:
        self._gate = gate
        self._cast, self._scene, self._settings = cast, scene, settings
        self._drivers = {id(member.driver): member.driver for member in cast}
        self._seen = dict.fromkeys(self._drivers, 0)
        self._step = _output_step(scene.fps, scene.duration)
        self._frames = 0

    def frame(self, frame: Frame) -> None:
        """Take note of an output frame.

        Args:
            frame: H x W x 3 uint8 RGB, or H x W x 4 uint8 RGBA.

        Raises:
            RefusedError: a picture is refused.
        """
        if self._frames == 0:
            self._gate.start()
            add_photos(self._gate, self._cast, self._scene, self._settings)
        self._take_samples()
        if self._frames % self._step == 0:
            self._gate.add(f"frame {self._frames + 1} of the video", frame)
        self._frames += 1
        self._gate.check()

    def finish(self) -> None:
        """Wait for all scores; call it before the output is published.

        Raises:
            RefusedError: a picture is refused.
        """
        self._take_samples()
        self._gate.finish()

    def _take_samples(self) -> None:
        for key, driver in self._drivers.items():
            for sample in driver.report.samples[self._seen[key] :]:
                self._seen[key] += 1
                self._gate.add(f"the driver {driver.path.name}", sample)


def add_photos(gate: NudityGate, cast: Sequence[Cast], scene: Scene, settings: AnimateSettings) -> None:
    """Add the photos of a cast to a gate.

    Args:
        gate: scores them.
        cast: in the order of the scene's actors.
        scene: of the cast.
        settings: with `art`, the head alone is scored, as it alone is rendered.
    """
    for member, actor in zip(cast, scene.actors, strict=True):
        first, *others = member.head.photos
        gate.add(_photo_name(first.name), actor.view.image if settings.art else first.image)
        for photo in others:
            gate.add(_photo_name(photo.name), source_view(photo).image if settings.art else photo.image)


def check_art(settings: AnimateSettings, ground: str | None) -> None:
    """Check that `art` is used for pictures of no real person only.

    Args:
        settings: of the render.
        ground: of consent, or None if it is not the same for all heads.

    Raises:
        RefusedError: it is used for a real person, or the ground is not known.
    """
    if settings.art and ground != "not-a-person":
        raise RefusedError(
            "`art` is for paintings, statues and characters",
            where=f"ground of consent: {ground or 'not the same for all heads'}",
            hint="`consent=not-a-person`, if nobody real is shown",
            more="docs/nudity-gate.md",
        )


def _photo_name(name: str) -> str:
    return name if name.startswith("photo") else f"photo {name}"


def _output_step(fps: Fraction, duration: float | None) -> int:
    """Return after how many frames the output is scored again."""
    seconds = SAMPLE_INTERVAL if duration is None else max(SAMPLE_INTERVAL, duration / OUTPUT_SAMPLES)
    return max(1, round(seconds * fps))
