"""The examples on the pages run. Blocks of Python that begin with `# runs` are taken as they stand."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
BLOCK = re.compile(r"```python\n(# runs\n.*?)```", re.DOTALL)
EXAMPLES = [
    pytest.param(code, id=f"{page.stem}-{number}")
    for page in sorted(DOCS.rglob("*.md"))
    for number, code in enumerate(BLOCK.findall(page.read_text(encoding="utf-8")), 1)
]


@pytest.fixture(scope="module")
def portrait() -> Any:
    data = pytest.importorskip("skimage.data")
    return data.astronaut()


@pytest.fixture
def desk(tmp_path: Path, portrait: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the packaged portrait as me.jpg, and a key folder of its own."""
    from animato.media.image import save_picture

    save_picture(tmp_path / "me.jpg", portrait)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ANIMATO_HOME", str(tmp_path / "home"))
    return tmp_path


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 6


@pytest.mark.usefixtures("strict_consent")
@pytest.mark.parametrize("code", EXAMPLES)
def test_an_example_runs_as_it_stands(code: str, desk: Path) -> None:
    exec(compile(code, "example", "exec"), {"__name__": "example"})  # our own pages


@pytest.mark.parametrize("name", ["blink", "talk"])
def test_the_fifteen_lines_read_what_the_package_reads(name: str) -> None:
    from animato.appearance.channels import CHANNELS
    from animato.motion.bundled import bundled
    from animato.motion.motion_file import load_motion

    text = (DOCS / "formats.md").read_text(encoding="utf-8")
    space: dict[str, Any] = {}
    exec(compile(BLOCK.findall(text)[0], "formats.md", "exec"), space)  # our own page
    header, arrays = space["read_motion"](bundled()[name])
    clip = load_motion(bundled()[name], CHANNELS)
    assert header["frames"] == len(clip.frames) and header["duration"] == clip.duration
    renamed = {"shift": "translation", "zoom": "scale", "seen": "tracked"}
    for key in ("time", "rotation", "shift", "zoom", "apertures", "blendshapes", "seen", "expression"):
        expected = np.stack([np.asarray(getattr(frame, renamed.get(key, key))) for frame in clip.frames])
        np.testing.assert_allclose(arrays[key], expected, atol=1e-6, err_msg=key)
