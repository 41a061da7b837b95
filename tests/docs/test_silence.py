"""THIRD_PARTY.md says that nothing is reported to anybody: the main job's parts run under a watch."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

WATCH = """
import os, sys
NETWORK = ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.connect", "socket.sendto")
NETWORK += ("urllib.Request",)
CHILDREN = ("subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.system", "os.exec")
log = os.open(sys.argv[1], os.O_CREAT | os.O_WRONLY | os.O_APPEND)
def hook(event, details):
    if event in NETWORK or event in CHILDREN:
        os.write(log, (event + "\\n").encode())
    if event in NETWORK:
        raise ConnectionError("the watch lets nothing out")
sys.addaudithook(hook)
"""

TRACK_AND_SIGN = """
import numpy as np
from animato.tracking.face_finder import FaceFinder
from animato.trust.sdk import offline_context
FaceFinder().find(np.zeros((128, 128, 3), np.uint8))
offline_context()
import openvino_telemetry
assert openvino_telemetry.__spec__ is None, "the real reporter was loaded"
"""

SIGN_AND_VERIFY = """
from pathlib import Path
import numpy as np
from animato.media.image import save_picture
from animato.trust.claim import Claim
from animato.trust.credentials import sign_output
from animato.trust.keys import rotate
from animato.trust.metadata import SourceType
from animato.trust.payload import MarkKind, MarkPayload
from animato.trust.verify import verify_file
folder = Path(sys.argv[1]).parent
save_picture(folder / "unsigned.png", np.zeros((128, 128, 3), np.uint8))
claim = Claim(SourceType.COMPOSITE, MarkPayload(1, MarkKind.TEST, 1))
sign_output(folder / "unsigned.png", folder / "signed.png", claim)
rotate()
assert verify_file(folder / "signed.png").credentials.state == "trusted"
"""


def watched(tmp_path: Path, program: str) -> list[str]:
    """Run a program in a process of its own and return the names of the events the watch saw."""
    log = tmp_path / "events.txt"
    nowhere = "http://127.0.0.1:9"  # should the watch ever miss something, it still goes nowhere
    keep = {name: value for name, value in os.environ.items() if name.upper() not in ("CI", "TF_BUILD", "JENKINS_URL")}
    proxies = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), nowhere)
    environment = {
        **keep,
        **proxies,
        "HOME": str(tmp_path),
        "ANIMATO_HOME": str(tmp_path / "home"),
        "OMP_NUM_THREADS": "1",
    }
    command = [sys.executable, "-c", WATCH + program, str(log)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return log.read_text().split()


def test_nobody_is_called_when_the_networks_run(tmp_path: Path) -> None:
    assert watched(tmp_path, TRACK_AND_SIGN) == []


def test_nobody_is_called_when_an_output_is_signed_and_verified_and_the_key_rotated(tmp_path: Path) -> None:
    assert watched(tmp_path, SIGN_AND_VERIFY) == []


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere its child process would escape the watch")
def test_the_watch_sees_openvino_report_when_nothing_is_put_in_its_reporter_s_place(tmp_path: Path) -> None:
    pytest.importorskip("openvino_telemetry")
    # Its thread is waited for: from Python 3.12 on, one that outlives the program starts no process any more.
    wait = "openvino_telemetry.Telemetry().sender.executor.shutdown(wait=True)"
    program = f"import openvino, openvino_telemetry; assert openvino_telemetry.__spec__ is not None; {wait}"
    seen = watched(tmp_path, program)
    assert seen, "the reporter tried nothing: this test no longer shows that the watch works"
