"""Expression scores, gaze and head pose for games and avatar programs: the VMC protocol over OSC.

VMC is the protocol of Virtual Motion Capture (https://protocol.vmc.info/english); this is a performer, which sends to a
marionette, commonly at port 39539. OSC is Open Sound Control 1.0. Datagrams stay below 1400 bytes, so that no network
splits them; the last one of a frame has `/VMC/Ext/Blend/Apply`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from animato.geometry.landmarks import BLENDSHAPES, EYE_LEFT, EYE_RIGHT, IRIS_LEFT, IRIS_RIGHT
from animato.geometry.pose import rotation_exp
from animato.motion.motion_frame import MotionFrame, Neutral
from animato.motion.photo_expression import EYEBALL_RADIUS
from animato.network.addresses import Address, sending_socket

PORT = 39539
"""Where marionettes commonly listen."""

MAX_BUNDLE = 1400
"""Longest datagram: what fits into an Ethernet frame of 1500 bytes, with room for tunnels."""

_LOADED, _CALIBRATED, _NORMAL_MODE = 1, 3, 0
_IMMEDIATELY = b"#bundle\0" + struct.pack(">Q", 1)


def osc_message(address: str, *values: str | int | float) -> bytes:
    """Return an OSC message; its arguments are strings, 32-bit integers and 32-bit floats."""
    tags, content = ",", b""
    for value in values:
        if isinstance(value, str):
            tags, content = tags + "s", content + _padded(value)
        elif isinstance(value, int):
            tags, content = tags + "i", content + struct.pack(">i", value)
        else:
            tags, content = tags + "f", content + struct.pack(">f", value)
    return _padded(address) + _padded(tags) + content


def _padded(text: str) -> bytes:
    content = text.encode("ascii")
    return content + bytes(4 - len(content) % 4)


def bundles(messages: list[bytes]) -> Iterator[bytes]:
    """Yield OSC bundles of at most `MAX_BUNDLE` bytes, with all messages in order."""
    bundle = _IMMEDIATELY
    for message in messages:
        element = struct.pack(">i", len(message)) + message
        if len(bundle) + len(element) > MAX_BUNDLE and bundle != _IMMEDIATELY:
            yield bundle
            bundle = _IMMEDIATELY
        bundle += element
    yield bundle


def vmc_messages(motion: MotionFrame, neutral: Neutral) -> list[bytes]:
    """Return the VMC messages of one frame: state, time, head and eyes, and the scores under their ARKit names.

    Args:
        motion: the frame.
        neutral: measures it is relative to.
    """
    left, right = neutral.eye_widths  # of the image
    return [
        osc_message("/VMC/Ext/OK", _LOADED, _CALIBRATED, _NORMAL_MODE, int(motion.tracked)),
        osc_message("/VMC/Ext/T", float(motion.time)),
        _bone("Head", motion.rotation),
        _bone("LeftEye", _gaze(motion.expression, IRIS_RIGHT[0], EYE_RIGHT, right)),
        _bone("RightEye", _gaze(motion.expression, IRIS_LEFT[0], EYE_LEFT, left)),
        *(
            osc_message("/VMC/Ext/Blend/Val", name, float(score))
            for name, score in zip(BLENDSHAPES, motion.blendshapes, strict=True)
            if not name.startswith("_")
        ),
        osc_message("/VMC/Ext/Blend/Apply"),
    ]


def _bone(name: str, rotation: NDArray[np.float64]) -> bytes:
    """Return the message of a bone that turns in its place.

    Unity's axes are the image's with all three signs changed (x to the head's own right, y up, z to where it faces), so
    the matrix stays, and so does the quaternion.
    """
    return osc_message("/VMC/Ext/Bone/Pos", name, 0.0, 0.0, 0.0, *(float(part) for part in quaternion(rotation)))


def _gaze(expression: NDArray[np.float32], iris: int, ring: tuple[int, ...], width: float) -> NDArray[np.float64]:
    """Return the rotation (3 x 3) of an eye since the neutral frame, image axes.

    Args:
        expression: 478 x 3, centimetres.
        iris: its point.
        ring: its lids.
        width: of the eye, centimetres.
    """
    corners = (expression[ring[0], :2] + expression[ring[8], :2]) / 2
    right, down = np.arcsin(((expression[iris, :2] - corners) / (EYEBALL_RADIUS * width)).clip(-0.7, 0.7))
    return rotation_exp(np.array([down, -right, 0.0]))


def quaternion(rotation: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a rotation (3 x 3) as a unit quaternion, 4 float64: x, y, z, w, with w not negative."""
    # The eigenvector of the largest eigenvalue is exact for every angle (Bar-Itzhack 2000).
    (a, b, c), (d, e, f), (g, h, i) = rotation
    matrix = np.array(
        [[a - e - i, b + d, g + c, h - f], [0, e - a - i, f + h, c - g], [0, 0, i - a - e, d - b], [0, 0, 0, a + e + i]]
    )
    _, vectors = np.linalg.eigh(matrix, UPLO="U")
    result = vectors[:, -1]
    return np.asarray(result if result[3] >= 0 else -result)


class VmcSender:
    """Sends VMC messages; never waits.

    Args:
        address: of the program that shows the avatar.

    Attributes:
        failed: datagrams that the system did not take, such as while nobody listens.

    Raises:
        OutputError: the host has no address.
    """

    def __init__(self, address: Address) -> None:
        self._socket = sending_socket(address)
        self.failed = 0

    def send(self, motion: MotionFrame, neutral: Neutral) -> None:
        """Send one frame; arguments as of `vmc_messages`."""
        for bundle in bundles(vmc_messages(motion, neutral)):
            try:
                self._socket.send(bundle)
            except OSError:
                self.failed += 1

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()
