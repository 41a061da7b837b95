"""Colours survive: planes follow BT.601, streams say so, and every fast path agrees with its slow twin."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from media_material import Pixels

from animato.media.reader import open_video
from animato.media.upright import Upright
from animato.media.writer import open_writer
from animato.media.yuv import i420_to_rgb, pad_to_even, rgb_to_i420
from animato.settings.media import WriterSettings

BARS = [
    (191, 191, 191),
    (191, 191, 0),
    (0, 191, 191),
    (0, 191, 0),
    (191, 0, 191),
    (191, 0, 0),
    (0, 0, 191),
    (16, 16, 16),
]
BARS += [
    (220, 170, 140),
    (90, 60, 45),
    (255, 255, 255),
    (0, 0, 0),
    (128, 128, 128),
    (60, 90, 120),
    (200, 40, 60),
    (240, 220, 200),
]


def colour_bars(width: int = 256, height: int = 64) -> Pixels:
    step = width // len(BARS)
    return np.repeat(np.repeat(np.array(BARS, np.uint8)[None], step, axis=1), height, axis=0)


def bar_errors(image: Pixels, scale: float = 1.0) -> Any:
    """Largest error in levels at the middle of each bar."""
    step = 256 // len(BARS) * scale
    places = [int((i + 0.5) * step) for i in range(len(BARS))]
    middle = image[image.shape[0] // 2, places].astype(int)
    return np.abs(middle - np.array(BARS)).max(axis=1)


def smooth_picture(height: int = 96, width: int = 128) -> Pixels:
    noise = np.random.default_rng(5).integers(0, 256, (height, width, 3)).astype(np.uint8)
    return np.asarray(cv2.GaussianBlur(noise, (0, 0), 2.0))


def i420_by_formula(image: Pixels) -> Any:
    """ITU-R BT.601-7, 2.5.1 to 2.5.3, in floating point; chroma of the mean of 2 x 2 pixels."""
    rgb = image.astype(np.float64) / 255.0
    height, width = image.shape[:2]
    luma = 16 + 219 * (rgb @ [0.299, 0.587, 0.114])
    mean = rgb.reshape(height // 2, 2, width // 2, 2, 3).mean(axis=(1, 3))
    grey = mean @ [0.299, 0.587, 0.114]
    blue = 128 + 224 * 0.5 * (mean[..., 2] - grey) / (1 - 0.114)
    red = 128 + 224 * 0.5 * (mean[..., 0] - grey) / (1 - 0.299)
    return np.concatenate([luma, blue.reshape(-1, width), red.reshape(-1, width)])


def test_planes_equal_the_formula_of_the_standard() -> None:
    image = smooth_picture()
    assert np.abs(rgb_to_i420(image).astype(float) - i420_by_formula(image)).max() <= 1.5


def test_coloured_edges_are_cleaner_than_by_the_library_alone() -> None:
    image = np.full((96, 96, 3), 255, np.uint8)
    cv2.circle(image, (48, 48), 30, (220, 0, 20), 3, cv2.LINE_AA)
    ours = np.abs(i420_to_rgb(rgb_to_i420(image)).astype(int) - image).mean()
    plain = np.abs(i420_to_rgb(np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2YUV_I420))).astype(int) - image).mean()
    assert ours < 0.9 * plain


def test_padding_repeats_the_last_row_and_column_and_odd_planes_are_refused() -> None:
    image = smooth_picture(31, 45)
    padded = pad_to_even(image)
    assert padded.shape == (32, 46, 3)
    assert np.array_equal(padded[:31, :45], image)
    assert np.array_equal(padded[31, :45], image[30])
    assert np.array_equal(padded[:31, 45], image[:, 44])
    assert pad_to_even(padded) is padded
    with pytest.raises(ValueError, match="even"):
        rgb_to_i420(image)


def test_the_table_and_the_scaler_agree_on_decoded_frames() -> None:
    frame = av.VideoFrame.from_ndarray(rgb_to_i420(smooth_picture()), "yuv420p")
    frame.colorspace, frame.color_range = 6, 1
    convert = Upright(frame, None, 1.0)
    quick, slow = convert.by_table(frame).astype(int), convert.by_scaler(frame).astype(int)
    assert np.array_equal(convert(frame), quick)
    assert np.abs(quick - slow).mean() < 2.0
    assert abs((quick - slow).mean()) < 1.5


@pytest.mark.parametrize("name", ["bars.mp4", "bars.webm", "bars.gif", "bars"])
@pytest.mark.parametrize("planes", [False, True])
def test_colours_survive_writing_and_reading(tmp_path: Path, name: str, planes: bool) -> None:
    bars = colour_bars()
    settings = WriterSettings(crf=4, webm_crf=6, gif_dither=0.0)
    with open_writer(tmp_path / name, width=256, height=64, fps=Fraction(25), settings=settings) as writer:
        for _ in range(5):
            if planes:
                writer.write_yuv(rgb_to_i420(bars))
            else:
                writer.write(bars)
    if name == "bars":
        image = cv2.cvtColor(cv2.imread(str(tmp_path / name / "frame_000003.png")), cv2.COLOR_BGR2RGB)
    else:
        with open_video(tmp_path / name) as video:
            image = [frame.image for frame in video][2]
    limit = 0 if name == "bars" and not planes else 4
    assert bar_errors(np.asarray(image)).max() <= limit


@pytest.mark.parametrize("name", ["tagged.mp4", "tagged.webm"])
def test_the_stream_states_the_matrix_its_planes_were_made_with(tmp_path: Path, name: str) -> None:
    with open_writer(tmp_path / name, width=64, height=48, fps=Fraction(25)) as writer:
        writer.write(smooth_picture(48, 64))
    with av.open(str(tmp_path / name)) as container:
        frame = next(container.decode(video=0))
        assert (frame.colorspace, frame.color_range) == (6, 1)
        context = container.streams.video[0].codec_context
        assert (context.color_primaries, context.color_trc) == (1, 1)


@pytest.mark.parametrize(
    ("matrix", "code", "span", "height"),
    [
        (1, 1, 1, 64),
        (5, 5, 1, 64),
        (5, 6, 2, 64),
        (1, 1, 2, 64),
        (9, 9, 1, 64),
        (1, 2, 1, 720),
        (5, 2, 1, 64),
    ],
)
def test_the_matrix_and_range_of_a_video_are_followed(
    tmp_path: Path, matrix: int, code: int, span: int, height: int
) -> None:
    path = tmp_path / "clip.mp4"
    output = av.open(str(path), "w")
    stream = output.add_stream("libx264", rate=25, options={"crf": "2", "preset": "ultrafast"})
    stream.width, stream.height, stream.pix_fmt = 256, height, "yuv444p"
    stream.codec_context.colorspace, stream.codec_context.color_range = code, span
    source = av.VideoFrame.from_ndarray(colour_bars(256, height), "rgb24")
    picture = source.reformat(format="yuv444p", dst_colorspace=matrix, src_color_range=2, dst_color_range=span)
    picture.colorspace, picture.color_range = code, span
    for index in range(2):
        picture.pts = index
        output.mux(stream.encode(picture))
    output.mux(stream.encode(None))
    output.close()
    with open_video(path) as video:
        image = next(iter(video)).image
    assert bar_errors(image).max() <= 5


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv422p", "yuv420p10le", "yuvj420p"])
def test_shrinking_while_decoding_equals_shrinking_afterwards(pix_fmt: str) -> None:
    scene = cv2.resize(smooth_picture(), (384, 288), interpolation=cv2.INTER_CUBIC)
    frame = av.VideoFrame.from_ndarray(scene, "rgb24").reformat(format=pix_fmt, dst_colorspace="ITU601")
    frame.colorspace = 5
    whole = Upright(frame, None, 1.0)(frame)
    small = Upright(frame, 128, 1.0)(frame)
    expected = cv2.resize(whole, (128, 96), interpolation=cv2.INTER_AREA)
    assert small.shape == (96, 128, 3)
    assert np.abs(small.astype(int) - expected).mean() < 2.5
