"""VMC messages, read by python-osc, which knows nothing of how they were written."""

from __future__ import annotations

import select
import socket
from dataclasses import replace

import numpy as np
import pytest
from pythonosc.osc_bundle import OscBundle
from pythonosc.osc_message import OscMessage
from stream_material import talk

from animato.geometry.landmarks import BLENDSHAPES, EYE_LEFT, EYE_RIGHT, IRIS_LEFT, IRIS_RIGHT
from animato.geometry.pose import rotation_exp
from animato.motion.dropouts import rest_frame
from animato.motion.motion_frame import MotionFrame
from animato.network.addresses import Address
from animato.network.vmc import MAX_BUNDLE, VmcSender, bundles, osc_message, quaternion, vmc_messages

_, NEUTRAL = talk()


def read(datagram: bytes) -> list[OscMessage]:
    """The messages of a bundle."""
    assert len(datagram) <= MAX_BUNDLE and OscBundle.dgram_is_bundle(datagram)
    return list(OscBundle(datagram))


def frame() -> MotionFrame:
    frames, _ = talk()
    return replace(frames[20], rotation=rotation_exp(np.array([0.1, -0.3, 0.05])))


def rotated(parameters: list[float], vector: tuple[float, float, float]) -> np.ndarray:
    """Rotate a vector by the quaternion of a bone message."""
    axis, w = np.array(parameters[4:7]), parameters[7]
    value = np.array(vector)
    return np.asarray(value + 2 * np.cross(axis, np.cross(axis, value) + w * value))


def bones(motion: MotionFrame) -> dict[str, list[float]]:
    """Name to parameters of every bone."""
    messages = [message for bundle in bundles(vmc_messages(motion, NEUTRAL)) for message in read(bundle)]
    return {m.params[0]: m.params for m in messages if m.address == "/VMC/Ext/Bone/Pos"}


def test_every_message_of_a_frame_is_read_by_another_library() -> None:
    sent = frame()
    messages = [message for bundle in bundles(vmc_messages(sent, NEUTRAL)) for message in read(bundle)]
    assert messages[0].address == "/VMC/Ext/OK" and messages[0].params == [1, 3, 0, 1]
    assert messages[1].address == "/VMC/Ext/T" and messages[1].params == pytest.approx([sent.time])
    scores = {m.params[0]: m.params[1] for m in messages if m.address == "/VMC/Ext/Blend/Val"}
    assert list(scores) == [name for name in BLENDSHAPES if name != "_neutral"]
    assert list(scores.values()) == pytest.approx(sent.blendshapes[1:].tolist())
    assert {m.address for m in messages[2:5]} == {"/VMC/Ext/Bone/Pos"}
    assert messages[-1].address == "/VMC/Ext/Blend/Apply" and messages[-1].params == []
    assert len(messages) == 2 + 3 + 51 + 1


def test_a_lost_face_is_told() -> None:
    assert OscMessage(vmc_messages(rest_frame(NEUTRAL), NEUTRAL)[0]).params == [1, 3, 0, 0]


@pytest.mark.parametrize(
    ("vector", "forward"),
    [((0.0, -0.3, 0.0), (-1, 0)), ((0.0, 0.3, 0.0), (1, 0)), ((0.3, 0.0, 0.0), (0, -1)), ((-0.3, 0.0, 0.0), (0, 1))],
    ids=["own-left", "own-right", "down", "up"],
)
def test_the_head_turns_as_the_person_does(vector: tuple[float, float, float], forward: tuple[int, int]) -> None:
    # The face points along -z of the image; there, turning to the person's own left moves it to the right, +x.
    rotation = rotation_exp(np.array(vector))
    pointing = rotation @ (0.0, 0.0, -1.0)
    assert np.sign(np.round(-pointing[:2], 6)).tolist() == list(forward)
    head = bones(replace(frame(), rotation=rotation))["Head"]
    turned = rotated(head, (0.0, 0.0, 1.0))  # an avatar faces +z, its own right is +x, up is +y
    assert np.sign(np.round(turned[:2], 6)).tolist() == list(forward)
    assert turned == pytest.approx(-pointing, abs=1e-6) and head[1:4] == [0, 0, 0]


def test_a_head_tilted_to_its_own_right_is_an_avatar_tilted_to_its_own_right() -> None:
    # The top of the head moves to the image's left.
    rotation = rotation_exp(np.array([0.0, 0.0, -0.2]))
    assert (rotation @ (0.0, -1.0, 0.0))[0] < 0
    assert rotated(bones(replace(frame(), rotation=rotation))["Head"], (0.0, 1.0, 0.0))[0] > 0


def test_each_eye_looks_where_its_own_iris_goes() -> None:
    expression = np.zeros((478, 3), np.float32)
    expression[list(IRIS_RIGHT)] += (0.3, 0.0, 0.0)  # the person's left eye, towards the image's right
    expression[list(IRIS_LEFT)] += (0.0, 0.3, 0.0)
    eyes = bones(replace(rest_frame(NEUTRAL), expression=expression))
    assert rotated(eyes["LeftEye"], (0, 0, 1))[0] == pytest.approx(-0.3 / (0.4 * NEUTRAL.eye_widths[1]), abs=1e-4)
    assert rotated(eyes["RightEye"], (0, 0, 1))[1] == pytest.approx(-0.3 / (0.4 * NEUTRAL.eye_widths[0]), abs=1e-4)
    whole = np.zeros((478, 3), np.float32)
    for ring in (IRIS_LEFT, IRIS_RIGHT, EYE_LEFT, EYE_RIGHT):
        whole[list(ring)] += (0.3, 0.1, 0.0)  # eyes that move with their lids do not turn
    assert bones(replace(rest_frame(NEUTRAL), expression=whole))["LeftEye"][7] == pytest.approx(1.0)


def test_quaternions_are_right_for_every_angle() -> None:
    rng = np.random.default_rng(4)
    for vector in [*rng.normal(size=(30, 3)), np.zeros(3), np.array([np.pi, 0, 0]), np.array([0, np.pi - 1e-9, 0])]:
        x, y, z, w = quaternion(rotation_exp(vector))
        assert x * x + y * y + z * z + w * w == pytest.approx(1) and w >= -1e-9
        got = [rotated([0, 0, 0, 0, x, y, z, w], tuple(row)) for row in np.eye(3)]
        assert np.allclose(np.array(got).T, rotation_exp(vector), atol=1e-6)


def test_text_is_padded_as_the_standard_asks() -> None:
    for text in ("a", "abc", "abcd", "abcde"):
        message = osc_message("/x", text, 7, 0.5)
        assert len(message) % 4 == 0 and OscMessage(message).params == [text, 7, 0.5]


def test_a_frame_reaches_a_socket() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as program:
        program.bind(("127.0.0.1", 0))
        sender = VmcSender(Address("127.0.0.1", program.getsockname()[1]))
        sender.send(frame(), NEUTRAL)
        sender.close()
        addresses = []
        while not addresses or addresses[-1] != "/VMC/Ext/Blend/Apply":
            assert select.select([program], [], [], 10)[0]
            addresses += [message.address for message in read(program.recv(2000))]
    assert len(addresses) == 57 and sender.failed == 0


def test_nobody_listening_is_no_error() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    sender = VmcSender(Address("127.0.0.1", port))
    for _ in range(3):
        sender.send(frame(), NEUTRAL)
    sender.close()
