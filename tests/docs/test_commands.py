"""Every command and option has help and a place on docs/cli.md; pages name nothing that does not exist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from animato.cli.main import app

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def leaves(command: Any, name: str = "animato") -> Iterator[tuple[str, Any]]:
    """Yield (full name, command) of everything that can be run."""
    children = getattr(command, "commands", None)
    if children is None:
        yield name, command
        return
    for child, below in children.items():
        yield from leaves(below, f"{name} {child}")


COMMANDS = dict(leaves(typer.main.get_command(app)))


def test_every_command_has_help_for_itself_and_each_of_its_options() -> None:
    for name, command in COMMANDS.items():
        assert len((command.help or "").strip()) > 10, name
        for parameter in command.params:
            if "--help" not in parameter.opts:
                assert (parameter.help or "").strip(), f"{name} {parameter.opts[0]}"


def test_the_page_of_the_command_line_lists_exactly_the_commands_that_exist() -> None:
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| \[`(animato [^`]+)`\]", page, re.MULTILINE)
    assert sorted(listed) == sorted(COMMANDS)


def test_pages_use_only_options_that_exist() -> None:
    used = {page: commands_used(page) for page in PAGES}
    assert used[ROOT / "README.md"]


def commands_used(page: Path) -> int:
    """Check the options of every command that a page shows; return how many commands those are."""
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    used = 0
    for line in re.findall(r"^animato [a-z].*$", text, re.MULTILINE):
        words = line.split("#")[0].split()
        name = next((" ".join(words[:n]) for n in (3, 2) if " ".join(words[:n]) in COMMANDS), None)
        if name is None or page.name == "cli.md":
            continue
        used += 1
        known = {option for item in COMMANDS[name].params for option in (*item.opts, *item.secondary_opts)}
        options = [word for word in words[1:] if re.fullmatch(r"-[a-z]|--[a-z][a-z-]+", word)]
        assert not set(options) - known, f"{page.name}: {line}"
    return used


def test_make_knows_every_target_that_a_page_names() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for page in ("README.md", "CONTRIBUTING.md"):
        named = set(re.findall(r"(?:^|`)make ([a-z-]+)", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE))
        assert named and not named - targets, page


def test_the_first_screen_of_the_readme_is_a_moving_picture_and_the_two_commands() -> None:
    before, block = README.split("```")[:2]
    assert [line.split("#")[0].strip() for line in block.split("\n") if line.strip()] == ["make demo", "make test"]
    assert before.count("\n") <= 12
    picture = re.search(r"!\[[^\]]+\]\((docs/gallery/[\w-]+\.gif)\)", before)
    assert picture is not None
    assert (ROOT / picture[1]).stat().st_size < 3_000_000


def test_the_readme_has_at_most_90_lines() -> None:
    assert README.count("\n") <= 90
