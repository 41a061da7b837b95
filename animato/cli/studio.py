"""`animato studio`: serve the page and the API on this computer."""

from __future__ import annotations

import typer

from animato.cli.from_settings import with_options
from animato.settings.studio import StudioSettings


@with_options(StudioSettings)
def studio(settings: StudioSettings) -> None:
    """Serve a page for this computer, on which heads are made, edited and animated, and a REST API for scripts.

    The page listens on the loopback interface only; the printed address holds a token. Ctrl-C ends it.
    """
    from animato.studio.serve import serve

    def announce(address: str) -> None:
        typer.echo(f"studio  {address}")
        typer.echo("        Ctrl-C ends it; jobs that wait go on at the next start")

    serve(settings, announce)
