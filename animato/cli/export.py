"""`animato export`: write the networks as files for other runtimes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from animato.cli.printing import print_json


def export(
    folder: Annotated[Path, typer.Argument(metavar="[FOLDER]", help="Where the files go.")] = Path("networks"),
    network: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Network to write, such as mouth-painter; may be repeated. Default: all."),
    ] = None,
    weights: Annotated[
        Path | None, typer.Option(help="Weight file of the portrait renderer. Default: the shipped one.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the cards as JSON.")] = False,
) -> None:
    """Write each network as ONNX with a card: inputs, shapes, hash, licence, sources.

    The networks of the face tracker and the nudity gate are written as they are.
    """
    from animato.models.export import export as export_networks

    made = export_networks(folder, network or (), weights)
    if as_json:
        print_json([one.card for one in made])
        return
    for one in made:
        size = sum(path.stat().st_size for path in one.files) / 1e6
        typer.echo(f"{one.name:<16}{size:>7.2f} MB  {', '.join(path.name for path in one.files)}")
