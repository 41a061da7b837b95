"""Broken and hostile videos end in a sentence, and give what can be saved."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from media_material import draw_counter, number_of, tone, write_clip

from animato.errors import VideoError
from animato.media.decode import Decoder
from animato.media.reader import open_video
from animato.settings.media import ReaderSettings

FAST = {"movflags": "+faststart"}


@pytest.mark.parametrize("name", ["cut.mp4", "cut.webm", "cut.mkv", "cut.avi"])
def test_a_truncated_video_gives_its_beginning_and_says_where_it_stops(
    counted_clip: Callable[..., Path], name: str
) -> None:
    codec = {"cut.webm": "libvpx", "cut.avi": "mpeg4"}.get(name, "libx264")
    path = counted_clip(100, name, codec=codec, container_options=FAST if name == "cut.mp4" else None)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * 0.6)])
    with open_video(path) as video:
        frames = list(video)
    assert 20 < len(frames) < 95
    assert [number_of(f.image) for f in frames[:20]] == list(range(20))
    assert len(video.warnings) == 1
    assert "cut short" in video.warnings[0]
    assert f"{video.end:.2f} s" in video.warnings[0]


def test_an_mp4_without_its_index_is_refused(counted_clip: Callable[..., Path]) -> None:
    path = counted_clip(50)
    data = path.read_bytes()
    assert data.index(b"mdat") < data.index(b"moov")
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(VideoError, match="damaged or cut short") as caught:
        open_video(path)
    assert caught.value.hint


def test_a_video_without_frames_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "none.mp4"
    output = av.open(str(path), "w")
    stream = output.add_stream("libx264", rate=25)
    stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
    output.start_encoding()
    output.close()
    with pytest.raises(VideoError, match=r"no (frame|video)"):
        open_video(path)


@pytest.mark.parametrize("name", ["clip.mp4", "clip.webm", "clip.gif"])
@pytest.mark.parametrize(
    "content",
    [
        b"this is not a video at all, only words\n" * 20,
        b"#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:10.0,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n",
        b"ffconcat version 1.0\nfile '/etc/passwd'\n",
        b"<?xml version='1.0'?><MPD></MPD>",
        b"v=0\no=- 0 0 IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n",
        b"\x89PNG\r\n\x1a\n" + bytes(60),
        b"RIFF\x10\x00\x00\x00WAVEfmt " + bytes(60),
    ],
)
def test_text_playlists_pictures_and_sounds_are_not_videos(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(VideoError, match="not a video") as caught:
        open_video(tmp_path / name)
    assert caught.value.hint


def test_a_playlist_behind_the_magic_of_a_video_reads_no_other_file(tmp_path: Path) -> None:
    for magic in (
        b"\x1a\x45\xdf\xa3webm",
        b"\x00\x00\x00\x10ftypisom\x00\x00\x00\x00",
        b"GIF89a",
        b"RIFF\x00\x00\x00\x00AVI ",
    ):
        (tmp_path / "clip.mp4").write_bytes(magic + b"\n#EXTM3U\nfile:///etc/passwd\n" * 50)
        with pytest.raises(VideoError):
            list(open_video(tmp_path / "clip.mp4"))


@pytest.mark.parametrize(("codec", "pix_fmt"), [("mpeg2video", "yuv420p"), ("ffv1", "yuv420p")])
def test_codecs_off_the_list_are_refused_by_name(counted_clip: Callable[..., Path], codec: str, pix_fmt: str) -> None:
    path = counted_clip(3, "odd.mkv", codec=codec, pix_fmt=pix_fmt)
    with pytest.raises(VideoError, match="codec") as caught:
        open_video(path)
    assert codec in (caught.value.where or "")


def test_sound_without_pictures_and_covers_are_not_videos(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "sound.mp4", [], sound=tone(0.5, 44_100, [0.1]))
    with pytest.raises(VideoError, match=r"(holds no|not a) video"):
        open_video(path)


def test_large_frames_long_clips_and_many_frames_are_refused(counted_clip: Callable[..., Path]) -> None:
    path = counted_clip(50)
    with pytest.raises(VideoError, match="64 x 48"):
        open_video(path, settings=ReaderSettings(max_pixels=1000))
    with pytest.raises(VideoError, match="too long"):
        open_video(path, settings=ReaderSettings(max_seconds=1.0))
    with open_video(path, end=0.9, settings=ReaderSettings(max_seconds=1.0)) as video:
        assert sum(1 for _ in video) == 23
    with (
        open_video(path, settings=ReaderSettings(max_frames=10)) as video,
        pytest.raises(VideoError, match="more frames"),
    ):
        list(video)


def test_a_size_that_the_header_hides_is_still_refused(
    counted_clip: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the container claims and whatever is checked before, the decoder has a limit of its own."""
    path = counted_clip(5)
    monkeypatch.setattr("animato.media.reader.check_size", lambda *_: None)
    with pytest.raises(VideoError, match="no frame"):
        open_video(path, settings=ReaderSettings(max_pixels=1000))


def test_ffmpeg_is_told_the_demuxer_and_to_open_local_files_only(
    counted_clip: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, asked = counted_clip(3, "clip.webm", codec="libvpx"), []
    real = av.open

    def spy(name: str, **options: Any) -> Any:
        asked.append((name, options))
        return real(name, **options)

    monkeypatch.setattr(av, "open", spy)
    list(open_video(path))
    assert asked
    for name, options in asked:
        assert name == f"file:{path}"
        assert options["format"] == "matroska"
        assert options["options"]["protocol_whitelist"] == "file"
        assert int(options["options"]["max_pixels"]) <= 4096**2


def test_an_index_that_lies_costs_time_not_frames(counted_clip: Callable[..., Path]) -> None:
    class Lying:
        """A container that jumps two seconds too far."""

        def __init__(self, container: Any) -> None:
            self.container = container

        def seek(self, offset: int, stream: Any) -> None:
            late = int(2 / stream.time_base) if offset > 0 else 0
            self.container.seek(offset + late, stream=stream)

        def demux(self, stream: Any) -> Any:
            return self.container.demux(stream)

    with av.open(str(counted_clip(150, options={"g": "10"}))) as container:
        decoder = Decoder(Lying(container), container.streams.video[0], 10)
        assert not decoder.jump(2.0)
        assert sum(1 for _ in decoder.frames()) == 150


def test_a_change_of_size_in_the_middle_stops_with_a_sentence(tmp_path: Path) -> None:
    parts = []
    for width in (64, 96):
        part = write_clip(tmp_path / f"{width}.mkv", [draw_counter(i, width) for i in range(10)], codec="libvpx")
        parts.append(part)
    path = tmp_path / "changing.mkv"
    output = av.open(str(path), "w")
    stream, shift = None, 0
    for part in parts:
        with av.open(str(part)) as source:
            stream = stream or output.add_stream_from_template(source.streams.video[0])
            for packet in source.demux(video=0):
                if packet.dts is None:
                    continue
                packet.pts += shift
                packet.dts += shift
                packet.stream = stream
                output.mux(packet)
        shift += 400
    output.close()
    with open_video(path) as video:
        assert len(list(video)) == 10
    assert "changes after 0.36 s" in video.warnings[0]


def test_damage_is_counted_and_too_much_of_it_ends_the_reading(counted_clip: Callable[..., Path]) -> None:
    path = counted_clip(100, "damaged.avi", codec="mjpeg", pix_fmt="yuvj420p")
    data = bytearray(path.read_bytes())
    starts = [i for i in range(len(data)) if data[i : i + 3] == b"\xff\xd8\xff"]
    for first, after in itertools.pairwise(starts[40:71]):
        data[first : after - 16] = bytes(after - 16 - first)
    path.write_bytes(bytes(data))
    with open_video(path) as video:
        assert 60 < len(list(video)) < 90
    assert "damaged packets were left out" in video.warnings[0]
    with open_video(path, settings=ReaderSettings(max_errors=5)) as video:
        assert len(list(video)) < 60
    assert "cut short" in video.warnings[0]


def test_flipped_bytes_never_end_in_anything_but_frames_or_a_sentence(counted_clip: Callable[..., Path]) -> None:
    random = np.random.default_rng(7)
    for name, codec in (("a.mp4", "libx264"), ("a.webm", "libvpx"), ("a.avi", "mpeg4"), ("a.gif", "gif")):
        options = {"pix_fmt": "rgb8"} if codec == "gif" else {}
        path = counted_clip(12, name, codec=codec, **options)
        whole = np.frombuffer(path.read_bytes(), np.uint8)
        for _ in range(25):
            mutant = whole.copy()
            places = random.integers(16, len(mutant), 12)
            mutant[places] = random.integers(0, 256, len(places))
            path.write_bytes(mutant.tobytes())
            try:
                with open_video(path, settings=ReaderSettings(max_seconds=60, max_frames=500)) as video:
                    times = [f.time for f in video]
                assert all(b > a for a, b in itertools.pairwise(times))
            except VideoError as problem:
                assert problem.what


def test_too_many_frames_a_second_are_thinned(counted_clip: Callable[..., Path]) -> None:
    path = counted_clip(240, "fast.mp4", fps=240)
    with open_video(path) as video:
        assert video.info.fps == Fraction(120)
        assert sum(1 for _ in video) == 120
    assert "left out" in video.warnings[0]
