"""Estimate and remove a photo's own expression: mouth opening, smile and gaze.

The driver's motion is added to the photo, so the photo's own expression would be added to every frame. Opening and
widening of the mouth displace the lower face similarly in everybody: two displacement fields, fitted to 87 pairs of a
neutral and a smiling photo and to 18 talking people (`scripts/fit_own_expression.py`), explain these displacements as
well as the 52 blendshapes do. Gaze is a displacement of the irises.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from animato.errors import MissingPartError
from animato.geometry.apertures import apertures
from animato.geometry.landmarks import BLENDSHAPES, EYE_LEFT, EYE_RIGHT, IRIS_LEFT, IRIS_RIGHT, MESH_POINTS
from animato.geometry.pose import HeadPose
from animato.geometry.smoothstep import smoothstep

FIELDS = Path(__file__).resolve().parents[1] / "assets" / "own_expression.npy"
SMILE_WIDENING = 1.48
"""Widening of the mouth at smile score 1, canonical centimetres, fitted to the same pairs (correlation 0.86)."""
SMILE_RANGE = (0.2, 0.5)
"""Smile scores of a neutral face (90 % of 87 neutral photos lie below) and of a full smile."""
SMILE_SCORES = [BLENDSHAPES.index(name) for name in ("mouthSmileLeft", "mouthSmileRight")]

IRIS_REST = (0.04, -0.072)
"""Offset of an iris that looks ahead from the eye's centre: outwards and down, eye widths (median of 200 clips)."""
EYEBALL_RADIUS = 0.4
"""Radius on which the centre of the iris rotates, eye widths: 12 of 30 millimetres."""
AVERTED_RANGE = (0.05, 0.1)
"""Gaze offsets, in eye widths, at which the gaze begins to count as averted, and counts fully."""
IRIS_SOFT_LIMIT, IRIS_HARD_LIMIT = (0.15, 0.07), (0.28, 0.14)
"""Displacement of an iris, across and down, from which it is compressed (999 of 1000 frames lie below), and its upper
bound, eye widths: at 0.28 the iris touches the corner of the eye."""


EYES = ((EYE_LEFT, IRIS_LEFT), (EYE_RIGHT, IRIS_RIGHT))
OPEN_MOUTH = 0.05
"""Aperture of a photo's mouth from which a warning is given, mouth widths."""


@dataclass(frozen=True)
class OwnExpression:
    """Expression of a photo's face relative to a neutral one.

    Attributes:
        opening: lip gap divided by mouth width; 0 is closed.
        smile: widening of the mouth by the smile, canonical centimetres.
        gaze: 2 float64, offset of both irises from the line between looking ahead and looking at the camera, right and
            down, eye widths; a few hundredths are normal (see `averted`).
    """

    opening: float
    smile: float
    gaze: NDArray[np.float64]

    @property
    def mouth_open(self) -> bool:
        """Whether the mouth is open."""
        return self.opening > OPEN_MOUTH

    @property
    def smiles(self) -> bool:
        """Whether the face smiles fully."""
        return self.smile > SMILE_WIDENING * SMILE_RANGE[1]

    @property
    def looks_aside(self) -> bool:
        """Whether the eyes look aside."""
        return bool(np.hypot(*averted(self.gaze)) > AVERTED_RANGE[1])


def own_expression(
    local: NDArray[np.float64], pose: HeadPose, blendshapes: NDArray[np.float32] | None = None
) -> OwnExpression:
    """Measure a photo's own expression.

    Args:
        local: 478 x 3, canonical landmarks, centimetres.
        pose: of the head.
        blendshapes: 52 float32 in [0, 1]; without them the smile is 0.
    """
    score = 0.0 if blendshapes is None else float(blendshapes[SMILE_SCORES].mean())
    smile = SMILE_WIDENING * score * smoothstep(score, *SMILE_RANGE)
    return OwnExpression(max(0.0, float(apertures(local)[2])), smile, _gaze(local, pose))


def expression_warnings(own: OwnExpression, neutralise: float) -> list[str]:
    """Return warnings about a photo's own expression, each with a remedy.

    Args:
        own: as measured.
        neutralise: share of it that is removed, see `settings.motion`.
    """
    warnings = []
    if own.mouth_open:
        warnings.append(
            "the mouth in the photo is open; it is closed before the driver's motion is added (`neutralise=0` leaves "
            "it open): a photo with closed lips works better"
            if neutralise > 0
            else "the mouth in the photo is open, and the driver's motion is added to it: leave out `neutralise=0`"
        )
    if own.smiles and neutralise < 1:
        warnings.append(
            "the face in the photo smiles, and part of the smile remains in every frame: `neutralise=1` removes it; "
            "a neutral photo works better"
        )
    if own.looks_aside:
        warnings.append(
            "the eyes in the photo look aside; they are turned to the front before the driver's gaze is added "
            "(`neutralise=0` leaves them): a photo that looks at the camera works better"
            if neutralise > 0
            else "the eyes in the photo look aside, and the driver's gaze is added to theirs: leave out `neutralise=0`"
        )
    return warnings


def averted(gaze: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the averted part of a gaze (2 float64, eye widths); zeros within normal variation."""
    return np.asarray(gaze * smoothstep(float(np.hypot(*gaze)), *AVERTED_RANGE))


def remove_expression(local: NDArray[np.float64], gap: float, widening: float) -> NDArray[np.float64]:
    """Reduce the lip gap and the width of the mouth; jaw, cheeks and lids follow.

    Args:
        local: 478 x 3, canonical landmarks, centimetres.
        gap: reduction of the lip gap, canonical centimetres.
        widening: reduction of the mouth's width, canonical centimetres.
    """
    result = local.copy()
    by_gap, by_width = _fields()
    result[:MESH_POINTS] -= gap * by_gap + widening * by_width
    return result


def move_gaze(local: NDArray[np.float64], shift: NDArray[np.float64]) -> NDArray[np.float64]:
    """Displace both irises, limited to positions inside the eyes.

    Args:
        local: 478 x 3, canonical landmarks, centimetres.
        shift: 2 float64, right and down, eye widths.
    """
    offsets = [_iris_offset(local, ring, iris) for ring, iris in EYES]
    # Eyes rotate together, and the far one's landmarks are unreliable in a turned head: both share one limit.
    offset = np.mean([iris_offset for _, iris_offset in offsets], axis=0)
    rest = np.array([0.0, IRIS_REST[1]])
    displacement = offset + shift - rest
    bounded = [
        soft_clamp(float(value), *limits)
        for value, *limits in zip(displacement, IRIS_SOFT_LIMIT, IRIS_HARD_LIMIT, strict=True)
    ]
    result = local.copy()
    for (_, iris), (width, _) in zip(EYES, offsets, strict=True):
        result[list(iris), :2] += (rest + bounded - offset) * width
    return result


def soft_clamp(value: float, soft_limit: float, hard_limit: float) -> float:
    """Return a value unchanged up to the soft limit in magnitude, and compressed below the hard limit beyond it."""
    excess = abs(value) - soft_limit
    if excess <= 0:
        return value
    span = hard_limit - soft_limit
    return float(np.sign(value) * (soft_limit + span * np.tanh(excess / span)))


def _iris_offset(
    local: NDArray[np.float64], ring: tuple[int, ...], iris: tuple[int, ...]
) -> tuple[float, NDArray[np.float64]]:
    """Return an eye's width and the offset of its iris from the eye's centre, right and down, in eye widths."""
    first, last = local[ring[0]], local[ring[8]]
    width = max(float(np.linalg.norm(last - first)), 1e-6)
    return width, np.asarray((local[iris[0]] - (first + last) / 2)[:2] / width)


def gaze_offset(local: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean offset of both irises (2 float64, right and down, eye widths) from those of eyes that look ahead.

    Args:
        local: 478 x 3, canonical landmarks, centimetres.
    """
    left, right = (_iris_offset(local, ring, iris)[1] for ring, iris in EYES)
    return np.asarray((left + right) / 2 - (0.0, IRIS_REST[1]))


def _gaze(local: NDArray[np.float64], pose: HeadPose) -> NDArray[np.float64]:
    gaze = gaze_offset(local)
    # A turned head that looks at the camera does not look aside: subtract the nearest point between both directions.
    camera = -EYEBALL_RADIUS * pose.rotation[2, :2]
    along = float(np.clip(gaze @ camera / max(float(camera @ camera), 1e-12), 0.0, 1.0))
    return np.asarray(gaze - along * camera)


@functools.cache
def _fields() -> NDArray[np.float32]:
    """Return 2 x 468 x 3 float32: displacement of the mesh per centimetre of lip gap, and of mouth width."""
    try:
        return np.asarray(np.load(FIELDS, allow_pickle=False), np.float32)
    except (OSError, ValueError) as error:
        raise MissingPartError(
            "the bundled expression fields are missing or damaged",
            where=FIELDS.name,
            hint="pip install --force-reinstall animato",
        ) from error
