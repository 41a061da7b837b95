"""From photos of a person to a person file, of the portrait renderer or of the 2019 system."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from animato.errors import MissingPartError, OutputError
from animato.head.head import Head
from animato.head.report import HeadReport
from animato.media.disk import check_not_input
from animato.pipeline.framing import source_view
from animato.settings.adapt import AdaptSettings
from animato.settings.consent import Consent, required_consent
from animato.settings.portrait import PortraitAdaptSettings
from animato.trust.consent_record import sign_consent
from animato.version import __version__
from animato.weights.person import PersonRecord, write_person
from animato.weights.portrait import PortraitWeights, read_portrait
from animato.weights.portrait_person import write_portrait_person

if TYPE_CHECKING:
    from animato.data.clips import ClipFrames
    from animato.models.paper.runtime import PaperPerson
    from animato.training.adapt import Adapted, AdaptProgress
    from animato.training.model import PaperModel
    from animato.training.portrait.adapt import AdaptedPortrait


@dataclass(frozen=True)
class AdaptResult:
    """Result of an adaptation.

    Attributes:
        output: the person file.
        photos: number of photos used.
        adaptation: iterations, stop reason and validation scores.
        warnings: messages about the photos.
        report: report card of the head.
    """

    output: Path
    photos: int
    adaptation: dict[str, Any]
    warnings: tuple[str, ...]
    report: HeadReport

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {
            "output": str(self.output),
            "photos": self.photos,
            "adaptation": self.adaptation,
            "warnings": list(self.warnings),
            "report": self.report.to_json(),
        }


def adapt_photos(
    photos: Sequence[Path | str],
    output: Path,
    model: Path,
    settings: AdaptSettings,
    consent: Consent | str | None,
    face: str = "largest",
    report: Callable[[AdaptProgress], None] | None = None,
) -> AdaptResult:
    """Adapt a meta-learned model to a person's photos and write the person file.

    Args:
        photos: one to thirty-two picture files of one person.
        output: the person file to write.
        model: a model file, or the run folder that holds one.
        settings: see `settings.adapt`.
        consent: on which ground the face may be animated; checked before any photo is read.
        face: which face to use when a photo shows several.
        report: called after every validation.

    Raises:
        RefusedError: no consent is given.
        MissingPartError: torch is not installed.
        UsageError: the output is one of the inputs.
        OutputError: the folder of `output` does not exist, or the file cannot be written.
        PictureError, FaceError, InputError, FileFormatError: a photo or the model cannot be used.
    """
    given = _consent_before_reading(consent, output, [*photos, model])
    _require_torch()
    from animato.training.model import load_model

    meta_model = load_model(model)
    person = Head.from_photos(list(photos), face, consent=given)
    adapted = adapt_paper_person(person, meta_model, settings, report)
    description = PersonRecord(
        config=meta_model.config.as_json(),
        model=meta_model.sha256,
        photos=tuple(photo.sha256 for photo in person.photos),
        consent=_record(person),
        adaptation=adapted.as_json(),
        made=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        version=__version__,
    )
    write_person(output, adapted.person.arrays(), description)
    return AdaptResult(output, len(person.photos), adapted.as_json(), person.warnings, person.report)


def adapt_portrait_photos(
    photos: Sequence[Path | str],
    output: Path,
    model: Path | None,
    settings: PortraitAdaptSettings,
    consent: Consent | str | None,
    face: str = "largest",
    report: Callable[[str, int, int], None] | None = None,
) -> AdaptResult:
    """Adapt the portrait renderer to a person's photos and write the person file.

    Args:
        photos: one to thirty-two picture files of one person.
        output: the person file to write.
        model: a weight file of `animato train-portrait`, or None for the shipped one.
        settings: see `settings.portrait`.
        consent: on which ground the face may be animated; checked before any photo is read.
        face: which face to use when a photo shows several.
        report: called with (network, steps done, total steps).

    Raises:
        RefusedError: no consent is given.
        MissingPartError: torch, or the network of the content loss, is not installed.
        UsageError: the output is one of the inputs.
        OutputError: the folder of `output` does not exist, or the file cannot be written.
        PictureError, FaceError, InputError, FileFormatError: a photo or the weights cannot be used.
    """
    given = _consent_before_reading(consent, output, [*photos, model])
    _require_torch()
    weights = read_portrait(model)
    person = Head.from_photos(list(photos), face, consent=given)
    adapted = adapt_portrait_person(person, weights, settings, report)
    description = PersonRecord(
        config=weights.configs,
        model=weights.sha256,
        photos=tuple(photo.sha256 for photo in person.photos),
        consent=_record(person),
        adaptation=adapted.report,
        made=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        version=__version__,
    )
    write_portrait_person(output, adapted.networks, description)
    return AdaptResult(output, len(person.photos), adapted.report, person.warnings, person.report)


def adapt_portrait_person(
    person: Head,
    weights: PortraitWeights,
    settings: PortraitAdaptSettings,
    report: Callable[[str, int, int], None] | None = None,
) -> AdaptedPortrait:
    """Adapt the networks of the portrait renderer to a person's photos.

    Args:
        person: head with the photos.
        weights: initial weights of the networks.
        settings: see `settings.portrait`.
        report: called with (network, steps done, total steps).

    Raises:
        MissingPartError: torch, or the network of the content loss, is not installed.
    """
    _require_torch()
    from animato.training.portrait.adapt import adapt_portrait

    return adapt_portrait([source_view(photo) for photo in person.photos], weights, settings, report)


def adapt_paper_person(
    person: Head,
    model: PaperModel,
    settings: AdaptSettings,
    report: Callable[[AdaptProgress], None] | None = None,
) -> Adapted:
    """Fine-tune the generator of a meta-learned model on a person's photos.

    Args:
        person: head with the photos.
        model: the meta-learned model.
        settings: see `settings.adapt`.
        report: called after every validation.
    """
    from animato.training.adapt import adapt

    return adapt(model, _paper_crops(person, model), settings, report)


def embed_paper_person(person: Head, model: PaperModel) -> PaperPerson:
    """Return the generator of a meta-learned model for a person's photos, without fine-tuning."""
    from animato.training.adapt import feed_forward

    return feed_forward(model, _paper_crops(person, model))


def _paper_crops(person: Head, model: PaperModel) -> ClipFrames:
    from animato.training.photos import crop_photos

    return crop_photos([(photo.image, photo.face.points) for photo in person.photos], model.config)


def _consent_before_reading(
    consent: Consent | str | None, output: Path, inputs: Sequence[Path | str | None]
) -> Consent:
    """Return the consent, or raise before any photo is read."""
    given = required_consent(consent)
    if not output.parent.is_dir():
        raise OutputError(f"there is no folder {output.parent}", hint="make it first, or another `output`")
    check_not_input(output, inputs)
    return given


def _record(person: Head) -> dict[str, Any]:
    """Return the signed consent record of a person file."""
    return sign_consent(person.consent, [photo.hashes for photo in person.photos]).to_json()


def _require_torch() -> None:
    """Raise if torch is missing, before photos are read."""
    try:
        import torch  # noqa: F401
    except ImportError as problem:
        raise MissingPartError(
            "adaptation needs torch, which is not installed", where=str(problem), hint="pip install 'animato[training]'"
        ) from problem
