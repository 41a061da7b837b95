"""From photos of a person to a person file of the 2019 system."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from animato.errors import MissingPartError, OutputError
from animato.render.person import Person
from animato.settings.adapt import AdaptSettings
from animato.settings.consent import ConsentSettings, consent_record
from animato.version import __version__
from animato.weights.person import PersonRecord, write_person

if TYPE_CHECKING:
    from animato.training.adapt import AdaptProgress


@dataclass(frozen=True)
class AdaptResult:
    """What an adaptation leaves.

    Attributes:
        output: the person file.
        photos: how many photos were used.
        adaptation: iterations, what stopped it, and the judgements on the way.
        findings: sentences about the photos.
    """

    output: Path
    photos: int
    adaptation: dict[str, Any]
    findings: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {
            "output": str(self.output),
            "photos": self.photos,
            "adaptation": self.adaptation,
            "findings": list(self.findings),
        }


def adapt_photos(
    photos: Sequence[Path | str],
    output: Path,
    model: Path,
    settings: AdaptSettings,
    consent: ConsentSettings,
    face: str = "largest",
    report: Callable[[AdaptProgress], None] | None = None,
) -> AdaptResult:
    """Adapt a meta-learned model to a person's photos and write the person file.

    Args:
        photos: one to thirty-two picture files of one person.
        output: the person file to write.
        model: a model file, or the run folder that holds one.
        settings: see `settings.adapt`.
        consent: on what ground; nothing is read before it is given.
        face: which face, where a photo shows several.
        report: called after every judgement.

    Raises:
        RefusedError: no basis of consent, or it was not affirmed.
        MissingPartError: torch is not installed.
        OutputError: the folder of `output` does not exist, or the file cannot be written.
        PictureError, FaceError, InputError, FileFormatError: a photo or the model cannot be used.
    """
    record = consent_record(consent)
    if not output.parent.is_dir():
        raise OutputError(f"there is no folder {output.parent}", hint="make it first, or another --output")
    try:
        from animato.training.adapt import adapt
        from animato.training.model import load_model
        from animato.training.photos import crop_photos
    except ImportError as problem:
        raise MissingPartError(
            "adaptation needs torch, which is not installed", where=str(problem), hint="pip install 'animato[training]'"
        ) from problem
    learnt = load_model(model)
    person = Person.from_photos(list(photos), face)
    crops = crop_photos([(photo.image, photo.face.points) for photo in person.photos], learnt.config)
    made = adapt(learnt, crops, settings, report)
    description = PersonRecord(
        config=learnt.config.as_json(),
        model=learnt.sha256,
        photos=tuple(photo.sha256 for photo in person.photos),
        consent=record,
        adaptation=made.as_json(),
        made=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        version=__version__,
    )
    write_person(output, made.person.arrays(), description)
    return AdaptResult(output, len(person.photos), made.as_json(), person.findings)
