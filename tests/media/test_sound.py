"""Sound stays in step with the pictures, ends with them, and comes from where it was asked."""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from media_material import Pixels, decode_sound, draw_counter, onsets, tone, write_clip

from animato.errors import InputError
from animato.media.audio import AudioSource
from animato.media.reader import open_video, resample
from animato.media.writer import open_writer

CUES = [0.6, 1.6, 2.6]
"""Seconds at which a flash and a beep begin together."""


def flash_clip(path: Path, times: list[float], codec: str = "libx264", **sound: object) -> Path:
    """A dark clip that is white for 0.12 s from each cue on, with a beep at each."""
    frames: list[Pixels] = []
    for time in times:
        lit = any(0 <= time - cue < 0.12 for cue in CUES)
        frames.append(np.full((48, 64, 3), 235 if lit else 30, np.uint8))
    rate = int(sound.pop("sound_rate", 44_100))  # type: ignore[call-overload]
    starts = float(sound.pop("sound_starts", 0.0))  # type: ignore[arg-type]
    samples = tone(times[-1] + 0.5 - starts, rate, [cue - starts for cue in CUES if cue >= starts])
    return write_clip(
        path, frames, times=times, codec=codec, sound=samples, sound_rate=rate, sound_starts=starts, **sound
    )  # type: ignore[arg-type]


def uneven_times(seconds: float) -> list[float]:
    """Frame times 15 to 60 ms apart that include every cue exactly, in whole milliseconds."""
    random = np.random.default_rng(11)
    times = [0.0]
    while times[-1] < seconds:
        step = round(float(random.uniform(0.015, 0.06)), 3)
        prefetch = [cue for cue in CUES if times[-1] < cue <= times[-1] + step]
        times.append(prefetch[0] if prefetch else round(times[-1] + step, 3))
    return times


def remake(
    source: Path, target: Path, audio: AudioSource | None, *, start: float = 0.0, fps: int = 25
) -> tuple[str, ...]:
    """Read, resample and write as the main job does."""
    with open_video(source, start=start) as video:
        frames = resample(video, Fraction(fps), end=lambda: video.end)
        with open_writer(target, width=64, height=48, fps=Fraction(fps), audio=audio) as writer:
            for frame in frames:
                writer.write(frame.image)
        return writer.warnings


def flashes(path: Path) -> list[float]:
    """Times at which the picture turns white."""
    with open_video(path) as video:
        lit = [(frame.time, frame.image.mean() > 130) for frame in video]
    return [time for (time, now), (_, before) in zip(lit[1:], lit, strict=False) if now and not before]


@pytest.mark.parametrize("target", ["out.mp4", "out.webm"])
@pytest.mark.parametrize(
    ("source", "codec", "sound_codec", "rate"),
    [
        ("in.mp4", "libx264", "aac", 44_100),
        ("in.mov", "libx264", "pcm_s16le", 22_050),
        ("in.mkv", "libx264", "flac", 48_000),
        ("in.webm", "libvpx", "libopus", 48_000),
    ],
)
def test_flash_and_beep_stay_together(
    tmp_path: Path, source: str, codec: str, sound_codec: str, rate: int, target: str
) -> None:
    clip = flash_clip(tmp_path / source, uneven_times(3.2), codec, sound_codec=sound_codec, sound_rate=rate)
    warnings = remake(clip, tmp_path / target, AudioSource(clip))
    seen, heard = flashes(tmp_path / target), onsets(*decode_sound(tmp_path / target))
    assert warnings == ()
    assert len(seen) == len(heard) == 3
    assert np.abs(np.array(heard) - CUES).max() < 0.015
    assert np.abs(np.array(seen) - heard).max() < 0.04


@pytest.mark.parametrize("target", ["out.mp4", "out.webm"])
@pytest.mark.parametrize("source", ["in.mp4", "in.webm"])
@pytest.mark.parametrize("start", [0.31, 1.25])
def test_trimming_trims_both(tmp_path: Path, source: str, target: str, start: float) -> None:
    codec, sound = ("libvpx", "libopus") if source == "in.webm" else ("libx264", "aac")
    clip = flash_clip(tmp_path / source, uneven_times(3.2), codec, sound_codec=sound, sound_rate=48_000)
    remake(clip, tmp_path / target, AudioSource(clip, start), start=start)
    cues = [cue - start for cue in CUES if cue > start]
    seen, heard = flashes(tmp_path / target), onsets(*decode_sound(tmp_path / target))
    assert len(seen) == len(heard) == len(cues)
    assert np.abs(np.array(heard) - cues).max() < 0.015
    assert np.abs(np.array(seen) - heard).max() < 0.04


@pytest.mark.parametrize("target", ["out.mp4", "out.webm"])
@pytest.mark.parametrize("late", [0.35, 0.8])
def test_a_sound_track_that_begins_later_keeps_its_place(tmp_path: Path, target: str, late: float) -> None:
    clip = flash_clip(tmp_path / "in.mp4", uneven_times(3.2), sound_starts=late)
    remake(clip, tmp_path / target, AudioSource(clip))
    heard = onsets(*decode_sound(tmp_path / target))
    cues = [cue for cue in CUES if cue >= late]
    assert len(heard) == len(cues)
    assert np.abs(np.array(heard) - cues).max() < 0.015


@pytest.mark.parametrize("target", ["out.mp4", "out.webm"])
def test_pictures_that_begin_later_are_the_beginning(tmp_path: Path, target: str) -> None:
    times = [round(time + 0.4, 3) for time in uneven_times(2.8)]
    clip = tmp_path / "in.mkv"
    frames = [np.full((48, 64, 3), 235 if any(0 <= t - c < 0.12 for c in CUES) else 30, np.uint8) for t in times]
    write_clip(clip, frames, times=times, sound=tone(3.4, 44_100, CUES), sound_codec="flac")
    remake(clip, tmp_path / target, AudioSource(clip))
    heard = onsets(*decode_sound(tmp_path / target))
    assert np.abs(np.array(heard) - (np.array(CUES) - 0.4)).max() < 0.015
    seen = flashes(tmp_path / target)
    assert np.abs(np.array(seen) - heard).max() < 0.05


def test_an_aac_track_goes_into_mp4_untouched(tmp_path: Path) -> None:
    clip = flash_clip(tmp_path / "in.mp4", uneven_times(3.2))
    remake(clip, tmp_path / "out.mp4", AudioSource(clip))

    def packets(path: Path) -> list[bytes]:
        with av.open(str(path)) as container:
            return [bytes(p) for p in container.demux(audio=0) if p.size]

    before, after = packets(clip), packets(tmp_path / "out.mp4")
    assert len(after) > 100
    assert after == before[: len(after)]


def test_a_hole_in_the_sound_is_filled_with_silence(tmp_path: Path) -> None:
    clip = tmp_path / "hole.mkv"
    output = av.open(str(clip), "w")
    video = output.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
    video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
    audio = output.add_stream("flac", rate=44_100)
    audio.codec_context.layout = "mono"
    for index in range(75):
        output.mux(video.encode(av.VideoFrame.from_ndarray(draw_counter(index), "rgb24")))
    output.mux(video.encode(None))
    samples = tone(3.0, 44_100, [0.2, 2.5])
    for first in list(range(0, 40_000, 4000)) + list(range(80_000, 130_000, 4000)):
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[None, first : first + 4000]), "fltp", "mono")
        frame.sample_rate, frame.time_base, frame.pts = 44_100, Fraction(1, 44_100), first
        output.mux(audio.encode(frame))
    output.mux(audio.encode(None))
    output.close()
    remake(clip, tmp_path / "out.mp4", AudioSource(clip))
    assert np.allclose(onsets(*decode_sound(tmp_path / "out.mp4")), [0.2, 2.5], atol=0.015)


def test_a_driver_without_sound_makes_a_silent_output_and_says_so(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "in.mp4", [draw_counter(i) for i in range(10)])
    warnings = remake(clip, tmp_path / "out.mp4", AudioSource(clip))
    assert "has no sound" in warnings[0]
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert not container.streams.audio


@pytest.mark.parametrize("name", ["out.gif", "out"])
def test_formats_without_sound_say_that_it_was_left_out(tmp_path: Path, name: str) -> None:
    clip = flash_clip(tmp_path / "in.mp4", uneven_times(1.0))
    assert any("no sound" in said for said in remake(clip, tmp_path / name, AudioSource(clip)))


def test_a_sound_codec_off_the_list_is_left_out_of_a_video_and_refused_alone(tmp_path: Path) -> None:
    pictures, silence = [draw_counter(i) for i in range(10)], tone(0.4, 44_100, [])
    clip = write_clip(tmp_path / "in.mkv", pictures, sound=silence, sound_codec="ac3")
    warnings = remake(clip, tmp_path / "out.mp4", AudioSource(clip))
    assert "ac3" in warnings[0]
    assert "silent" in warnings[0]
    alone = write_clip(tmp_path / "alone.wav", [], sound=silence, sound_codec="ac3")
    with pytest.raises(InputError, match="codec"):
        open_writer(tmp_path / "o.mp4", width=64, height=48, fps=Fraction(25), audio=AudioSource(alone))
    assert not (tmp_path / "o.mp4").exists()


@pytest.mark.parametrize("name", ["a b%d é.mp4", "http:x:y.mp4", "-i.webm"])
def test_strange_names_are_only_names(tmp_path: Path, name: str) -> None:
    if ":" in name and sys.platform == "win32":
        pytest.skip("not a name there")
    clip = flash_clip(tmp_path / f"in {name}.mkv", uneven_times(1.0), sound_codec="flac")
    remake(clip, tmp_path / name, AudioSource(clip))
    assert len(onsets(*decode_sound(tmp_path / name))) == 1


def test_a_real_clip_keeps_its_sound_to_the_sample(tmp_path: Path, shared_data: Path) -> None:
    clip = shared_data / "talking" / "g01_01.mp4"
    with open_video(clip) as video:
        assert video.info.has_audio
        size = {"width": video.info.width, "height": video.info.height}
        with open_writer(tmp_path / "o.mp4", fps=video.info.fps, audio=AudioSource(clip), **size) as writer:
            for frame in video:
                writer.write(frame.image)
    before, rate = decode_sound(clip)
    after, after_rate = decode_sound(tmp_path / "o.mp4")
    assert rate == after_rate
    length = min(len(before), len(after))
    assert abs(len(before) - len(after)) < 0.06 * rate
    assert np.abs(before[: length - 2048] - after[: length - 2048]).max() < 1e-3
