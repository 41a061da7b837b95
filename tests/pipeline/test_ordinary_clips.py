"""An ordinary clip just works: cameras that move, cuts, hands before the face, gaze aside, faces cut by the edge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
from gallery_faces import gallery_driver
from main_job import FPS, FRAMES, finder, speaking_frames, write_video

from animato import AnimateSettings
from animato.drivers.opening import open_driver
from animato.geometry.landmarks import LIPS_OUTER
from animato.geometry.region_weights import part_weights
from animato.motion.motion_frame import MotionFrame
from animato.motion.neck_limits import PIVOT
from animato.runtime.stage_clock import StageClock
from animato.types import Frame

ALONE = AnimateSettings(model="geometry")


@dataclass(frozen=True)
class Followed:
    """What was made of a driver."""

    frames: list[MotionFrame]
    notes: str
    neutral_time: float

    def shift(self) -> np.ndarray:
        """How far the head has moved on its neck, N x 2, centimetres."""
        turned = np.stack([frame.scale * frame.rotation @ PIVOT - PIVOT for frame in self.frames])
        return np.stack([frame.translation for frame in self.frames]) + turned[:, :2]

    def zoom(self) -> np.ndarray:
        return np.array([frame.scale for frame in self.frames])

    def part(self, name: int) -> np.ndarray:
        """Movement of a part of the face by expression, N x 478 x 3."""
        weight = part_weights()[name][:, None]
        return np.stack([frame.expression * weight for frame in self.frames])


def followed(path: Path, settings: AnimateSettings = ALONE) -> Followed:
    driver = open_driver(path, settings, finder())
    frames = list(driver.frames(StageClock()))
    assert driver.report.neutral_time is not None
    return Followed(frames, " ".join(driver.report.warnings), driver.report.neutral_time)


@pytest.fixture(scope="session")
def cases(shared_data: Path) -> Path:
    """Inputs that came out wrong once."""
    folder = shared_data.parent / "cases"
    if not folder.is_dir():
        pytest.skip("the cases are not beside this checkout")
    return folder


def panned(frames: Sequence[Frame], width: int, height: int) -> list[Frame]:
    """Frames as a camera would see them that pans, dips and zooms: about 5 cm at the head, and 1.3 times larger."""
    seen = []
    for number, frame in enumerate(frames):
        phase = number / (len(frames) - 1)
        zoom = 1 + 0.3 * phase
        right, down = 70 * np.sin(2 * np.pi * phase), 40 * np.sin(4 * np.pi * phase)
        placed = np.array([[zoom, 0, right - 225 * (zoom - 1)], [0, zoom, down - 125 * (zoom - 1)]])
        seen.append(np.asarray(cv2.warpAffine(frame, placed, (width, height), borderMode=cv2.BORDER_REFLECT), np.uint8))
    return seen


def test_a_camera_that_pans_and_zooms_does_not_move_the_head(tmp_path: Path) -> None:
    frames = speaking_frames()
    steady = followed(write_video(tmp_path / "steady.mp4", frames, FPS))
    moving = followed(write_video(tmp_path / "moving.mp4", panned(frames, 512, 512), FPS))
    assert np.abs(moving.shift() - moving.shift().mean(axis=0)).max() < 1.0, "about 5 cm without it"
    assert np.ptp(moving.zoom()) < 0.06, "30 % without it"
    assert "`still_place=True`" in moving.notes and "`stabilize=False`" in moving.notes
    assert not steady.notes


def test_without_stabilisation_the_camera_is_left_in(tmp_path: Path) -> None:
    path = write_video(tmp_path / "moving.mp4", panned(speaking_frames(), 512, 512), FPS)
    moving = followed(path, AnimateSettings(model="geometry", stabilize=False))
    assert np.ptp(moving.zoom()) > 0.2 and not moving.notes


def test_a_steady_camera_is_measured_as_before(tmp_path: Path) -> None:
    """Stabilisation must not add a tremble of its own: below its threshold it changes no bit."""
    path = write_video(tmp_path / "steady.mp4", speaking_frames(), FPS)
    with_it, without = followed(path), followed(path, AnimateSettings(model="geometry", stabilize=False))
    for one, other in zip(with_it.frames, without.frames, strict=True):
        assert (one.expression == other.expression).all() and (one.translation == other.translation).all()
        assert one.scale == other.scale and (one.rotation == other.rotation).all()


@pytest.mark.data
@pytest.mark.parametrize("name", ["pan", "shake", "zoom"])
def test_camera_movement_is_not_head_movement(cases: Path, name: str) -> None:
    clip = followed(cases / f"{name}.mp4")
    assert np.linalg.norm(clip.shift() - np.median(clip.shift(), axis=0), axis=1).max() < 1.0
    assert clip.zoom().min() > 0.93 and clip.zoom().max() < 1.07
    assert "`still_place=True`" in clip.notes


@pytest.mark.data
def test_nobody_looks_aside_because_the_calmest_frame_does(cases: Path) -> None:
    clip = followed(cases / "aside.mp4")
    gaze = np.stack([frame.blendshapes[11:19] for frame in clip.frames])
    neutral = gaze[round(clip.neutral_time * 12)]
    assert np.abs(neutral - np.median(gaze, axis=0)).max() < 0.25, "the neutral frame looks as usual"


@pytest.mark.data
def test_a_hand_before_the_mouth_is_not_followed(cases: Path) -> None:
    clip = followed(cases / "hand.mp4", AnimateSettings())
    covered = [index for index, frame in enumerate(clip.frames) if 1.0 <= frame.time <= 2.0]
    mouth = np.stack([clip.frames[index].expression[list(LIPS_OUTER)] for index in covered])
    assert "mouth was covered from 0." in clip.notes and "to 2." in clip.notes
    assert np.abs(mouth[-1]).max() < 1e-6, "eased to rest"
    assert all(
        "mouth_interior" not in clip.frames[index].channels or clip.frames[index].apertures[2] < 0.02
        for index in covered
    )
    assert np.ptp(clip.part(1)[covered], axis=0).max() > 0.02, "the eyes go on"


@pytest.mark.data
def test_each_shot_has_a_neutral_frame_of_its_own(cases: Path) -> None:
    clip = followed(cases / "cut.mp4")
    assert "cuts at 1.52 s, 3.00 s" in clip.notes and "`cuts=hold`" in clip.notes
    assert np.linalg.norm(clip.shift(), axis=1).max() < 1.0 and clip.zoom().min() > 0.93 and clip.zoom().max() < 1.07
    steps = np.abs(np.diff(np.stack([frame.expression for frame in clip.frames]), axis=0)).max(axis=(1, 2))
    at_cut = [steps[index - 1] for index, frame in enumerate(clip.frames) if frame.time in (1.52, 3.0)]
    assert len(at_cut) == 2 and max(at_cut) < 0.2, "what follows takes over without a jump"


@pytest.mark.data
def test_a_cut_can_be_held_over(cases: Path) -> None:
    clip = followed(cases / "cut.mp4", AnimateSettings(model="geometry", cuts="hold"))
    assert [frame.tracked for frame in clip.frames if 1.6 < frame.time < 2.9] == [False] * 32
    assert all(frame.tracked for frame in clip.frames if frame.time < 1.5 or frame.time > 3.1)
    assert "`cuts=follow`" in clip.notes


def test_a_cut_is_found_in_what_a_plain_checkout_has(tmp_path: Path) -> None:
    frames = speaking_frames()
    closer = [np.asarray(cv2.resize(frame[20:300, 90:370], (512, 512)), np.uint8) for frame in frames]
    clip = followed(write_video(tmp_path / "cut.mp4", [*frames, *closer, *frames], FPS))
    assert "cuts at 0.60 s, 1.20 s" in clip.notes
    assert clip.zoom().min() > 0.85 and clip.zoom().max() < 1.1, "1.8 times larger without it"


@pytest.mark.data
def test_a_face_without_room_does_not_turn_over(cases: Path) -> None:
    clip = followed(cases / "noroom.mp4")
    roll = [abs(np.degrees(np.arctan2(frame.rotation[1, 0], frame.rotation[0, 0]))) for frame in clip.frames]
    assert max(roll) < 30
    assert "cut off by the edge" in clip.notes


def test_a_drawn_hand_before_the_mouth_is_not_followed(tmp_path: Path) -> None:
    speaking = [speaking_frames()[index] for index in (*range(FRAMES), *reversed(range(FRAMES)))] * 2
    hidden = range(24, 42)
    seen = [with_hand(frame) if number in hidden else frame for number, frame in enumerate(speaking)]
    clip = followed(write_video(tmp_path / "hand.mp4", seen, FPS), AnimateSettings())
    assert "mouth was covered from 0.96 s to 1.64 s" in clip.notes
    mouth = [float(np.abs(clip.frames[index].expression[list(LIPS_OUTER)]).max()) for index in hidden]
    assert mouth[0] == pytest.approx(mouth[5], abs=1e-5) and mouth[-1] < 0.6 * mouth[0], "held, then eased to rest"
    assert np.ptp(clip.part(1)[list(hidden)], axis=0).max() > 0.02, "the eyes go on"


def with_hand(frame: Frame) -> Frame:
    """A frame with four fingers before nose and mouth."""
    (face,) = finder().find(speaking_frames()[0])
    x, y = face.points[13, :2].astype(int)
    width = int(np.ptp(face.points[:468, 0]))
    picture = frame.copy()
    for number in range(4):
        top = y - width // 5 + number * width // 8
        first, last = (x - width // 2, top + 8), (x + width // 2, top)
        cv2.line(picture, first, last, (120, 80, 62), width // 9, cv2.LINE_AA)
        cv2.line(picture, first, last, (188, 140, 118), width // 12, cv2.LINE_AA)
    return picture


def test_a_drawn_cut_can_be_held_over(tmp_path: Path) -> None:
    frames = speaking_frames()
    other = [np.asarray(cv2.resize(frame, (512, 512)), np.uint8) for frame in gallery_driver("portrait-c049f")]
    path = write_video(tmp_path / "cut.mp4", [*frames, *(frame for frame in other for _ in range(2)), *frames], FPS)
    clip = followed(path, AnimateSettings(model="geometry", cuts="hold"))
    assert not any(frame.tracked for frame in clip.frames[16:26])
    assert all(frame.tracked for frame in [*clip.frames[:14], *clip.frames[29:]])
    assert "`cuts=follow`" in clip.notes


def test_a_face_cropped_at_its_edges_does_not_turn_over(tmp_path: Path) -> None:
    (face,) = finder().find(speaking_frames()[0])
    (left, top), (right, bottom) = face.points[:468, :2].min(axis=0).astype(int), face.points[:468, :2].max(axis=0)
    side = int(max(right - left, bottom - top) * 0.94) // 2 * 2
    cropped = [np.ascontiguousarray(frame[top + 6 :][:side, left + 2 :][:, :side]) for frame in speaking_frames()]
    clip = followed(write_video(tmp_path / "tight.mp4", cropped, FPS))
    roll = [abs(np.degrees(np.arctan2(frame.rotation[1, 0], frame.rotation[0, 0]))) for frame in clip.frames]
    assert max(roll) < 30
    assert "cut off by the edge" in clip.notes
