"""`animato consent show | renew | revoke | export | phrase`: the consent record of a head or person file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from animato.cli.ask_consent import consent_of
from animato.cli.from_settings import with_options
from animato.cli.help_page import GroupedCommand
from animato.cli.printing import print_json
from animato.errors import RefusedError
from animato.settings.consent import ConsentSettings, required_consent
from animato.trust.text import clean

if TYPE_CHECKING:
    from animato.head.consent_file import StoredConsent

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Show, renew, revoke or export a consent record.")

File = Annotated[Path, typer.Argument(metavar="FILE", help="A head or person file (.animato).")]
SHOWN = ("statement", "reason", "guardian", "attested_by", "date", "scope", "expires", "clip")
"""Fields of a record that are printed, in order, if they are set."""


@app.command(cls=GroupedCommand, epilog="animato consent show me.animato")
def show(
    file: File,
    as_json: Annotated[bool, typer.Option("--json", help="Print the record as JSON.")] = False,
) -> None:
    """Print the consent record of a file, and whether the file may be animated. Exit code 5 if it may not."""
    from animato.head.consent_file import read_consent

    stored = read_consent(file)
    problem = stored.problem()
    if as_json:
        refused = None if problem is None else problem.what
        print_json({"file": file.name, "usable": problem is None, "problem": refused, "record": stored.stored})
    else:
        for label, text in _rows(stored, problem):
            typer.echo(f"{label:<12} {text}")
    if problem is not None:
        raise typer.Exit(problem.exit_code)


def _rows(stored: StoredConsent, problem: RefusedError | None) -> list[tuple[str, str]]:
    """Return the lines to print: label and text."""
    values: dict[str, Any] = stored.stored if isinstance(stored.stored, dict) else {}
    rows = [("ground", clean(values.get("ground") or "none", 40))]
    rows += [(name.replace("_", " "), clean(str(values[name]), 500)) for name in SHOWN if values.get(name)]
    count = len(stored.photos)
    rows.append(("photos", f"{count}, bound by their SHA-256"))
    if problem is not None:
        return [*rows, ("state", f"{problem.what} ({problem.where}); {problem.hint}")]
    signer = "this" if stored.record().own else "another"
    return [*rows, ("state", f"valid, signed by {signer} installation of animato")]


@app.command(cls=GroupedCommand, epilog="animato consent renew me.animato --consent self --consent-expires 2030-12-31")
@with_options(ConsentSettings)
def renew(file: File, settings: ConsentSettings) -> None:
    """Replace the consent record of a file by a new one, signed today.

    Use it when a consent has expired or was given again after it was revoked, and for files of earlier versions.
    """
    from animato.head.consent_file import read_consent, renew_consent

    read_consent(file)  # asks nothing about a file that cannot be renewed
    record = renew_consent(file, required_consent(consent_of(settings)))
    until = f", until {record.consent.expires}" if record.consent.expires else ""
    typer.echo(f"{file}: {record.consent.ground}, from {record.consent.date}{until}")


@app.command(cls=GroupedCommand, epilog="animato consent revoke me.animato")
def revoke(file: File) -> None:
    """Withdraw the consent of a file on this computer, for all heads that contain the same photos.

    The file stays where it is and is no longer animated. It still contains the photos: delete it.
    """
    from animato.head.consent_file import revoke_consent

    found = revoke_consent(file)
    typer.echo(f"{file}: revoked on {found.date[:10]}; it is not animated any more. Delete it to remove the photos.")


@app.command(cls=GroupedCommand, epilog="animato consent export me.animato > consent.json")
def export(file: File) -> None:
    """Print the signed consent record as JSON, with its certificate and signature, for archives and for the person.

    It contains the names that were given, but no photo.
    """
    from animato.head.consent_file import read_consent

    # Not `print_json`, which rewrites settings in texts as options: the signature covers the record as it stands.
    typer.echo(json.dumps(read_consent(file).record().to_json(), indent=1))


@app.command(cls=GroupedCommand, epilog="animato consent phrase")
def phrase() -> None:
    """Print a random sentence for the person to say in a consent clip (`animato head save --consent-clip`)."""
    from animato.evaluation.consent_clip import phrase as random_phrase

    typer.echo(random_phrase())
