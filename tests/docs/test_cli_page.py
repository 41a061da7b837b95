"""docs/cli.md is what the command line says of itself today."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts" / "make_cli_page.py"


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_cli_page", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_what_the_script_writes(maker: ModuleType) -> None:
    written = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert written == maker.page(), "run: python scripts/make_cli_page.py"


def test_the_page_states_default_limits_and_help_of_a_setting(maker: ModuleType) -> None:
    from animato.settings.motion import MotionSettings

    field = MotionSettings.__dataclass_fields__["smooth"]
    row = next(line for line in maker.page().splitlines() if line.startswith("| `--smooth"))
    assert f"`{field.default:g}`" in row and "0 to 1" in row and field.metadata["help"] in row
