"""Make the bank of dental arches that ships as animato/assets/arches.png.

    python scripts/make_arches.py ../shared/data

Upper teeth of smiling portraits of the Face Research Lab London Set (DeBruine and Jones 2017, CC BY 4.0), unwarped to
the surface of a dental arch. Chosen by eye: eight of the 47 that show teeth, in which the edge of the teeth is found in
every column, without wide gaps between teeth. The file holds the width of each person's closed mouth.
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from animato.geometry.apertures import mouth_width
from animato.geometry.pose import fit_pose, local_from_points
from animato.head.arch_bank import ASSET, WIDTHS, complete, to_pixels
from animato.head.arch_texture import measure_arch
from animato.media.image import load_picture
from animato.tracking.face_finder import FaceFinder
from animato.types import Face, Frame

PORTRAITS = ("l030", "l097", "l099", "l100", "l107", "l117", "l126", "l139")


def main(data: Path) -> None:
    """Write the bank."""
    finder, made = FaceFinder(), []
    for name in PORTRAITS:
        smiling, face = _portrait(data / "portraits" / f"{name}_smiling.jpg", finder)
        arch = measure_arch(smiling, face.points, fit_pose(face.points))
        assert arch is not None, name
        _, neutral = _portrait(data / "portraits" / f"{name}_neutral.jpg", finder)
        made.append((mouth_width(local_from_points(neutral.points, fit_pose(neutral.points))), complete(arch)))
    made.sort(key=lambda item: item[0])
    widths = PngInfo()
    widths.add_text(WIDTHS, " ".join(f"{width:.2f}" for width, _ in made))
    Image.fromarray(to_pixels([arch for _, arch in made])).save(ASSET, optimize=True, pnginfo=widths)
    print(f"{len(made)} arches, {ASSET.stat().st_size} bytes, widths {widths.chunks[0][1].decode()}")


def _portrait(path: Path, finder: FaceFinder) -> tuple[Frame, Face]:
    image = load_picture(path).image
    return image, finder.refined(image, finder.find(image)[0])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
