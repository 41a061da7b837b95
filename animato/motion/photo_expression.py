"""Estimate and remove a photo's own expression: mouth opening, smile and gaze.

The driver's movement is added to the photo, so what the photo itself shows would count twice. A lip gap and a wider
mouth move the whole lower face in much the same way in everybody: two displacement fields, fitted to 87 pairs of a calm
and a smiling photo and to 18 people who talk (`scripts/fit_own_expression.py`), explain as much of these movements as
the 52 expression scores do. Gaze is a shift of the irises.
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
SMILE_WIDENS = 1.48
"""Canonical centimetres by which a mouth widens at smile score 1, fitted to the same pairs (correlation 0.86)."""
SMILING = (0.2, 0.5)
"""Smile score below which a face counts as calm, nine in ten of 87 calm ones do, and above which it smiles."""
SMILES = [BLENDSHAPES.index(name) for name in ("mouthSmileLeft", "mouthSmileRight")]

IRIS_AT_REST = (0.04, -0.072)
"""Middle of an iris that looks ahead, from its eye's middle: outwards and down, in eye widths (median of 200 clips)."""
EYEBALL = 0.4
"""Radius on which the middle of the iris turns, in eye widths: 12 of 30 millimetres."""
AVERTED = (0.05, 0.1)
"""Eye widths by which both irises lie beside looking ahead and looking at the camera: below the first the eyes count as
not averted, above the second wholly."""
IRIS_FREE, IRIS_MOST = (0.15, 0.07), (0.28, 0.14)
"""Eye widths, across and down, from which an iris's shift is eased (999 of 1000 frames lie within) and which it never
exceeds: at 0.28 its rim touches the corner."""


EYES = ((EYE_LEFT, IRIS_LEFT), (EYE_RIGHT, IRIS_RIGHT))
OPEN_MOUTH = 0.05
"""Opening of a photo's mouth, in mouth widths, from which it is mentioned."""


@dataclass(frozen=True)
class OwnExpression:
    """What a photo's face shows beyond a calm one.

    Attributes:
        opening: gap of the lips over the width of the mouth; 0 is closed.
        smile: by how much the smile widens the mouth, canonical centimetres.
        gaze: 2 float64, how far both irises lie beside looking ahead and looking at the camera, right and down, in eye
            widths; what is not averted has some hundredths of it (`averted`).
    """

    opening: float
    smile: float
    gaze: NDArray[np.float64]


def own_expression(
    local: NDArray[np.float64], pose: HeadPose, blendshapes: NDArray[np.float32] | None = None
) -> OwnExpression:
    """Measure a photo's own expression.

    Args:
        local: 478 x 3, landmarks in the head's own frame, canonical centimetres.
        pose: of the head.
        blendshapes: 52 float32 in [0, 1]; without them no smile is seen.
    """
    score = 0.0 if blendshapes is None else float(blendshapes[SMILES].mean())
    smile = SMILE_WIDENS * score * smoothstep(score, *SMILING)
    return OwnExpression(max(0.0, float(apertures(local)[2])), smile, _gaze(local, pose))


def expression_findings(own: OwnExpression, neutralise: float) -> list[str]:
    """Return sentences about a photo's own expression, each with its remedy.

    Args:
        own: as measured.
        neutralise: how much of it is taken off, see `settings.motion`.
    """
    warnings = []
    if own.opening > OPEN_MOUTH:
        warnings.append(
            "the mouth in the photo is open; it is closed before the driver's movement is added (`neutralise=0` leaves "
            "it open): a photo with closed lips works better"
            if neutralise > 0
            else "the mouth in the photo is open and stays open under the driver's movement: leave out `neutralise=0`"
        )
    if own.smile > SMILE_WIDENS * SMILING[1] and neutralise < 1:
        warnings.append(
            "the face in the photo smiles, and a part of it stays under all movement: `neutralise=1` takes all off; "
            "a calm photo works better"
        )
    if np.hypot(*averted(own.gaze)) > AVERTED[1]:
        warnings.append(
            "the eyes in the photo look aside; they are turned to the front before the driver's gaze is added "
            "(`neutralise=0` leaves them): a photo that looks at the camera works better"
            if neutralise > 0
            else "the eyes in the photo look aside and stay so under the driver's gaze: leave out `neutralise=0`"
        )
    return warnings


def averted(gaze: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a gaze (2 float64, eye widths) as far as it is averted: zeros for what eyes differ by."""
    return np.asarray(gaze * smoothstep(float(np.hypot(*gaze)), *AVERTED))


def without_expression(local: NDArray[np.float64], gap: float, widening: float) -> NDArray[np.float64]:
    """Return a face whose lips and mouth are narrower open and wide by so much, jaw, cheeks and lids following.

    Args:
        local: 478 x 3, landmarks in the head's own frame, canonical centimetres.
        gap: to take off the gap of the lips, canonical centimetres.
        widening: to take off the mouth's width, canonical centimetres.
    """
    result = local.copy()
    by_gap, by_width = _fields()
    result[:MESH_POINTS] -= gap * by_gap + widening * by_width
    return result


def move_gaze(local: NDArray[np.float64], shift: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a face whose irises are shifted (2 float64, right and down, eye widths), and stay inside their eyes.

    Args:
        local: 478 x 3, landmarks in the head's own frame, canonical centimetres.
        shift: of both irises, eye widths.
    """
    found = [_iris_offset(local, ring, iris) for ring, iris in EYES]
    # Eyes turn together; of a turned head the far one's landmarks are unsure, so the two are bounded as one.
    offset = np.mean([place for _, place in found], axis=0)
    middle = np.array([0.0, IRIS_AT_REST[1]])
    wanted = offset + shift - middle
    bounded = [ease_beyond(float(value), *limits) for value, *limits in zip(wanted, IRIS_FREE, IRIS_MOST, strict=True)]
    result = local.copy()
    for (_, iris), (width, _) in zip(EYES, found, strict=True):
        result[list(iris), :2] += (middle + bounded - offset) * width
    return result


def ease_beyond(value: float, free: float, most: float) -> float:
    """Return a value as it is up to `free` to either side, and beyond it eased so that it never exceeds `most`."""
    over = abs(value) - free
    if over <= 0:
        return value
    return float(np.sign(value) * (free + (most - free) * np.tanh(over / (most - free))))


def _iris_offset(
    local: NDArray[np.float64], ring: tuple[int, ...], iris: tuple[int, ...]
) -> tuple[float, NDArray[np.float64]]:
    """Return an eye's width and where its iris lies from its middle, right and down, in eye widths."""
    first, last = local[ring[0]], local[ring[8]]
    width = max(float(np.linalg.norm(last - first)), 1e-6)
    return width, np.asarray((local[iris[0]] - (first + last) / 2)[:2] / width)


def _gaze(local: NDArray[np.float64], pose: HeadPose) -> NDArray[np.float64]:
    left, right = (
        _iris_offset(local, ring, iris)[1] for ring, iris in ((EYE_LEFT, IRIS_LEFT), (EYE_RIGHT, IRIS_RIGHT))
    )
    gaze = (left + right) / 2 - (0.0, IRIS_AT_REST[1])
    # Who turns the head and looks into the camera does not look aside: the nearest place between the two counts.
    camera = -EYEBALL * pose.rotation[2, :2]
    along = float(np.clip(gaze @ camera / max(float(camera @ camera), 1e-12), 0.0, 1.0))
    beside = gaze - along * camera
    return np.asarray(beside)


@functools.cache
def _fields() -> NDArray[np.float32]:
    """Return 2 x 468 x 3 float32: movement of the mesh for each centimetre of lip gap, and of mouth width."""
    try:
        return np.asarray(np.load(FIELDS, allow_pickle=False), np.float32)
    except (OSError, ValueError) as error:
        raise MissingPartError(
            "the bundled expression fields are missing or damaged",
            where=FIELDS.name,
            hint="pip install --force-reinstall animato",
        ) from error
