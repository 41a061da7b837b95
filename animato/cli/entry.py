"""Entry point of the command: install signal handlers before importing anything else."""

from __future__ import annotations

import sys
from typing import NoReturn

from animato.cli import stop_signals
from animato.runtime.arenas import bound_arenas


def main() -> NoReturn:
    """Run the command line and exit with a documented code."""
    stop_signals.install()
    bound_arenas()
    try:
        from animato.cli.main import main as run_main
    except KeyboardInterrupt:
        stop_signals.release()
        print("animato: stopped", file=sys.stderr)
        sys.exit(stop_signals.exit_code())
    run_main()
