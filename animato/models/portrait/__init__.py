"""The portrait renderer's networks: they paint what geometry cannot copy, region by region."""
