"""`python -m animato.cli` is the same as `animato`."""

from animato.cli.main import main

main()
