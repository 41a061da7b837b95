"""What is written is what was handed in, in every format, whole or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from media_material import draw_counter, number_of
from PIL import Image

from animato.errors import OutputError, UsageError
from animato.media.reader import open_video
from animato.media.writer import AudioSource, open_writer, output_format
from animato.media.yuv import pad_to_even, rgb_to_i420
from animato.settings.media import WriterSettings

FINE = WriterSettings(crf=8, webm_crf=8)


def written(
    path: Path, count: int, fps: Fraction = Fraction(25), size: tuple[int, int] = (64, 48), **options: Any
) -> Path:
    options.setdefault("settings", FINE)
    with open_writer(path, width=size[0], height=size[1], fps=fps, **options) as writer:
        for index in range(count):
            writer.write(draw_counter(index, *size))
    assert writer.frames == count
    return path


def boxes(path: Path) -> list[str]:
    """Names of the top-level boxes of an mp4 (ISO/IEC 14496-12, section 4.2)."""
    data, place, names = path.read_bytes(), 0, []
    while place < len(data):
        names.append(data[place + 4 : place + 8].decode())
        place += int.from_bytes(data[place : place + 4], "big")
    return names


def comment_block(text: str) -> bytes:
    """A GIF89a comment extension (section 24) and the trailer."""
    data = text.encode()
    parts = [data[i : i + 255] for i in range(0, len(data), 255)]
    return b"\x21\xfe" + b"".join(bytes([len(part)]) + part for part in parts) + b"\x00\x3b"


@pytest.mark.parametrize("name", ["out.mp4", "out.m4v", "out.webm", "out.mov", "out.gif"])
@pytest.mark.parametrize("fps", [Fraction(25), Fraction(30000, 1001), Fraction(12)])
def test_every_frame_comes_back_in_order_and_on_time(tmp_path: Path, name: str, fps: Fraction) -> None:
    path = written(tmp_path / name, 30, fps)
    with open_video(path) as video:
        frames = list(video)
    assert [number_of(frame.image) for frame in frames] == list(range(30))
    rounding = {"out.webm": 0.0006, "out.gif": 0.0051}.get(name, 1e-4)
    assert np.abs(np.array([f.time for f in frames]) - [float(i / fps) for i in range(30)]).max() <= rounding
    assert video.end == pytest.approx(float(30 / fps), abs=0.011)


def test_an_mp4_is_h264_that_plays_everywhere_with_its_index_first(tmp_path: Path) -> None:
    path = written(tmp_path / "out.mp4", 10, comment="made with animato")
    names = boxes(path)
    assert names.index("moov") < names.index("mdat")
    with av.open(str(path)) as container:
        context = container.streams.video[0].codec_context
        assert (context.codec.canonical_name, context.pix_fmt) == ("h264", "yuv420p")
        assert container.metadata["comment"] == "made with animato"


def test_comments_are_kept_in_every_format(tmp_path: Path) -> None:
    text = "driven by a clip; " * 20
    with av.open(str(written(tmp_path / "o.webm", 2, comment=text))) as container:
        assert text in container.metadata.values()
    with Image.open(written(tmp_path / "o.gif", 2, comment=text)) as picture:
        assert picture.n_frames == 2  # type: ignore[attr-defined]
    assert (tmp_path / "o.gif").read_bytes().endswith(comment_block(text))
    with Image.open(written(tmp_path / "o", 2, comment=text) / "frame_000002.png") as picture:
        assert picture.info["Comment"] == text
        picture.load()


@pytest.mark.parametrize("name", ["o.mp4", "o.webm", "o.gif", "o"])
@pytest.mark.parametrize("planes", [False, True])
def test_odd_sizes_are_written(tmp_path: Path, name: str, planes: bool) -> None:
    image = np.zeros((35, 51, 3), np.uint8)
    image[:, 45:] = 200
    with open_writer(tmp_path / name, width=51, height=35, fps=Fraction(25), settings=FINE) as writer:
        assert (writer.coded_width, writer.coded_height) == (52, 36)
        for _ in range(3):
            if planes:
                writer.write_yuv(rgb_to_i420(pad_to_even(image)))
            else:
                writer.write(image)
    if name == "o":
        got = cv2.imread(str(tmp_path / name / "frame_000003.png"))
    else:
        with open_video(tmp_path / name) as video:
            got = [f.image for f in video][-1]
    video_size = name in ("o.mp4", "o.webm")
    assert got.shape == ((36, 52, 3) if video_size else (35, 51, 3))
    assert np.abs(got[:35, :51].astype(int) - image).mean() < 4
    assert got[-1, -1].min() > 185


def test_a_frame_folder_holds_exact_pixels(tmp_path: Path) -> None:
    image = np.random.default_rng(2).integers(0, 256, (20, 30, 3)).astype(np.uint8)
    for path in (tmp_path / "frames", tmp_path / "shot_%03d.png"):
        with open_writer(path, width=30, height=20, fps=Fraction(25)) as writer:
            writer.write(image)
            writer.write(255 - image)
    first = np.asarray(Image.open(tmp_path / "frames" / "frame_000001.png"))
    second = np.asarray(Image.open(tmp_path / "shot_002.png"))
    assert np.array_equal(first, image)
    assert np.array_equal(second, 255 - image)


def test_names_choose_the_format(tmp_path: Path) -> None:
    for name, form in (
        ("a.MP4", "mp4"),
        ("a.webm", "webm"),
        ("a.gif", "gif"),
        ("frames", "png"),
        ("f_%05d.png", "png"),
    ):
        assert output_format(tmp_path / name) == form
    for name in ("a.avi", "a.png", "a.mp3", "a%s.png", "a%d%d.png"):
        with pytest.raises(UsageError) as caught:
            output_format(tmp_path / name)
        assert caught.value.hint


@pytest.mark.parametrize("options", [{"width": 0}, {"height": 20_000}, {"fps": Fraction(0)}, {"fps": Fraction(5000)}])
def test_absurd_sizes_and_rates_are_refused(tmp_path: Path, options: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        open_writer(tmp_path / "o.mp4", **{"width": 64, "height": 48, "fps": Fraction(25), **options})
    assert list(tmp_path.iterdir()) == []


def test_frames_of_another_size_are_refused(tmp_path: Path) -> None:
    with open_writer(tmp_path / "o.mp4", width=64, height=48, fps=Fraction(25)) as writer:
        with pytest.raises(ValueError, match="expected"):
            writer.write(np.zeros((64, 48, 3), np.uint8))
        with pytest.raises(ValueError, match="expected"):
            writer.write(np.zeros((48, 64, 3), np.float32))  # type: ignore[arg-type]
        writer.write(draw_counter(0))
    with pytest.raises(ValueError, match="closed"):
        writer.write(draw_counter(0))
    writer.close()


@pytest.mark.parametrize("name", ["o.mp4", "o.webm", "o.gif", "o", "o_%d.png"])
@pytest.mark.parametrize("kind", [RuntimeError, KeyboardInterrupt])
def test_an_interrupted_run_leaves_nothing(tmp_path: Path, name: str, kind: type[BaseException]) -> None:
    with pytest.raises(kind), open_writer(tmp_path / name, width=64, height=48, fps=Fraction(25)) as writer:
        for index in range(60):
            writer.write(draw_counter(index))
        raise kind
    assert list(tmp_path.iterdir()) == []


def test_frames_that_were_in_the_folder_before_stay(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "frame_000009.png").write_text("mine too")
    with pytest.raises(RuntimeError), open_writer(tmp_path, width=8, height=8, fps=Fraction(25)) as writer:
        writer.write(np.zeros((8, 8, 3), np.uint8))
        raise RuntimeError
    assert sorted(p.name for p in tmp_path.iterdir()) == ["frame_000009.png", "notes.txt"]


@pytest.mark.parametrize("name", ["o.mp4", "o.webm", "o.gif", "o"])
def test_a_folder_that_does_not_exist_is_said_at_once(tmp_path: Path, name: str) -> None:
    with pytest.raises(OutputError, match="folder does not exist"):
        open_writer(tmp_path / "absent" / name, width=64, height=48, fps=Fraction(25))


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="permissions are tested where they are Unix permissions")
@pytest.mark.parametrize("name", ["o.mp4", "o.webm", "o.gif", "o"])
def test_a_folder_without_permission_is_said_at_once(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "locked"
    folder.mkdir()
    folder.chmod(0o555)
    script = (
        "import os, sys\nfrom fractions import Fraction\nfrom pathlib import Path\n"
        "from animato.errors import OutputError\nfrom animato.media.writer import open_writer\n"
        "if os.geteuid() == 0: os.setgid(65534); os.setuid(65534)  # a superuser may write anywhere\n"
        "try: open_writer(Path(sys.argv[1]), width=64, height=48, fps=Fraction(25))\n"
        "except OutputError as problem: print(problem.what)\n"
    )
    for parent in (tmp_path, *tmp_path.parents[:3]):
        if parent.stat().st_uid == os.geteuid() and "pytest" in str(parent):
            parent.chmod(0o755)
    said = run(script, str(folder / name))
    assert "permission denied" in said
    assert list(folder.iterdir()) == []


def run(script: str, *arguments: str) -> str:
    """Run a program in a new interpreter from the checkout and return what it printed."""
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script, *arguments],
        capture_output=True, text=True, timeout=60, check=False, env={**os.environ, "PYTHONPATH": str(root)}, cwd=root,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Exception ignored" not in done.stderr
    return done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on file size")
@pytest.mark.parametrize("name", ["o.mp4", "o.webm", "o.gif", "o"])
def test_a_full_disk_ends_in_a_sentence_and_leaves_nothing(tmp_path: Path, name: str) -> None:
    script = (
        "import resource, signal, sys\nimport numpy as np\nfrom fractions import Fraction\nfrom pathlib import Path\n"
        "from animato.errors import OutputError\nfrom animato.media.writer import open_writer\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))\n"
        "random = np.random.default_rng(0)\n"
        "try:\n"
        "    with open_writer(Path(sys.argv[1]), width=256, height=256, fps=Fraction(25)) as writer:\n"
        "        for _ in range(40): writer.write(random.integers(0, 256, (256, 256, 3), dtype=np.uint8))\n"
        "except OutputError as problem: print(problem.what, problem.exit_code)\n"
    )
    said = run(script, str(tmp_path / name))
    assert "largest size allowed" in said
    assert said.strip().endswith("3")
    assert list(tmp_path.iterdir()) == []


def test_no_room_while_finishing_removes_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = open_writer(tmp_path / "o.mp4", width=64, height=48, fps=Fraction(25))
    writer.write(draw_counter(0))

    def full() -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writer, "_finish", full)
    with pytest.raises(OutputError, match="no space is left"):
        writer.close()
    assert list(tmp_path.iterdir()) == []


def test_a_failed_start_does_not_delete_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "o.mp4").write_bytes(b"an older film")
    with pytest.raises(Exception, match="no such file"):
        open_writer(
            tmp_path / "o.mp4", width=64, height=48, fps=Fraction(25), audio=AudioSource(tmp_path / "absent.wav")
        )
    assert (tmp_path / "o.mp4").read_bytes() == b"an older film"


def clear_picture(width: int, height: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """A reddish picture whose opacity rises from left to right, RGBA, not multiplied."""
    picture = np.full((height, width, 4), (190, 90, 60, 0), np.uint8)
    picture[..., 3] = np.linspace(0, 255, width).astype(np.uint8)
    return picture


@pytest.mark.parametrize("size", [(64, 48), (63, 47)])
@pytest.mark.parametrize("name", ["a.webm", "a.mov", "frames"])
def test_colours_and_opacity_come_back(tmp_path: Path, name: str, size: tuple[int, int]) -> None:
    path, picture = tmp_path / name, clear_picture(*size)
    with open_writer(path, width=size[0], height=size[1], fps=Fraction(25), settings=FINE, alpha=True) as writer:
        for _ in range(3):
            writer.write(picture)
    if name == "frames":
        pictures = [np.array(Image.open(frame)) for frame in sorted(path.iterdir())]
    else:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            codec = av.CodecContext.create("libvpx-vp9", "r") if name.endswith("webm") else stream.codec_context
            decoded = [frame for packet in container.demux(stream) for frame in codec.decode(packet)]
            pictures = [frame.reformat(format="rgba", src_colorspace=5).to_ndarray() for frame in decoded]
    assert len(pictures) == 3
    for read in pictures:
        difference = np.abs(read[: size[1], : size[0]].astype(int) - picture)
        assert difference[..., 3].mean() < 3
        assert difference[:, -20:, :3].mean() < 4, "colours where they are seen"


@pytest.mark.parametrize("name", ["a.mp4", "a.gif"])
def test_a_format_without_soft_opacity_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="soft transparency"):
        open_writer(tmp_path / name, width=64, height=48, fps=Fraction(25), alpha=True)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("size", [(64, 48), (63, 47)])
def test_a_frame_of_which_a_part_is_new_is_written_as_a_whole_one_is(tmp_path: Path, size: tuple[int, int]) -> None:
    random = np.random.default_rng(3)
    frames, parts = [random.integers(0, 256, (size[1], size[0], 3), np.uint8)], [None]
    for left, top, right, bottom in ((3, 5, 20, 22), (10, 0, 11, 1), (0, 0, 0, 0), (31, 17, *size)):
        frame = frames[-1].copy()
        frame[top:bottom, left:right] = random.integers(0, 256, (bottom - top, right - left, 3), np.uint8)
        frames.append(frame)
        parts.append((left, top, right, bottom))
    for name, touched in (("whole.mp4", [None] * len(frames)), ("parts.mp4", parts)):
        with open_writer(tmp_path / name, width=size[0], height=size[1], fps=Fraction(25), settings=FINE) as writer:
            for frame, part in zip(frames, touched, strict=True):
                writer.write(frame, part)
    with open_video(tmp_path / "whole.mp4") as whole, open_video(tmp_path / "parts.mp4") as by_parts:
        assert all((a.image == b.image).all() for a, b in zip(whole, by_parts, strict=True))
