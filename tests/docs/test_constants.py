"""Constants on the pages about movement and warp have the values of the code; prose numbers of the mesh hold."""

from __future__ import annotations

import ast
import importlib
import operator
import re
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"
ROW = re.compile(r"^\| `(animato(?:\.[a-z_]+)+)\.([A-Z]\w+(?:\.\w+)?)` \| ([^|]+) \|", re.MULTILINE)
ROWS = [
    (page, *row) for page in ("motion.md", "warp.md") for row in ROW.findall((DOCS / page).read_text(encoding="utf-8"))
]


def test_every_constant_has_the_value_its_page_states() -> None:
    assert len(ROWS) >= 30
    for page, module, name, value in ROWS:
        found = operator.attrgetter(name)(importlib.import_module(module))
        assert found == ast.literal_eval(value.strip()), f"{page}: {module}.{name}"


def test_the_mesh_has_the_parts_that_the_page_counts() -> None:
    from animato.geometry.mesh import COLUMNS, RINGS, head_topology

    assert (head_topology().face_triangles, RINGS, COLUMNS) == (898, 3, 36)


def test_the_reader_has_the_limits_that_the_page_states() -> None:
    from animato.settings.media import MotionFileSettings, PictureSettings, ReaderSettings

    video, picture = ReaderSettings(), PictureSettings()
    drivers = " ".join((DOCS / "drivers.md").read_text(encoding="utf-8").split())
    photos = " ".join((DOCS / "photos.md").read_text(encoding="utf-8").split())
    assert f"{video.max_pixels / 1e6:.1f} million pixels" in drivers
    assert f"{video.max_frames:,} frames" in drivers and f"{video.max_fps:.0f} frames a second" in drivers
    assert video.max_seconds == 3600 and "one hour" in drivers
    motion = MotionFileSettings()
    assert f"{picture.max_scans} scans" in photos and f"{video.max_boxes:,} boxes" in drivers
    assert f"{video.max_gif_megapixels:,.0f} million pixels in all frames" in drivers
    assert motion.max_motion_seconds == 3600
    assert f"{motion.max_motion_frames:,} frames and {motion.max_motion_megabytes:.0f} MB unpacked" in drivers
    assert f"{picture.max_megapixels:.0f} million pixels and {picture.max_megabytes:.0f} MB" in photos
