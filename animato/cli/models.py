"""`animato models`: list networks with parameters and cost per photo and per frame."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import typer

from animato.cli.printing import print_json


def models(as_json: Annotated[bool, typer.Option("--json", help="Print the list as JSON.")] = False) -> None:
    """List every network: parameters, and GMAC (billions of multiply-accumulates) per photo and per frame."""
    from animato.models.listing import list_models

    rows = list_models()
    if as_json:
        print_json([dataclasses.asdict(row) for row in rows])
        return
    typer.echo(f"{'model':<15}{'network':<16}{'px':>5}{'parameters':>13}{'GMAC':>9}  per")
    for row in rows:
        size = str(row.size) if row.size else "-"
        columns = f"{row.parameters / 1e6:>11.2f} M{row.gmac:>9.3f}"
        typer.echo(f"{row.model:<15}{row.network:<16}{size:>5}{columns}  {row.per}")
