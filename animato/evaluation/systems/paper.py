"""The 2019 system as a system under test: feed-forward (FF) and fine-tuned on the photos (FT)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import cv2
import numpy as np

from animato.errors import FileFormatError, MissingPartError, UsageError
from animato.evaluation.systems.base import Crop, Drive, Photo, find_neutral, movement
from animato.geometry.affine import chain, invert, move_points
from animato.geometry.crop import crop_from_frame, head_square
from animato.geometry.paste import soft_square
from animato.motion.motion_frame import neutral_of
from animato.motion.retarget import Retargeter
from animato.settings.adapt import AdaptSettings
from animato.settings.base import as_json
from animato.settings.evaluation import EvaluateSettings
from animato.settings.motion import MotionSettings
from animato.types import Frame, Points

if TYPE_CHECKING:
    from animato.models.paper.runtime import PaperPerson
    from animato.training.model import PaperModel

Variant = Literal["paper-ff", "paper-ft"]


class Paper:
    """A meta-learned model on new people.

    When the photos come from the driving clip, the driver's landmarks are drawn as they are, as in the paper's own
    tables. Another person's movement goes through the retargeting of the main job first: the paper has none, and bare
    landmarks of somebody else would measure the difference of the two faces.

    The drawn square is laid over the photo with a soft edge, as `animato animate --model paper` does.

    Args:
        model: what meta-training left.
        variant: "paper-ff" (psi = P e) or "paper-ft" (fine-tuned, `animato.training.adapt`).
        settings: of the fine-tuning.

    Raises:
        FileFormatError: the model does not say whom it was trained on.
    """

    def __init__(self, model: PaperModel, variant: Variant, settings: AdaptSettings) -> None:
        self.name: str = variant
        if not isinstance(model.recipe.get("people"), list):
            raise FileFormatError(
                "the model does not say whom it was trained on, so nobody is safe to judge it by",
                where="entry `people` of its recipe",
                hint="a model of the present `animato train`",
            )
        self._known = frozenset(model.recipe["people"])
        self._model, self._settings = model, settings
        self._person: PaperPerson | None = None
        self._photo: Photo | None = None
        self._crop: Crop | None = None
        self._base: Frame | None = None

    def prepare(self, photos: Sequence[Photo], crop: Crop) -> None:
        """Embed the photos and, for FT, fine-tune on them."""
        from animato.training.adapt import adapt, feed_forward
        from animato.training.photos import crop_photos

        shown = crop_photos([(photo.image, photo.face.points) for photo in photos], self._model.config)
        if self.name == "paper-ff":
            self._person = feed_forward(self._model, shown)
        else:
            self._person = adapt(self._model, shown, self._settings).person
        self._photo, self._crop = photos[0], crop
        self._base = crop.cut(photos[0].image)

    def render(self, drive: Drive) -> Iterator[Frame]:
        """Yield the judged square of every wanted frame."""
        person, photo, crop, base = self._person, self._photo, self._crop, self._base
        if person is None or photo is None or crop is None or base is None:
            raise UsageError("a system is prepared before it renders")
        size = person.config.size
        model_from_frame = crop_from_frame(head_square(photo.face.points, person.config.margin), size)
        crop_from_model = chain(crop_from_frame(crop.square, crop.size), invert(model_from_frame))
        side = (crop.size, crop.size)
        mask = np.asarray(cv2.warpAffine(soft_square(size), crop_from_model, side), np.float32)
        for points in targets(photo, drive):
            drawn = person.render_frame(move_points(model_from_frame, points), size)
            laid = cv2.warpAffine(drawn, crop_from_model, side, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
            yield np.asarray(cv2.blendLinear(laid, base, mask, 1 - mask), np.uint8)

    def trained_on(self, people: frozenset[str]) -> bool:
        """Return whether the model saw any of these people in meta-training."""
        return bool(people & self._known)

    def about(self) -> Mapping[str, Any]:
        """Say which model it is and how it was trained."""
        said = {
            "what": "the 2019 system, " + ("feed-forward" if self.name == "paper-ff" else "fine-tuned on the photos"),
            "model_sha256": self._model.sha256,
            "episodes": self._model.episodes,
            "size": self._model.config.size,
            "content_loss": self._model.recipe.get("content_network"),
        }
        return said if self.name == "paper-ff" else {**said, "adapt": as_json(self._settings)}


def targets(photo: Photo, drive: Drive) -> Iterator[Points]:
    """Yield the landmarks to draw for every wanted frame, 478 x 3 float32 in pixels of the photo."""
    wanted = set(drive.wanted)
    if drive.same_clip:
        for index, face in enumerate(drive.faces):
            if index in wanted and face is not None:
                yield face.points
        return
    neutral = find_neutral(drive)
    retargeter = Retargeter(photo.face.points, neutral_of(neutral), MotionSettings())
    for index, moment in enumerate(movement(drive, neutral)):
        if index in wanted:
            yield retargeter(moment).points


def build_paper(name: str, settings: EvaluateSettings) -> Paper:
    """Return a paper system with the model that the settings name.

    Args:
        name: "paper-ff" or "paper-ft".
        settings: model, adapt_steps, threads and seed.

    Raises:
        MissingPartError: no model is named, or torch is not installed.
        InputError: the file is not a model.
    """
    if settings.model is None:
        raise MissingPartError(
            f"{name} needs a trained model", hint="--model with the run folder or model.safetensors of `animato train`"
        )
    try:
        from animato.training.model import load_model
    except ImportError as error:
        raise MissingPartError(
            f"{name} needs torch, which is not installed", where=str(error), hint="pip install 'animato[training]'"
        ) from error
    variant: Variant = "paper-ff" if name == "paper-ff" else "paper-ft"
    adapting = AdaptSettings(iterations=settings.adapt_steps, threads=settings.threads, seed=settings.seed)
    return Paper(load_model(Path(settings.model)), variant, adapting)
