"""`animato adapt`: photos of a person become a person file of the 2019 system."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from animato.cli.from_settings import with_options
from animato.cli.progress import progress_bar
from animato.settings.adapt import AdaptSettings
from animato.settings.consent import ConsentSettings

if TYPE_CHECKING:
    from animato.training.adapt import AdaptProgress


@with_options(AdaptSettings)
def adapt(
    photos: Annotated[list[Path], typer.Argument(metavar="PHOTOS...", help="1 to 32 photos of one person.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="The person file, such as me.animato.")
    ],
    model: Annotated[
        Path, typer.Option("--weights", metavar="FILE", help="A model file or a run folder of `animato train`.")
    ],
    settings: AdaptSettings,
    face: Annotated[str, typer.Option(help="Which face of a photo: largest, left, right, or a number.")] = "largest",
    consent_basis: Annotated[
        str | None, typer.Option(help="Ground of consent: self, other-consented, deceased, or not-a-person.")
    ] = None,
    i_have_consent: Annotated[
        bool, typer.Option("--i-have-consent", help="Affirm the statement that belongs to the ground.")
    ] = False,
    attester: Annotated[str | None, typer.Option(help="Who affirms it; stays in the person file.")] = None,
    scope: Annotated[str | None, typer.Option(help="What videos may be used for; stays in the person file.")] = None,
    expires: Annotated[str | None, typer.Option(help="Last day of the consent, YYYY-MM-DD.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Fine-tune a trained model on photos of a person; `animato animate --model paper --person FILE` draws with it."""
    from animato.render.adapting import adapt_photos

    consent = ConsentSettings(
        consent_basis=consent_basis, i_have_consent=i_have_consent, attester=attester, scope=scope, expires=expires
    )
    with progress_bar("adapting", quiet=as_json) as told:

        def report(progress: AdaptProgress) -> None:
            if told is not None:
                told(progress.iteration, progress.total)

        result = adapt_photos(photos, output, model, settings, consent, face, report)
    if as_json:
        typer.echo(json.dumps(result.to_json()))
        return
    for finding in result.findings:
        typer.echo(f"note: {finding}", err=True)
    found = result.adaptation
    typer.echo(
        f"{result.output}: {result.photos} photos, {found['iterations']} iterations, ended by {found['stopped']}"
    )
