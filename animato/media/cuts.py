"""Finding cuts: moments at which a video jumps to another scene or framing.

Each frame is reduced to a small picture of even brightness and contrast, so exposure and flicker do not count, and
compared with the one before. A cut differs more than any movement (Zabih, Miller, Mai 1995 survey such measures), and
much more than the frames just before it.
"""

from __future__ import annotations

from collections import deque

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.types import Frame

SIDE = 32
"""Side of the picture that is compared, pixels."""
CONTRAST = 8.0
"""Added to the spread of grey levels, of 255, by which a picture is divided: a blank one has no contrast to raise."""
CERTAIN, CERTAIN_RATIO = 0.3, 2.5
"""Mean difference, in units of the picture's spread, of a cut among moving frames, and over the largest of these."""
POSSIBLE, POSSIBLE_RATIO = 0.12, 6.0
"""The same among calm frames. 18 people who talk differ by at most 0.02 from frame to frame, shaken cameras by 0.13,
rendered heads at 12 frames a second by 0.26; cuts between them by 0.2 to 0.7, to a framing 1.3 times closer by 0.24."""
BLOCKS, CHANGED, MOST = 4, 0.1, 0.5
"""The picture has so many blocks each way; a cut changes at least the last share of them by the second: cuts
between people before one wall change 11 of 16 and more, a hand that comes into the picture 6."""
REMEMBERED = 8
"""Differences before a frame that it is compared with."""


class CutDetector:
    """Tells cuts from movement, frame by frame."""

    def __init__(self) -> None:
        self._before: NDArray[np.float32] | None = None
        self._differences: deque[float] = deque(maxlen=REMEMBERED)

    def is_cut(self, frame: Frame) -> bool:
        """Return whether a cut lies between the frame given before and this one.

        Args:
            frame: H x W x 3 uint8 RGB.
        """
        small = cv2.resize(frame, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
        now = cv2.GaussianBlur(small, (0, 0), 1.0)
        now = (now - now.mean(axis=(0, 1))) / np.float32(now.std() + CONTRAST)
        before, self._before = self._before, np.asarray(now, np.float32)
        if before is None:
            return False
        apart = np.abs(now - before).mean(axis=2)
        difference = float(apart.mean())
        blocks = apart.reshape(BLOCKS, SIDE // BLOCKS, BLOCKS, SIDE // BLOCKS).mean(axis=(1, 3))
        everywhere = float((blocks > CHANGED).mean()) >= MOST
        usual = max(self._differences, default=difference)
        larger = difference > max(CERTAIN, CERTAIN_RATIO * usual) or difference > max(POSSIBLE, POSSIBLE_RATIO * usual)
        cut = larger and everywhere
        if cut:
            self._differences.clear()
        else:
            self._differences.append(difference)
        return cut
