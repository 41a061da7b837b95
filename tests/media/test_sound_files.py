"""Sound files go under the pictures: any kind, from the right moment, ending with the pictures."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from media_material import decode_sound, draw_counter, onsets, tone, write_clip

from animato.errors import InputError
from animato.media.audio import AudioSource
from animato.media.image import save_picture
from animato.media.reader import open_video
from animato.media.writer import open_writer


@pytest.mark.parametrize("target", ["out.mp4", "out.webm"])
@pytest.mark.parametrize(
    ("name", "codec", "rate"),
    [
        ("s.wav", "pcm_s16le", 44_100),
        ("s.wav", "pcm_f32le", 96_000),
        ("s.mp3", "libmp3lame", 44_100),
        ("s.flac", "flac", 48_000),
        ("s.m4a", "aac", 48_000),
        ("s.ogg", "libopus", 48_000),
        ("s.aac", "aac", 44_100),
    ],
)
def test_a_sound_file_of_any_kind_goes_under_the_pictures(
    tmp_path: Path, name: str, codec: str, rate: int, target: str
) -> None:
    sound = write_clip(tmp_path / name, [], sound=tone(3.0, rate, [0.5, 1.5]), sound_codec=codec, sound_rate=rate)
    with open_writer(tmp_path / target, width=64, height=48, fps=Fraction(25), audio=AudioSource(sound)) as writer:
        for index in range(50):
            writer.write(draw_counter(index))
    samples, out_rate = decode_sound(tmp_path / target)
    heard = onsets(samples, out_rate)
    slack = 0.03 if name == "s.aac" else 0.015  # a bare AAC stream cannot say how much of it is run-in
    assert len(heard) == 2
    assert np.abs(np.array(heard) - [0.5, 1.5]).max() < slack
    assert len(samples) / out_rate == pytest.approx(2.0, abs=0.03)


def test_a_cover_in_a_sound_file_is_no_video_and_moves_nothing(tmp_path: Path) -> None:
    sound = write_clip(tmp_path / "s.mp3", [], sound=tone(3.0, 44_100, [0.5]), sound_codec="libmp3lame")
    data = sound.read_bytes()
    length = int("".join(f"{byte:07b}" for byte in data[6:10]), 2)  # ID3v2.4, section 6.2: seven bits a byte
    save_picture(tmp_path / "cover.png", draw_counter(9))
    body = b"\x00image/png\x00\x03\x00" + (tmp_path / "cover.png").read_bytes()
    frame = b"APIC" + len(body).to_bytes(4, "big") + b"\x00\x00" + body
    size = bytes((len(frame) >> shift) & 127 for shift in (21, 14, 7, 0))
    sound.write_bytes(b"ID3\x03\x00\x00" + size + frame + data[10 + length :])
    with av.open(str(sound)) as container:
        assert container.streams.video
    with open_writer(tmp_path / "o.mp4", width=64, height=48, fps=Fraction(25), audio=AudioSource(sound)) as writer:
        for index in range(40):
            writer.write(draw_counter(index))
    assert np.allclose(onsets(*decode_sound(tmp_path / "o.mp4")), [0.5], atol=0.015)


@pytest.mark.parametrize("start", [0.4, 1.0])
def test_a_sound_file_can_begin_later(tmp_path: Path, start: float) -> None:
    sound = write_clip(tmp_path / "s.wav", [], sound=tone(3.0, 44_100, [0.5, 1.5]), sound_codec="pcm_s16le")
    audio = AudioSource(sound, start)
    with open_writer(tmp_path / "o.mp4", width=64, height=48, fps=Fraction(25), audio=audio) as writer:
        for index in range(40):
            writer.write(draw_counter(index))
    heard = onsets(*decode_sound(tmp_path / "o.mp4"))
    assert np.allclose(heard, [cue - start for cue in (0.5, 1.5) if cue > start], atol=0.015)


@pytest.mark.parametrize("target", ["out.mp4", "out.webm"])
@pytest.mark.parametrize("frames", [20, 75, 76])
def test_sound_ends_with_the_pictures_or_before(tmp_path: Path, target: str, frames: int) -> None:
    sound = write_clip(tmp_path / "s.wav", [], sound=tone(3.0, 44_100, [0.1]), sound_codec="pcm_s16le")
    audio = AudioSource(sound)
    with open_writer(tmp_path / target, width=64, height=48, fps=Fraction(25), audio=audio) as writer:
        for index in range(frames):
            writer.write(draw_counter(index))
    samples, rate = decode_sound(tmp_path / target)
    assert len(samples) / rate == pytest.approx(min(3.0, frames / 25), abs=0.0301)
    with open_video(tmp_path / target) as video:
        assert sum(1 for _ in video) == frames
        assert video.info.has_audio


def test_stereo_stays_stereo_and_surround_becomes_stereo(tmp_path: Path) -> None:
    for layout, channels in (("stereo", 2), ("5.1", 6)):
        path = tmp_path / f"{channels}.wav"
        output = av.open(str(path), "w")
        stream = output.add_stream("pcm_s16le", rate=48_000)
        stream.codec_context.layout = layout
        samples = np.zeros((channels, 48_000), np.float32)
        samples[0] = 0.5 * np.sin(np.arange(48_000) / 10)
        frame = av.AudioFrame.from_ndarray(samples, "fltp", layout)
        frame.sample_rate = 48_000
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
        output.close()
        target = tmp_path / f"{channels}.mp4"
        with open_writer(target, width=64, height=48, fps=Fraction(25), audio=AudioSource(path)) as writer:
            for index in range(25):
                writer.write(draw_counter(index))
        with av.open(str(target)) as container:
            frames = [f.to_ndarray() for f in container.decode(audio=0)]
        sound = np.concatenate(frames, axis=1)
        assert sound.shape[0] == 2
        assert np.abs(sound[0]).max() > 5 * np.abs(sound[1]).max()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"only words here, no sound at all", "holds no sound"),
        (b"ID3" + bytes(300), "damaged|holds no sound"),
        (b"", "empty"),
    ],
)
def test_what_is_not_sound_is_refused_before_anything_is_written(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "s.mp3").write_bytes(content)
    with pytest.raises(InputError, match=said):
        open_writer(tmp_path / "o.mp4", width=64, height=48, fps=Fraction(25), audio=AudioSource(tmp_path / "s.mp3"))
    assert [p.name for p in tmp_path.iterdir()] == ["s.mp3"]
