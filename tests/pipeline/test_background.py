"""What lies behind the person: kept, blurred, another picture or video, or nothing."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import numpy as np
import pytest
from main_job import Material, contents, finder, prepared, write_video
from PIL import Image

import animato
from animato import AnimateSettings
from animato.drivers.opening import open_driver
from animato.errors import PictureError, UsageError
from animato.head.cut_out import PhotoCutOut
from animato.media.image import load_picture, save_picture
from animato.motion.bundled import find_driver
from animato.pipeline.actor import Cast
from animato.pipeline.backdrop import StillBackdrop, VideoBackdrop, cover, open_backdrop
from animato.pipeline.compositor import Placement
from animato.pipeline.cut_out_compositor import CutOutCompositor
from animato.pipeline.factory import build_scene, make_renderer
from animato.pipeline.flow import frames_of
from animato.pipeline.output import Watermarker
from animato.renderers.base import Layer
from animato.runtime.stage_clock import StageClock
from animato.trust.detect import detect_mark
from animato.trust.verify import verify_file
from animato.types import Frame

CLEAR = AnimateSettings(frame="crop", background="none", end=0.12)


def person(side: int, size: int) -> PhotoCutOut:
    image = np.full((side, size, 3), (200, 40, 40), np.uint8)
    alpha = np.zeros((side, size), np.uint8)
    alpha[side // 2 :] = 255
    return PhotoCutOut(image, alpha, np.zeros_like(image), "")


def layer(size: int) -> Layer:
    alpha = np.zeros((size, size), np.uint8)
    alpha[size // 4 :] = 255
    return Layer(np.full((size, size, 3), (40, 200, 40), np.uint8), alpha)


def plain(level: int, width: int = 64, height: int = 64) -> Frame:
    return np.full((height, width, 3), level, np.uint8)


def test_the_person_lies_over_the_backdrop_inside_and_outside_the_square() -> None:
    whole = CutOutCompositor(person(100, 80), Placement(10, 20, 60), StillBackdrop(plain(7, 80, 100)))
    frame = whole.compose([layer(60)])
    assert frame.shape == (100, 80, 3)
    assert (frame[0, 0] == 7).all(), "no person there"
    assert (frame[99, 0] == (200, 40, 40)).all(), "the body outside the square"
    assert (frame[60, 40] == (40, 200, 40)).all(), "the square"
    assert (frame[22, 40] == 7).all(), "beside the head in the square"


def test_without_a_backdrop_frames_have_opacity_and_colours_that_are_not_multiplied() -> None:
    frame = CutOutCompositor(None, Placement(0, 0, 60), None).compose([layer(60)])
    assert frame.shape == (60, 60, 4)
    assert frame[0, 0, 3] == 0
    assert (frame[30, 30] == (40, 200, 40, 255)).all()


def test_a_moving_backdrop_gives_the_frame_of_the_same_picture_standing_still() -> None:
    still = plain(90, 80, 100)

    class Moving(StillBackdrop):
        def __init__(self, picture: Frame) -> None:
            super().__init__(picture)
            self.still = None

    frames = [
        CutOutCompositor(person(100, 80), Placement(-10, 20, 60), kind(still)).compose([layer(60)], still)
        for kind in (StillBackdrop, Moving)
    ]
    assert np.array_equal(*frames)


@pytest.mark.parametrize(("width", "height"), [(64, 64), (200, 50), (31, 97)])
def test_a_picture_of_any_size_covers_the_output_from_its_middle(width: int, height: int) -> None:
    picture = plain(10, 90, 60)
    picture[28:32, 43:47] = 250
    covered = cover(picture, width, height)
    assert covered.shape == (height, width, 3)
    bright = np.argwhere(covered[..., 0] > 128).mean(axis=0)
    assert np.abs(bright - ((height - 1) / 2, (width - 1) / 2)).max() < 1.0


def test_a_picture_lying_on_its_side_is_shown_upright(tmp_path: Path) -> None:
    picture = Image.fromarray(np.vstack([plain(10, 40, 30), plain(240, 40, 30)]))
    exif = Image.Exif()
    exif[0x0112] = 3
    picture.save(tmp_path / "a.png", exif=exif)
    backdrop, warnings = open_backdrop(tmp_path / "a.png", 40, 60)
    assert backdrop.still is not None
    assert backdrop.still[0, 0, 0] == 240
    assert any("EXIF" in sentence for sentence in warnings)


def test_a_video_behind_is_shown_at_its_own_speed_and_again_from_its_beginning(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", [plain(level) for level in (40, 120, 200)], 5)
    shown = islice(VideoBackdrop(path, 32, 32).frames(Fraction(10)), 14)
    levels = [round(int(frame[16, 16, 0]), -1) for frame in shown]
    assert levels == [40, 40, 120, 120, 200, 200] * 2 + [40, 40]


def test_a_blurred_background_differs_and_the_face_does_not(made: Material) -> None:
    crop = AnimateSettings(frame="crop", model="geometry", end=0.04)
    kept, blurred = (first_unmarked(made, replace(crop, background=kind)).astype(int) for kind in ("keep", "blur"))
    difference = np.abs(kept - blurred).max(axis=2)
    assert difference[220:300, 220:300].max() <= 1
    assert difference.max() > 25


def first_unmarked(made: Material, settings: AnimateSettings) -> Frame:
    """First frame of a scene as `animate` builds it."""
    driver = open_driver(find_driver("nod"), settings, finder())
    scene, _ = build_scene([Cast(made.person, driver)], settings, finder().engine)
    with closing(frames_of(scene, StageClock())) as frames:
        return next(frames)


@pytest.mark.parametrize("behind", [0, 192, 255])
def test_the_mark_is_found_wherever_a_transparent_output_is_laid(made: Material, behind: int) -> None:
    frame = first_unmarked(made, CLEAR)
    watermarker = Watermarker()
    marked = watermarker.frame(frame)
    assert (marked[..., :3][frame[..., 3] == 0] == 0).mean() > 0.8, "nothing is stored where nothing is seen"
    alpha = marked[..., 3:] / 255
    laid = np.rint(alpha * marked[..., :3] + (1 - alpha) * behind).astype(np.uint8)
    for seen in (laid, np.ascontiguousarray(marked[..., :3])):
        found = detect_mark([seen]).found_id
        assert found is not None
        assert found.id_text == watermarker.payload.id_text


@pytest.mark.parametrize(("name", "pixels"), [("a.webm", "yuva420p"), ("a.mov", "yuva444p"), ("frames", None)])
def test_transparent_outputs_are_marked_signed_and_read_back(
    made: Material, out: Path, name: str, pixels: str | None
) -> None:
    result = animato.animate(made.person, "nod", out / name, CLEAR)
    report = verify_file(out / name)
    assert report.credentials.state == "trusted"
    assert report.mark is not None
    assert report.mark.found_id is not None
    assert report.mark.found_id.id_text == result.mark_id
    if pixels is None:
        with Image.open(sorted((out / name).iterdir())[0]) as picture:
            alpha = np.array(picture)[..., 3]
    else:
        alpha = first_alpha(out / name, pixels)
    assert alpha.shape == (512, 512)
    assert alpha[:10, :10].max() <= 2
    assert alpha[240:280, 240:280].min() >= 253
    assert ((alpha > 60) & (alpha < 190)).sum() > 100, "edges are soft"


def first_alpha(path: Path, pixels: str) -> Frame:
    """Opacity of a video's first frame, by the decoder that knows of it."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        decoder = av.CodecContext.create("libvpx-vp9", "r") if path.suffix == ".webm" else stream.codec_context
        for packet in container.demux(stream):
            for frame in decoder.decode(packet):
                assert frame.format.name.startswith(pixels)
                return np.array(frame.reformat(format="rgba").to_ndarray()[..., 3], np.uint8)
    raise AssertionError("no frame")


def test_a_clear_mov_and_an_opaque_one_have_sound(made: Material, out: Path) -> None:
    for background in ("none", "keep"):
        settings = replace(CLEAR, background=background, model="geometry", size=256, audio=made.speech)
        animato.animate(made.person, "nod", out / "a.mov", settings, overwrite=True)
        with av.open(str(out / "a.mov")) as container:
            assert [stream.codec_context.name for stream in container.streams.audio] == ["aac"]
            assert container.streams.video[0].codec_context.name == "prores"


def test_a_picture_behind_is_an_input_of_the_output(made: Material, out: Path, tmp_path: Path) -> None:
    save_picture(tmp_path / "wall.png", plain(60, 300, 200))
    settings = replace(CLEAR, background=str(tmp_path / "wall.png"), model="geometry", size=256)
    animato.animate(made.person, "nod", out / "frames", settings)
    report = verify_file(out / "frames")
    assert report.credentials.inputs == {"photo": 1, "driver": 1, "background": 1}
    assert report.credentials.source_type == "compositeWithTrainedAlgorithmicMedia"
    first = load_picture(sorted((out / "frames").iterdir())[0]).image
    assert np.abs(first[:10, :10].astype(int) - 60).max() <= 12
    assert b"wall" not in (sorted((out / "frames").iterdir())[0]).read_bytes()


@pytest.mark.parametrize("name", ["a.mp4", "a.gif"])
def test_a_format_without_soft_transparency_is_refused_before_anything_is_read(out: Path, name: str) -> None:
    with pytest.raises(UsageError, match="soft transparency") as caught:
        animato.animate("nobody.jpg", "nod", out / name, CLEAR)
    assert ".webm" in str(caught.value.hint)
    assert not contents(out)


def test_an_outline_that_is_unsure_is_refused_with_the_reason(made: Material, out: Path) -> None:
    parts = made.person.photo.parts
    assert parts is not None
    vague = replace(parts, probabilities=np.full_like(parts.probabilities, 32))
    for changed, reason in ((vague, "outline"), (None, "older version")):
        head = replace(made.person, photos=(replace(made.person.photo, parts=changed),))
        with pytest.raises(PictureError, match=rf"cannot be replaced: .*{reason}"):
            animato.animate(head, "nod", out / "a.webm", CLEAR)
    assert not contents(out)


def test_a_drawn_face_keeps_its_background(made: Material, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("animato.head.head.HeadPhoto.drawn", True)
    head = replace(made.person, photos=(replace(made.person.photo),))
    with pytest.raises(PictureError, match="drawn in flat colours"):
        make_renderer(head, CLEAR, finder().engine)


def test_settings_that_exclude_each_other_are_refused(made: Material, out: Path) -> None:
    with pytest.raises(UsageError, match="renders the background"):
        AnimateSettings(model="paper", person=Path("a.animato"), background="blur")
    with pytest.raises(UsageError, match="empty"):
        AnimateSettings(background="")
    with animato.Animator() as animator, pytest.raises(UsageError, match="one head"):
        animator.run([(made.person, "nod")] * 2, out / "a.webm", CLEAR)
    with pytest.raises(UsageError, match="would replace"):
        (out / "a.webm").write_bytes(b"x")
        settings = replace(CLEAR, background=str(out / "a.webm"))
        animato.animate(made.person, "nod", out / "a.webm", settings, overwrite=True)


def test_a_missing_background_is_said_before_anything_is_read(out: Path) -> None:
    with pytest.raises(animato.AnimatoError, match=r"no such file: nowhere\.png"):
        animato.animate("nobody.jpg", "nod", out / "a.webm", background="nowhere.png")


def test_keeping_the_background_changes_nothing_in_a_scene(made: Material) -> None:
    scene, _ = prepared(made.person, "nod", AnimateSettings(frame="crop", size=256))
    assert next(scene.compositor.backdrops(scene.fps)) is None
