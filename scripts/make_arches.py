"""Make the bank of dental arches that ships as animato/assets/arches.png.

    python scripts/make_arches.py ../shared/data

Upper teeth of smiling portraits of the Face Research Lab London Set (DeBruine and Jones 2017, CC BY 4.0), unwarped to
the surface of a dental arch. Chosen by eye: twelve of the 47 that show teeth, where the edge of the teeth is found in
every column and no lower teeth adjoin it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

from animato.geometry.pose import fit_pose
from animato.head.arch_bank import ASSET, complete, to_pixels
from animato.head.arch_texture import measure_arch
from animato.media.image import load_picture
from animato.tracking.face_finder import FaceFinder

PORTRAITS = ("l025", "l094", "l096", "l097", "l099", "l100", "l107", "l120", "l126", "l130")


def main(data: Path) -> None:
    """Write the bank."""
    finder, arches = FaceFinder(), []
    for name in PORTRAITS:
        image = load_picture(data / "portraits" / f"{name}_smiling.jpg").image
        face = finder.refined(image, finder.find(image)[0])
        arch = measure_arch(image, face.points, fit_pose(face.points))
        assert arch is not None, name
        arches.append(complete(arch))
    Image.fromarray(to_pixels(arches)).save(ASSET, optimize=True)
    print(f"{len(arches)} arches, {ASSET.stat().st_size} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
