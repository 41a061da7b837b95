"""The photo that most tests animate."""

from __future__ import annotations

import numpy as np
from skimage import data

from animato.types import Frame


def sample_photo() -> Frame:
    """The public-domain NASA portrait that ships inside scikit-image, 512 x 512 x 3 uint8 RGB.

    A photograph, because the bundled portrait of the demo has no pores and no lens. What tests render is not kept.
    """
    return np.array(data.astronaut(), np.uint8)  # type: ignore[no-untyped-call]
