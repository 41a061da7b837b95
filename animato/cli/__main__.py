"""`python -m animato.cli` is the same as `animato`."""

from animato.cli.entry import main

main()
