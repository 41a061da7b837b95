"""Generate docs/cli.md from the command line interface.

python scripts/make_cli_page.py            write the page
python scripts/make_cli_page.py --check    check whether it is up to date (exit code 1 if not)
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

import animato.settings
from animato.cli.help_page import grouped
from animato.cli.main import app
from animato.cli.option_names import in_options

PAGE = Path(__file__).resolve().parents[1] / "docs" / "cli.md"
INTRODUCTION = """# Command line

This page is generated from the help texts by `python scripts/make_cli_page.py`; a test checks that it is up to date.
`animato COMMAND --help` prints the same text. Errors and exit codes: [exit-codes.md](exit-codes.md).

Results are printed to standard output, notes and errors to standard error. A progress bar is shown on terminals only.
"""


def commands(command: Any, name: str = "animato") -> Iterator[tuple[str, Any]]:
    """Yield (full name, command) of every command below a group, the group itself first.

    Args:
        command: from `typer.main.get_command`.
        name: its full name.
    """
    yield name, command
    for child_name, child in getattr(command, "commands", {}).items():
        yield from commands(child, f"{name} {child_name}")


def limits() -> dict[tuple[str, str], str]:
    """Return the limits of all settings as text, by (field name, help text)."""
    found: dict[tuple[str, str], str] = {}
    for module in pkgutil.iter_modules(animato.settings.__path__, "animato.settings."):
        for _, kind in inspect.getmembers(importlib.import_module(module.name), dataclasses.is_dataclass):
            for field in dataclasses.fields(kind):
                if field.metadata.get("help"):
                    found[field.name, in_options(str(field.metadata["help"]))] = _range(field.metadata)
    return found


def page() -> str:
    """Return the page."""
    ranges = limits()
    all_commands = list(commands(typer.main.get_command(app)))
    rows = [(name, command) for name, command in all_commands[1:] if not hasattr(command, "commands")]
    parts = [INTRODUCTION]
    parts.append("| command | what it does |\n|---|---|\n" + "".join(_contents(name, item) for name, item in rows))
    for name, command in all_commands:
        if not hasattr(command, "commands") or name == "animato":
            parts.append(_section(name, command, ranges))
    return "\n".join(parts)


def _range(metadata: Any) -> str:
    low, high, unit = metadata.get("low"), metadata.get("high"), metadata.get("unit")
    if low is None and high is None:
        return unit or ""
    if low is None or high is None:
        bound = f"at least {low:g}" if high is None else f"at most {high:g}"
    else:
        bound = f"{low:g} to {high:g}"
    return f"{bound} {unit}" if unit else bound


def _contents(name: str, command: Any) -> str:
    anchor = name.replace(" ", "-")
    return f"| [`{name}`](#{anchor}) | {_cell(_first_sentence(command.help))} |\n"


def _section(name: str, command: Any, ranges: dict[tuple[str, str], str]) -> str:
    arguments = [item for item in command.params if item.param_type_name == "argument"]
    options = [item for item in command.params if item.param_type_name == "option" and "--help" not in item.opts]
    operands = "COMMAND ..." if hasattr(command, "commands") else " ".join(_operand(item) for item in arguments)
    required = " ".join(f"{max(item.opts, key=len)} {_word(item)}" for item in options if item.required)
    usage = " ".join(part for part in (name, operands, required, "[OPTIONS]" if options else "") if part)
    rows = [f"## {name}\n", f"```\n{usage}\n```\n", f"{_paragraphs(command.help)}\n"]
    if arguments:
        rows.append("| argument | meaning |\n|---|---|")
        rows += [f"| `{_operand(item)}` | {_cell(item.help or '')} |" for item in arguments]
        rows.append("")
    if options:
        for heading, members in grouped(options).items():
            if not members:
                continue
            rows += [f"**{heading}**\n", "| option | default | limits | meaning |\n|---|---|---|---|"]
            rows += [_option(item, ranges) for item in members]
            rows.append("")
    if getattr(command, "epilog", None) and not hasattr(command, "commands"):
        rows.append(f"```\n{command.epilog}\n```\n")
    return "\n".join(rows)


def _option(item: Any, ranges: dict[tuple[str, str], str]) -> str:
    names = [*item.opts, *item.secondary_opts]
    placeholders = "" if item.is_flag else f" {_word(item)}"
    shown = (
        ", ".join(f"`{name}`" for name in names[:-1])
        + (", " if len(names) > 1 else "")
        + f"`{names[-1]}{placeholders}`"
    )
    text = str(item.help or "")
    return f"| {_cell(shown)} | {_default(item)} | {ranges.get((item.name, text), '')} | {_cell(text)} |"


def _default(item: Any) -> str:
    value = item.default
    if item.required:
        return "needed"
    if value is None or value == "" or callable(value) or "UNSET" in repr(value).upper():
        return ""
    if isinstance(value, bool):
        return ("yes" if value else "no") if item.secondary_opts or value else ""
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def _word(item: Any) -> str:
    """Return the metavar of an option: its own, or one for its type."""
    if item.metavar:
        return str(item.metavar)
    # Newer typer stores the annotation, older typer a named type.
    descriptor = getattr(item, "type_descriptor", None)
    named = str(descriptor.annotation if descriptor is not None else item.type.name).lower()
    placeholders = {"path": "PATH", "float": "NUMBER", "int": "INTEGER"}
    return next((word for part, word in placeholders.items() if part in named), "TEXT")


def _operand(item: Any) -> str:
    return str(item.metavar or item.name.upper())


def _paragraphs(text: str | None) -> str:
    blocks = (text or "").strip().split("\n\n")
    return "\n\n".join(" ".join(block.split()) for block in blocks)


def _first_sentence(text: str | None) -> str:
    first = _paragraphs(text).split("\n\n")[0]
    return first.split(". ")[0].rstrip(".") + "."


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def main(arguments: list[str]) -> int:
    """Write the page, or check it with `--check`."""
    text = page()
    if "--check" in arguments:
        same = PAGE.is_file() and PAGE.read_text(encoding="utf-8") == text
        print("up to date" if same else f"{PAGE.name} is out of date: python scripts/make_cli_page.py")
        return 0 if same else 1
    PAGE.write_text(text, encoding="utf-8")
    print(PAGE)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
