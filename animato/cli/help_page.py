"""Format `--help`: options grouped under headings, common ones first, with examples."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand

FIRST = "Options"
"""Heading of the options that have no group."""

ORDER = ("Movement", "Driver", "Picture and size", "Sound", "Signing")
"""Headings after the first, where a command has them; others follow as they first appear."""

LAST = "Advanced"


def grouped(options: list[Any]) -> dict[str, list[Any]]:
    """Return options by heading: those without one first, the advanced ones last.

    Args:
        options: what the parser holds for each, with the heading in `rich_help_panel`.
    """
    found: dict[str, list[Any]] = {FIRST: []}
    for option in options:
        found.setdefault(getattr(option, "rich_help_panel", None) or FIRST, []).append(option)
    places = {heading: place for place, heading in enumerate((FIRST, *ORDER))} | {LAST: len(ORDER) + 2}
    return dict(sorted(found.items(), key=lambda item: places.get(item[0], len(ORDER) + 1)))


class GroupedCommand(TyperCommand):
    """A command whose help lists its options by heading and prints its epilog, one example a line, as it is."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments, then the options under their headings."""
        params = self.get_params(ctx)
        arguments = [one for one in params if one.param_type_name == "argument"]
        options = [one for one in params if one.param_type_name == "option"]
        for heading, members in {"Arguments": arguments, **grouped(options)}.items():
            rows = [row for one in members if (row := one.get_help_record(ctx)) is not None]
            if rows:
                with formatter.section(heading):
                    formatter.write_dl(rows)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 (the parser passes it)
        """Write the examples without wrapping, so that they can be copied."""
        if self.epilog:
            with formatter.section("Examples"):
                for line in self.epilog.splitlines():
                    formatter.write(f"{'':>{formatter.current_indent}}{line}\n")
