"""The inference engine runs without reporting to anybody, and gives the same numbers on every call."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np

from animato.runtime.engine import Engine
from animato.runtime.openvino_library import import_openvino
from animato.tracking.landmarker import Landmarker, RegionOfInterest
from animato.types import Frame

WATCHED = """
import json, sys
calls = []
names = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "urllib.Request")
sys.addaudithook(lambda event, given: calls.append(event) if event in names else None)

import numpy as np
from skimage import data
from animato.head.view import HeadView
from animato.runtime.engine import Engine
from animato.tracking.face_finder import FaceFinder
from animato.renderers.warp.warper import Warper

picture = data.astronaut()
(face,) = FaceFinder(Engine(1)).find(picture)
warper = Warper(HeadView(picture, face.points))
warper.render(face.points, warper.pose)
quiet = list(calls)

import socket
try:
    socket.getaddrinfo("localhost", 80)  # the hook does hear a look-up
except OSError:
    pass
print(json.dumps({"quiet": quiet, "control": calls, "modules": sorted(n for n in sys.modules if "." not in n),
                  "telemetry": sys.modules["openvino_telemetry"].Telemetry.__module__}))
"""


def test_no_name_is_looked_up_and_no_torch_is_loaded_while_a_face_is_found_and_warped() -> None:
    run = subprocess.run([sys.executable, "-c", WATCHED], capture_output=True, text=True, check=False, timeout=120)
    assert run.returncode == 0, run.stderr
    told = json.loads(run.stdout.splitlines()[-1])
    assert told["control"] == ["socket.getaddrinfo"]
    assert told["quiet"] == []
    assert told["telemetry"].startswith("animato.")
    assert "openvino" in told["modules"]
    assert not {"torch", "av", "c2pa"} & set(told["modules"])


def test_the_stand_in_for_the_reporter_answers_every_call_with_nothing() -> None:
    import_openvino()
    reporter = sys.modules["openvino_telemetry"].Telemetry("name", app_version="1", tid="x")
    assert reporter.send_event("category", "action", "label") is None
    assert reporter.start_session("anything", more=1) is None


def test_results_of_one_call_survive_the_next(portrait: Frame) -> None:
    landmarker = Landmarker(Engine(1))
    region = RegionOfInterest(225.0, 125.0, 165.0, 0.0)
    first = landmarker.locate(portrait, region)
    kept = first.points.copy(), first.blendshapes.copy()
    landmarker.locate(np.zeros_like(portrait), region)
    assert np.array_equal(first.points, kept[0]) and np.array_equal(first.blendshapes, kept[1])
    again = landmarker.locate(portrait, region)
    assert np.array_equal(again.points, kept[0]) and np.array_equal(again.blendshapes, kept[1])


def test_one_thread_and_two_agree(portrait: Frame) -> None:
    region = RegionOfInterest(225.0, 125.0, 165.0, 0.1)
    one, two = (Landmarker(Engine(threads)).locate(portrait, region) for threads in (1, 2))
    assert np.abs(one.points - two.points).max() < 0.01
