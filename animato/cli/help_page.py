"""Format `--help`: options grouped under headings, common ones first, followed by examples."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand

DEFAULT_HEADING = "Options"
"""Heading of options without a group."""

ORDER = ("Movement", "Driver", "Picture and size", "Sound", "Signing")
"""Headings after the default one, in this order; other headings follow in order of appearance."""

LAST_HEADING = "Advanced"


def grouped(options: list[Any]) -> dict[str, list[Any]]:
    """Return options by heading: those without a group first, advanced ones last.

    Args:
        options: `TyperOption` objects; their group is in `rich_help_panel`.
    """
    groups: dict[str, list[Any]] = {DEFAULT_HEADING: []}
    for option in options:
        groups.setdefault(getattr(option, "rich_help_panel", None) or DEFAULT_HEADING, []).append(option)
    ranks = {heading: rank for rank, heading in enumerate((DEFAULT_HEADING, *ORDER))} | {LAST_HEADING: len(ORDER) + 2}
    return dict(sorted(groups.items(), key=lambda item: ranks.get(item[0], len(ORDER) + 1)))


class GroupedCommand(TyperCommand):
    """A command whose help groups options under headings and prints its epilog verbatim, one example per line."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments, then the options under their headings."""
        params = self.get_params(ctx)
        arguments = [param for param in params if param.param_type_name == "argument"]
        options = [param for param in params if param.param_type_name == "option"]
        for heading, members in {"Arguments": arguments, **grouped(options)}.items():
            rows = [row for param in members if (row := param.get_help_record(ctx)) is not None]
            if rows:
                with formatter.section(heading):
                    formatter.write_dl(rows)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 (part of the interface)
        """Write the examples without wrapping, so that they can be copied and pasted."""
        if self.epilog:
            with formatter.section("Examples"):
                for line in self.epilog.splitlines():
                    formatter.write(f"{'':>{formatter.current_indent}}{line}\n")
