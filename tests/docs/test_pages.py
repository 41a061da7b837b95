"""Links lead somewhere, and no page shows the insides of the machine or the way it was built."""

from __future__ import annotations

import re
from pathlib import Path

from animato import errors

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
CODE_BLOCK = re.compile(r"```.*?```", re.DOTALL)
MACHINE = re.compile(r"(?<![\w.])/(?:work|root|tmp|home|opt|Users)/[\w.]", re.IGNORECASE)


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    lines = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL).splitlines()
    titles = [re.sub(r"[`*]", "", line.lstrip("#").strip()) for line in lines if line.startswith("#")]
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_links_lead_to_files_and_headings_that_exist() -> None:
    for page in PAGES:
        check_links(page)


def check_links(page: Path) -> None:
    for target in LINK.findall(CODE.sub("", page.read_text(encoding="utf-8"))):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        path, _, heading = target.partition("#")
        goal = (page.parent / path).resolve() if path else page
        assert goal.exists(), f"{page.name}: {target}"
        assert goal.is_relative_to(ROOT), f"{page.name}: {target} leaves the project"
        if heading:
            assert heading in anchors(goal), f"{page.name}: {target}"


def test_every_page_is_linked_from_the_readme_or_the_index() -> None:
    linked = set()
    for page in (ROOT / "README.md", ROOT / "docs" / "README.md"):
        targets = LINK.findall(page.read_text(encoding="utf-8"))
        linked |= {(page.parent / target.partition("#")[0]).resolve() for target in targets if "://" not in target}
    assert not [page for page in PAGES if page not in linked and page != ROOT / "README.md"]


def test_lines_of_text_have_at_most_120_characters() -> None:
    long = [
        f"{page.name}:{number}"
        for page in PAGES
        for number, line in enumerate(CODE_BLOCK.sub(blank, page.read_text(encoding="utf-8")).splitlines(), 1)
        if len(line) > 120 and not line.startswith("|") and page.name != "cli.md"  # which is generated
    ]
    assert not long


def blank(block: re.Match[str]) -> str:
    """Return as many empty lines as a block of code has."""
    return "\n" * block[0].count("\n")


def test_no_page_shows_a_path_of_a_machine() -> None:
    assert not [page.name for page in PAGES if MACHINE.search(page.read_text(encoding="utf-8"))]


def test_every_page_that_an_error_names_exists() -> None:
    named = set()
    for path in (ROOT / "animato").rglob("*.py"):
        named |= set(re.findall(r'more="(docs/[\w./-]+\.md)"', path.read_text(encoding="utf-8")))
    assert named and not [page for page in sorted(named) if not (ROOT / page).is_file()]


def test_the_page_of_exit_codes_agrees_with_the_error_tree() -> None:
    text = (ROOT / "docs" / "exit-codes.md").read_text(encoding="utf-8")
    listed = {(name, int(code)) for code, name in re.findall(r"^\| (\d+) \| `(\w+)` \|", text, re.MULTILINE)}
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.AnimatoError)]
    assert listed == {(kind.__name__, kind.exit_code) for kind in kinds}
