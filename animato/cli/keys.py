"""`animato keys`: the signing key of this installation, and shared keys of motion streams."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from animato.cli.help_page import GroupedCommand
from animato.cli.output_path import output_path
from animato.cli.printing import print_json

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Show, replace and share the signing key.")

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


@app.command(cls=GroupedCommand, epilog="animato keys show")
def show(as_json: AsJson = False) -> None:
    """Print the fingerprints, the validity and the protection of the signing key, and the keys rotated earlier.

    No key is made, and no passphrase is asked for. Fingerprints are the SHA-256 of the certificates.
    """
    from animato.trust.key_report import read_report

    report = read_report()
    if as_json:
        print_json(report.to_json())
    else:
        typer.echo("\n".join(report.sentences()))


@app.command(cls=GroupedCommand, epilog="animato keys rotate\nanimato keys rotate --passphrase")
def rotate(
    passphrase: Annotated[
        bool | None,
        typer.Option(
            "--passphrase/--no-passphrase",
            help="Protect the new key with a passphrase of at least 12 characters, from ANIMATO_KEY_PASSPHRASE, from "
            "the file ANIMATO_KEY_PASSPHRASE_FILE, or typed twice. Default: if one protected the old key, or is set "
            "in the environment.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a new signing key. The old files stay beside it, with the date in their names.

    Outputs of the old key are still recognised as made by this installation, but cannot be linked to new ones. To stop
    recognising them, for example because the old key was stolen, delete the dated files.
    """
    from animato.trust.key_report import read_report
    from animato.trust.keys import rotate as rotate_key

    retired = rotate_key(protect=passphrase)
    report = read_report()
    if as_json:
        print_json({**report.to_json(), "kept": [path.name for path in retired]})
        return
    typer.echo(f"new key in {report.folder}, authority {report.authority}")
    for path in retired:
        typer.echo(f"kept {path.name}")


@app.command(cls=GroupedCommand, epilog="animato keys export-certificate -o install.pem")
def export_certificate(
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="PATH", parser=output_path, help="PEM file to write.")
    ],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the output if it exists.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write the public certificates of this installation, current and rotated, so that others can recognise it.

    The file contains no private key. C2PA tools accept it as a list of trust anchors.
    """
    from animato.errors import OutputError
    from animato.media.disk import whole_file
    from animato.trust.key_report import public_certificates

    certificates = public_certificates()
    if output.is_dir():
        raise OutputError(f"{output} is a folder", hint="give the name of a file")
    if output.exists() and not overwrite:
        raise OutputError(f"{output} exists already", hint="`overwrite`, or another name")
    with whole_file(output) as temporary:
        temporary.write_bytes(certificates)
    count = certificates.count(b"BEGIN CERTIFICATE")
    if as_json:
        print_json({"path": str(output), "certificates": count})
    else:
        typer.echo(f"{output}: {count} certificate{'s' * (count > 1)}")


@app.command(cls=GroupedCommand, epilog="animato keys new-stream-key call.key")
def new_stream_key(
    output: Annotated[Path, typer.Argument(metavar="PATH", help="Key file to write; an existing one is kept.")],
) -> None:
    """Make a key for `animato live --send` and `--receive`. Copy the file to the other side, and to nobody else."""
    from animato.network.shared_key import new_stream_key as make

    make(output)
    typer.echo(f"{output}: new key; sender and receiver need the same file")
