"""The face mesh: landmark indices, the canonical mesh and the 33 points used to fit the head pose.

Source: `face_landmarker.task` (Google, Apache-2.0), whose geometry file holds the canonical 468-vertex mesh
in centimetres (x right in the image, y up, z towards the camera), 898 triangles and the Procrustes weights.
"Left" and "right" name the side in the image, not the person's.
"""

from __future__ import annotations

import functools
import struct
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from animato.errors import MissingPartError

ASSET = Path(__file__).resolve().parents[1] / "assets" / "face_landmarker.task"
ASSET_SHA256 = "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff"

MESH_POINTS = 468
POINTS = 478

OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150,
    136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
LIPS_OUTER = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146)
LIPS_INNER = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95)
LIP_PAIRS = ((191, 95), (80, 88), (81, 178), (82, 87), (13, 14), (312, 317), (311, 402), (310, 318), (415, 324))
"""Inner lip points that meet when the mouth is closed: (upper, lower), left to right."""

EYE_LEFT = (33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7)
EYE_RIGHT = (362, 398, 384, 385, 386, 387, 388, 466, 263, 249, 390, 373, 374, 380, 381, 382)
"""Lid margins, clockwise in the image from the left corner: corner, seven upper, corner, seven lower."""

IRIS_LEFT = (468, 469, 470, 471, 472)
IRIS_RIGHT = (473, 474, 475, 476, 477)
"""Centre, then four points on the rim."""

BROW_LEFT = (70, 63, 105, 66, 107, 55, 65, 52, 53, 46)
BROW_RIGHT = (300, 293, 334, 296, 336, 285, 295, 282, 283, 276)
NOSE_TIP = 1
CHIN = 152
FOREHEAD = 10
EYE_CORNERS = (33, 263)
FACE_SIDES = (234, 454)
MOUTH_CORNERS = (61, 291)

BLENDSHAPE_POINTS = (
    0, 1, 4, 5, 6, 7, 8, 10, 13, 14, 17, 21, 33, 37, 39, 40, 46, 52, 53, 54, 55, 58, 61, 63, 65, 66, 67, 70, 78, 80,
    81, 82, 84, 87, 88, 91, 93, 95, 103, 105, 107, 109, 127, 132, 133, 136, 144, 145, 146, 148, 149, 150, 152, 153, 154,
    155, 157, 158, 159, 160, 161, 162, 163, 168, 172, 173, 176, 178, 181, 185, 191, 195, 197, 234, 246, 249, 251, 263,
    267, 269, 270, 276, 282, 283, 284, 285, 288, 291, 293, 295, 296, 297, 300, 308, 310, 311, 312, 314, 317,
    318, 321, 323, 324, 332, 334, 336, 338, 356, 361, 362, 365, 373, 374, 375, 377, 378, 379, 380, 381, 382, 384, 385,
    386, 387, 388, 389, 390, 397, 398, 400, 402, 405, 409, 415, 454, 466, 468, 469, 470, 471, 472, 473, 474, 475, 476,
    477,
)  # fmt: skip
"""The 146 points that the blendshape network reads."""

BLENDSHAPES = (
    "_neutral", "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight", "cheekPuff",
    "cheekSquintLeft", "cheekSquintRight", "eyeBlinkLeft", "eyeBlinkRight", "eyeLookDownLeft", "eyeLookDownRight",
    "eyeLookInLeft", "eyeLookInRight", "eyeLookOutLeft", "eyeLookOutRight", "eyeLookUpLeft", "eyeLookUpRight",
    "eyeSquintLeft", "eyeSquintRight", "eyeWideLeft", "eyeWideRight", "jawForward", "jawLeft", "jawOpen", "jawRight",
    "mouthClose", "mouthDimpleLeft", "mouthDimpleRight", "mouthFrownLeft", "mouthFrownRight", "mouthFunnel",
    "mouthLeft", "mouthLowerDownLeft", "mouthLowerDownRight", "mouthPressLeft", "mouthPressRight", "mouthPucker",
    "mouthRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper", "mouthSmileLeft",
    "mouthSmileRight", "mouthStretchLeft", "mouthStretchRight", "mouthUpperUpLeft", "mouthUpperUpRight",
    "noseSneerLeft", "noseSneerRight",
)  # fmt: skip
"""Names of the 52 expression scores; here, as in ARKit, Left and Right are the person's own."""


@dataclass(frozen=True)
class CanonicalFace:
    """The average face.

    Attributes:
        vertices: 468 x 3 float64, centimetres, x right, y down, z away from the camera (the file has y up and
            z towards the camera; flipped to match pixels).
        triangles: 898 x 3 int32, indices into vertices.
        rigid: 33 int32, the points that move least with expression.
        rigid_weights: 33 float64, their weights in the Procrustes fit.
    """

    vertices: NDArray[np.float64]
    triangles: NDArray[np.int32]
    rigid: NDArray[np.int32]
    rigid_weights: NDArray[np.float64]


def read_asset(name: str) -> bytes:
    """Return one member of the bundled landmarker archive.

    Raises:
        MissingPartError: the file is absent or damaged.
    """
    try:
        with zipfile.ZipFile(ASSET) as archive:
            return archive.read(name)
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise MissingPartError(
            "the bundled face model is missing or damaged",
            where=ASSET.name,
            hint="pip install --force-reinstall animato",
        ) from error


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7


def _fields(data: bytes) -> list[tuple[int, int | bytes]]:
    """Split a protocol-buffer message into (field number, value)."""
    rows: list[tuple[int, int | bytes]] = []
    position = 0
    while position < len(data):
        key, position = _varint(data, position)
        wire = key & 7
        value: int | bytes
        if wire == 0:
            value, position = _varint(data, position)
        else:
            size, position = _varint(data, position) if wire == 2 else ({5: 4, 1: 8}[wire], position)
            value = data[position : position + size]
            position += size
        rows.append((key >> 3, value))
    return rows


@functools.cache
def canonical_face() -> CanonicalFace:
    """Read the canonical mesh, its triangles and the Procrustes weights from the bundled file (cached)."""
    floats: list[bytes] = []
    indices: list[int] = []
    basis: list[tuple[int, float]] = []
    for number, message in _fields(read_asset("geometry_pipeline_metadata_landmarks.binarypb")):
        if not isinstance(message, bytes):
            continue
        inner = _fields(message)
        if number == 1:
            floats = [value for field, value in inner if field == 3 and isinstance(value, bytes)]
            indices = [value for field, value in inner if field == 4 and isinstance(value, int)]
        else:
            entry = dict(inner)
            index, weight = entry.get(1, 0), entry.get(2)
            if isinstance(index, int) and isinstance(weight, bytes):
                basis.append((index, struct.unpack("<f", weight)[0]))
    buffer = np.frombuffer(b"".join(floats), dtype="<f4").reshape(-1, 5)  # x, y, z, u, v
    return CanonicalFace(
        vertices=buffer[:, :3].astype(np.float64) * (1.0, -1.0, -1.0),
        triangles=np.array(indices, dtype=np.int32).reshape(-1, 3),
        rigid=np.array([index for index, _ in basis], dtype=np.int32),
        rigid_weights=np.array([weight for _, weight in basis], dtype=np.float64),
    )
