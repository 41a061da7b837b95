"""Benchmark of motion streams: bits and landmark error beside x264 of the same call.

The call is a clip. Its motion, smoothed as live motion is, is the reference. It goes once through the motion codec, and
once as video: encoded by x264 at several rates, decoded, tracked and smoothed in the same way, relative to the same
neutral frame. Errors are those of the landmarks of the canonical face under either motion.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from animato.drivers.video import VideoDriver
from animato.errors import FaceError
from animato.geometry.landmarks import MESH_POINTS, POINTS, canonical_face
from animato.media.reader import open_video
from animato.motion.jitter import HEAD_CROP_CM
from animato.motion.motion_frame import MotionFrame
from animato.motion.smooth import CausalSmoother
from animato.network.datagram import Kind, header_of
from animato.network.decoder import StreamDecoder
from animato.network.encoder import HELLO_SECONDS, StreamEncoder
from animato.runtime.stage_clock import StageClock
from animato.settings.animate import AnimateSettings
from animato.tracking.face_finder import FaceFinder
from animato.types import Frame

CRFS = (16, 20, 24, 28, 32)
PRESETS: tuple[tuple[str, str | None], ...] = (("veryfast", "zerolatency"), ("medium", None))
"""x264 as calls use it, then with all its look-ahead, which delays a call by more than a second."""

IP_BYTES = 28
"""Headers of IPv4 and UDP."""


@dataclass(frozen=True)
class StreamResult:
    """One way to transmit one clip.

    Attributes:
        clip: its name.
        way: "motion", or preset and constant rate factor of x264.
        kbps: kilobits per second at the clip's rate, without the headers of the network; motion as in a long call.
        error: mean distance of landmarks, pixels at 256.
        error_p95: its 95th percentile over frames and landmarks.
    """

    clip: str
    way: str
    kbps: float
    error: float
    error_p95: float


def measure_streams(clip: Path, finder: FaceFinder) -> list[StreamResult]:
    """Measure one clip: the motion stream, then x264 at every rate at which its face is still found.

    Raises:
        InputError: the clip cannot be read, or shows no face.
    """
    settings = AnimateSettings(threads=1)
    driver = VideoDriver(clip, settings, finder)
    reference, fps = _smoothed(driver, settings.smooth), float(driver.fps)
    encoder, decoder = StreamEncoder(bytes(32), fps), StreamDecoder(bytes(32))
    sent = [(frame.time, encoder.datagrams(frame, driver.neutral, frame.time, 0.0)) for frame in reference]
    decoded = [item.motion for time, parts in sent for part in parts for item in decoder.receive(part, time, 0.0)]
    kbps = _long_call_bytes([part for _, parts in sent for part in parts], len(reference) / fps) * 8 / 1000
    results = [StreamResult(clip.name, "motion", kbps, *_errors(reference, decoded))]
    with open_video(clip) as video:
        pictures = [frame.image for frame in video]
    same_neutral = replace(settings, neutral=driver.report.neutral_time)
    for preset, tune in PRESETS:
        for crf in CRFS:
            with tempfile.TemporaryDirectory(prefix="animato-bench-") as folder:
                path = Path(folder) / "call.mp4"
                size = encode_x264(path, pictures, driver.fps, preset, tune, crf)
                try:
                    tracked = _smoothed(VideoDriver(path, same_neutral, finder), settings.smooth)
                except FaceError:
                    continue
            kbps = size * 8 / 1000 / (len(pictures) / fps)
            results.append(StreamResult(clip.name, f"x264 {preset} {crf}", kbps, *_errors(reference, tracked)))
    return results


def encode_x264(path: Path, pictures: list[Frame], fps: Fraction, preset: str, tune: str | None, crf: int) -> int:
    """Encode pictures (H x W x 3 uint8 RGB, cut to even sides) and return the size of their packets in bytes."""
    import av

    height, width = (side // 2 * 2 for side in pictures[0].shape[:2])
    size = 0
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(fps).limit_denominator(1001))
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"crf": str(crf), "preset": preset, **({"tune": tune} if tune else {})}
        stream.codec_context.thread_count = 1
        frames = [av.VideoFrame.from_ndarray(p[:height, :width], format="rgb24") for p in pictures]
        for frame in (*frames, None):
            for packet in stream.encode(frame):
                size += packet.size
                container.mux(packet)
    return size


def _long_call_bytes(datagrams: list[bytes], seconds: float) -> float:
    """Return bytes a second of a call so long that the hellos of its first second do not count."""
    hellos = [part for part in datagrams if header_of(part).kind is Kind.HELLO]
    frames = sum(map(len, datagrams)) - sum(map(len, hellos))
    return frames / seconds + len(hellos[0]) / HELLO_SECONDS


def _smoothed(driver: VideoDriver, strength: float) -> list[MotionFrame]:
    smoother = CausalSmoother(strength)
    return [smoother(frame) for frame in driver.frames(StageClock())]


def _errors(first: list[MotionFrame], second: list[MotionFrame]) -> tuple[float, float]:
    distances = [np.linalg.norm(_landmarks(a) - _landmarks(b), axis=1) for a, b in zip(first, second, strict=False)]
    return float(np.mean(distances)), float(np.quantile(distances, 0.95))


def _landmarks(motion: MotionFrame) -> NDArray[np.float64]:
    """Return the landmarks of the canonical face with a motion, 478 x 2, pixels of a head crop of 256."""
    face = np.zeros((POINTS, 3))
    face[:MESH_POINTS] = canonical_face().vertices[:MESH_POINTS]
    turned = (face + motion.expression) @ motion.rotation.T
    return np.asarray((motion.scale * turned[:, :2] + motion.translation) * (256 / HEAD_CROP_CM))


def equal_error_kbps(results: list[StreamResult], preset: str) -> float | None:
    """Return the rate at which x264 has the error of the motion stream, in kilobits per second.

    Rates are interpolated over the error, both as logarithms; None if no measured rate is that good, or that bad.
    """
    motion = next(result for result in results if result.way == "motion")
    video = sorted((r.error, r.kbps) for r in results if r.way.startswith(f"x264 {preset}"))
    errors, rates = np.array(video).T
    if not errors[0] <= motion.error <= errors[-1]:
        return None
    return float(np.exp(np.interp(np.log(motion.error), np.log(errors), np.log(rates))))
