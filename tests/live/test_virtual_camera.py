"""The virtual camera, proven with a raw file: constant size and rate, last frame repeated, sentences when missing."""

from __future__ import annotations

import errno
import threading
from pathlib import Path

import av
import numpy as np
import pytest

from animato.errors import MissingPartError, OutputError
from animato.media.camera_output import CameraOutput, camera_output_error, find_virtual_camera, fitted


def read_raw(path: Path, width: int, height: int) -> list[np.ndarray]:
    options = {"video_size": f"{width}x{height}", "pixel_format": "yuv420p", "framerate": "30"}
    with av.open(str(path), format="rawvideo", options=options) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def test_frames_are_fitted_and_the_last_is_repeated(tmp_path: Path) -> None:
    camera = CameraOutput(tmp_path / "camera.yuv", 320, 180, 30)
    camera.write_next()
    camera.put(np.full((512, 512, 3), (200, 40, 40), np.uint8), 0.0)
    for _ in range(3):
        camera.write_next()
    camera.put(np.full((512, 512, 3), (40, 200, 40), np.uint8), 0.0)
    camera.write_next()
    camera.close()
    camera.close()
    black, *red, green = read_raw(tmp_path / "camera.yuv", 320, 180)
    assert camera.written == 5 and black.max() < 20
    for frame in red:
        np.testing.assert_allclose(frame[90, 160], (200, 40, 40), atol=6)
        assert frame[90, 20].max() < 20  # black beside the square
    np.testing.assert_allclose(green[90, 160], (40, 200, 40), atol=6)


def test_it_writes_by_itself_until_closed(tmp_path: Path) -> None:
    camera = CameraOutput(tmp_path / "camera.yuv", 64, 48, 60).start()
    camera.put(np.full((48, 64, 3), 120, np.uint8), 0.0)
    moment = threading.Event()
    while camera.written < 3:
        moment.wait(0.001)
    camera.close()
    assert len(read_raw(tmp_path / "camera.yuv", 64, 48)) == camera.written


def test_transparent_parts_are_black() -> None:
    frame = np.full((8, 8, 4), 200, np.uint8)
    frame[..., 3] = 0
    assert fitted(frame, 16, 8).max() == 0


def test_a_missing_virtual_camera_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(MissingPartError, match="there is no virtual camera") as missing:
        find_virtual_camera(tmp_path)
    assert missing.value.hint is not None and "modprobe v4l2loopback" in missing.value.hint
    (tmp_path / "video10").mkdir()
    assert find_virtual_camera(tmp_path) == Path("/dev/video10")


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.EACCES, "may not be used by this user"), (errno.EBUSY, "in use"), (errno.ENODEV, "was removed")],
)
def test_what_is_wrong_with_the_device_is_said(number: int, words: str) -> None:
    problem = camera_output_error(Path("/dev/video10"), OSError(number, "x"))
    assert words in problem.what and problem.hint


def test_a_device_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="virtual camera"):
        CameraOutput(tmp_path / "missing" / "camera.yuv")
