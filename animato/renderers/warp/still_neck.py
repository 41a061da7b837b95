"""How a body moves with the head over it: near the photo's pose as the rings do, under a turned head as its neck does.

Rings and face oval turn with the head, and a neck that turned with them would leave its nape behind. A turned head
takes along what its pivot on the neck does, and no more.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from animato.geometry.pose import HeadPose, degrees_between
from animato.geometry.smoothstep import smoothstep
from animato.motion.neck_limits import PIVOT

CORRECTED_DEGREES = (5.0, 20.0)
"""Turn up to which the shell follows the driver's surroundings fully, and from which it is rigid."""


BODY_SHARE = 0.2
"""How much of the pivot's movement is the body's where the head is turned. Twins beyond 18 degrees: without any, the
neck has 21.36 dB, with it 21.16 (in an earlier version: without any 20.79, with 0.4 of it 20.33, with all 19.51); but a
head that moves far aside takes its body along."""


def near_share(pose: HeadPose, photo: HeadPose) -> float:
    """Return how near a pose is to the photo's: 1 up to the first of `CORRECTED_DEGREES`, 0 from the second on."""
    return float(1 - smoothstep(degrees_between(pose, photo), *CORRECTED_DEGREES))


def upright(pose: HeadPose, photo: HeadPose) -> HeadPose:
    """Return a pose turned back to the photo's about the neck's pivot."""
    pivot = pose.translation + pose.scale * pose.rotation @ PIVOT
    return HeadPose(photo.rotation, pivot - pose.scale * photo.rotation @ PIVOT, pose.scale)


def carrying_oval(
    oval: NDArray[np.floating], target: NDArray[np.floating], pose: HeadPose, photo: HeadPose
) -> NDArray[np.float64]:
    """Return the face oval by which a body is carried, 36 x 2 float64, pixels.

    Args:
        oval: 36 x 2 or 3, in the photo, pixels.
        target: 36 x 2 or 3, in the target, pixels.
        pose: of the target.
        photo: of the photo.
    """
    near, still = near_share(pose, photo), upright(pose, photo)
    moved = still.translation[:2] + (oval[:, :2] - photo.translation[:2]) * (still.scale / photo.scale)
    moved = oval[:, :2] + BODY_SHARE * (moved - oval[:, :2])
    return np.asarray(moved + near * (target[:, :2] - moved), np.float64)
