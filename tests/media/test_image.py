"""Any picture a person has becomes upright 8-bit RGB, or a sentence that says why not."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from gallery_faces import GALLERY
from media_material import Pixels, draw_corner
from PIL import Image, ImageCms

from animato.errors import OutputError, PictureError, UsageError
from animato.media.image import load_picture, save_picture
from animato.media.pixels import BACKDROP
from animato.settings.media import PictureSettings

CORNER = draw_corner(40, 24)


def saved(path: Path, image: Image.Image, form: str, **options: Any) -> Path:
    image.save(path, form, **options)
    return path


def png(width: int, height: int, depth: int, colour: int, rows: bytes, extra: bytes = b"") -> bytes:
    """A PNG made by hand, for what no program here writes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + extra
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def as_stored(upright: Pixels, orientation: int) -> Pixels:
    """How a camera that notes `orientation` stores a scene, from the EXIF 2.32 table (row 0, column 0 of the scene)."""
    return np.ascontiguousarray(
        {
            1: upright,
            2: upright[:, ::-1],
            3: upright[::-1, ::-1],
            4: upright[::-1],
            5: upright.transpose(1, 0, 2),
            6: upright.transpose(1, 0, 2)[::-1],
            7: upright.transpose(1, 0, 2)[::-1, ::-1],
            8: upright.transpose(1, 0, 2)[:, ::-1],
        }[orientation]
    )


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_every_exif_orientation_comes_out_upright(tmp_path: Path, orientation: int, form: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"PNG": {}, "JPEG": {"quality": 100, "subsampling": 0}, "WEBP": {"lossless": True}}[form]
    stored = Image.fromarray(as_stored(CORNER, orientation))
    picture = load_picture(saved(tmp_path / "p", stored, form, exif=exif, **options))
    assert picture.image.shape == CORNER.shape
    assert np.abs(picture.image.astype(int) - CORNER).max() <= 3
    assert bool(picture.warnings) == (orientation != 1)


def test_an_rgb_picture_comes_through_exactly_and_without_findings(tmp_path: Path) -> None:
    picture = load_picture(saved(tmp_path / "p.png", Image.fromarray(CORNER), "PNG"))
    assert np.array_equal(picture.image, CORNER)
    assert picture.image.flags.writeable
    assert picture.warnings == ()
    assert picture.media_type == "image/png"


@pytest.mark.parametrize("form", ["PNG", "WEBP"])
def test_transparency_is_laid_on_grey_and_said(tmp_path: Path, form: str) -> None:
    rgba = np.dstack([CORNER, np.full(CORNER.shape[:2], 255, np.uint8)])
    rgba[:, 20:, 3] = 0
    rgba[:6, :20, 3] = 128
    options = {"lossless": True, "exact": True} if form == "WEBP" else {}
    picture = load_picture(saved(tmp_path / "p", Image.fromarray(rgba), form, **options))
    assert np.all(picture.image[:, 20:] == BACKDROP)
    assert np.array_equal(picture.image[12:, :20], CORNER[12:, :20])
    half = CORNER[:6, :20].astype(float) * 128 / 255 + BACKDROP * 127 / 255
    assert np.abs(picture.image[:6, :20] - half).max() <= 1
    assert any("transparent" in said for said in picture.warnings)


def test_opaque_alpha_is_no_finding(tmp_path: Path) -> None:
    rgba = np.dstack([CORNER, np.full(CORNER.shape[:2], 255, np.uint8)])
    picture = load_picture(saved(tmp_path / "p.png", Image.fromarray(rgba), "PNG"))
    assert np.array_equal(picture.image, CORNER)
    assert picture.warnings == ()


def test_grey_one_bit_and_palette_pictures_become_rgb(tmp_path: Path) -> None:
    grey = CORNER[..., 0]
    assert np.array_equal(
        load_picture(saved(tmp_path / "l.png", Image.fromarray(grey), "PNG")).image, np.dstack([grey] * 3)
    )
    bits = Image.fromarray(grey).point(lambda v: 255 if v > 100 else 0).convert("1")
    assert set(np.unique(load_picture(saved(tmp_path / "1.png", bits, "PNG")).image)) == {0, 255}
    palette = Image.fromarray(CORNER).quantize(8, dither=Image.Dither.NONE)
    got = load_picture(saved(tmp_path / "p.png", palette, "PNG")).image
    assert np.array_equal(got, np.asarray(palette.convert("RGB")))


def test_palette_and_colour_key_transparency_are_laid_on_grey(tmp_path: Path) -> None:
    palette = Image.fromarray(CORNER).quantize(8, dither=Image.Dither.NONE)
    clear = int(np.asarray(palette)[0, 0])
    path = saved(tmp_path / "p.png", palette, "PNG", transparency=clear)
    picture = load_picture(path)
    assert np.all(picture.image[0, 0] == BACKDROP)
    assert np.abs(picture.image[0, 39].astype(int) - CORNER[0, 39]).max() <= 2
    keyed = saved(tmp_path / "k.png", Image.fromarray(CORNER), "PNG", transparency=(30, 30, 220))
    assert np.all(load_picture(keyed).image[0, 39] == BACKDROP)


def test_sixteen_bit_pictures_keep_their_levels(tmp_path: Path) -> None:
    levels = np.linspace(0, 65535, 40 * 24).astype(np.uint16).reshape(24, 40)
    picture = load_picture(saved(tmp_path / "g.png", Image.fromarray(levels), "PNG"))
    assert np.abs(picture.image[..., 1].astype(float) - levels / 257.0).max() <= 0.51
    assert any("16 bits" in said for said in picture.warnings)
    deep = np.dstack([levels, levels[::-1], levels[:, ::-1]]).astype(">u2")
    (tmp_path / "c.png").write_bytes(png(40, 24, 16, 2, b"".join(b"\x00" + row.tobytes() for row in deep)))
    got = load_picture(tmp_path / "c.png").image
    assert np.abs(got.astype(float) - deep.astype(float) / 257.0).max() <= 1.0


def test_grey_with_alpha_of_sixteen_bits_is_read(tmp_path: Path) -> None:
    deep = np.zeros((24, 40, 2), ">u2")
    deep[..., 0], deep[:, 20:, 1] = 257 * 100, 65535
    (tmp_path / "la.png").write_bytes(png(40, 24, 16, 4, b"".join(b"\x00" + row.tobytes() for row in deep)))
    got = load_picture(tmp_path / "la.png").image
    assert np.all(got[:, 20:] == 100)
    assert np.all(got[:, :20] == BACKDROP)


def test_printing_colours_become_rgb(tmp_path: Path) -> None:
    cmyk = Image.fromarray(CORNER).convert("CMYK")
    picture = load_picture(saved(tmp_path / "c.jpg", cmyk, "JPEG", quality=100, subsampling=0))
    assert np.abs(picture.image.astype(int) - CORNER).mean() < 4
    assert any("CMYK" in said for said in picture.warnings)


def test_another_colour_profile_is_converted_and_srgb_is_left_alone(tmp_path: Path) -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    plain = load_picture(saved(tmp_path / "s.png", Image.fromarray(CORNER), "PNG", icc_profile=srgb))
    assert np.array_equal(plain.image, CORNER)
    lab = bytearray(srgb.replace(b"s\x00R\x00G\x00B\x00", b"o\x00t\x00h\x00e\x00"))
    swapped = bytes(lab).replace(b"rXYZ", b"tXYZ").replace(b"gXYZ", b"rXYZ").replace(b"tXYZ", b"gXYZ")
    assert b"sRGB" not in swapped[:4096]
    other = load_picture(saved(tmp_path / "o.png", Image.fromarray(CORNER), "PNG", icc_profile=swapped))
    assert any("profile" in said for said in other.warnings)
    assert not np.array_equal(other.image, CORNER)
    broken = load_picture(saved(tmp_path / "b.png", Image.fromarray(CORNER), "PNG", icc_profile=b"not a profile"))
    assert np.array_equal(broken.image, CORNER)
    assert any("cannot be used" in said for said in broken.warnings)


def test_an_animation_gives_its_first_frame(tmp_path: Path) -> None:
    second = Image.new("RGB", (40, 24), "white")
    path = tmp_path / "a.webp"
    Image.fromarray(CORNER).save(path, "WEBP", save_all=True, append_images=[second], lossless=True)
    picture = load_picture(path)
    assert np.array_equal(picture.image, CORNER)
    assert any("animation of 2 frames" in said for said in picture.warnings)


def test_a_bomb_is_refused_before_it_is_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("decoded"))
    (tmp_path / "bomb.png").write_bytes(png(60_000, 60_000, 8, 2, b""))
    (tmp_path / "large.png").write_bytes(png(9000, 9000, 8, 2, b""))
    for name in ("bomb.png", "large.png"):
        with pytest.raises(PictureError, match="too large"):
            load_picture(tmp_path / name)
    (tmp_path / "small.png").write_bytes(png(200, 200, 8, 2, b""))
    with pytest.raises(PictureError, match="too large"):
        load_picture(tmp_path / "small.png", PictureSettings(max_megapixels=0.02))


def test_a_huge_file_is_refused_unopened(tmp_path: Path) -> None:
    path = saved(tmp_path / "p.png", Image.effect_noise((200, 200), 90), "PNG")
    with pytest.raises(PictureError, match="MB"):
        load_picture(path, PictureSettings(max_megabytes=0.01))


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("share", [0.03, 0.3, 0.9])
def test_a_picture_cut_short_is_refused_with_a_sentence(tmp_path: Path, form: str, share: float) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    path = saved(tmp_path / "p", Image.fromarray(noise), form)
    data = path.read_bytes()
    path.write_bytes(data[: max(16, int(len(data) * share))])
    with pytest.raises(PictureError, match="damaged or cut short"):
        load_picture(path)


def test_flipped_bytes_never_end_in_anything_but_a_picture_or_a_sentence(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    for form in ("PNG", "JPEG", "WEBP"):
        path = saved(tmp_path / "p", Image.fromarray(CORNER), form)
        whole = np.frombuffer(path.read_bytes(), np.uint8)
        for _ in range(60):
            mutant = whole.copy()
            places = random.integers(12, len(mutant), 6)
            mutant[places] = random.integers(0, 256, len(places))
            path.write_bytes(mutant.tobytes())
            try:
                assert load_picture(path).image.shape[2] == 3
            except PictureError as problem:
                assert problem.hint


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"this is a text renamed", "not a picture"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(40), "HEIC"),
        (b"\x00\x00\x00\x18ftypisom\x00\x00\x00\x00isommp41" + bytes(40), "is a video"),
        (b"%!PS-Adobe-3.0 EPSF-3.0" + bytes(40), "not a picture"),
        (b"8BPS" + bytes(60), "Photoshop"),
        (b"II*\x00" + bytes(60), "TIFF"),
        (b"GIF89a" + bytes(60), "GIF"),
    ],
)
def test_other_files_named_jpg_are_refused_with_a_remedy(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "photo.jpg").write_bytes(content)
    with pytest.raises(PictureError, match=said) as caught:
        load_picture(tmp_path / "photo.jpg")
    assert caught.value.hint


def test_no_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="no such file"):
        load_picture(tmp_path / "absent.jpg")
    with pytest.raises(PictureError, match="folder"):
        load_picture(tmp_path)


def test_what_is_saved_is_what_was_given(tmp_path: Path) -> None:
    save_picture(tmp_path / "a.png", CORNER)
    assert np.array_equal(load_picture(tmp_path / "a.png").image, CORNER)
    save_picture(tmp_path / "a.jpg", CORNER[:, ::-1])
    assert np.abs(load_picture(tmp_path / "a.jpg").image.astype(int) - CORNER[:, ::-1]).mean() < 3
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.jpg", "a.png"]


def test_a_picture_that_cannot_be_saved_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="written as"):
        save_picture(tmp_path / "a.bmp", CORNER)
    with pytest.raises(OutputError, match="folder does not exist"):
        save_picture(tmp_path / "absent" / "a.png", CORNER)
    with pytest.raises(OutputError):
        save_picture(tmp_path / "a.png", np.zeros((4, 4, 3), np.complex128))  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_real_portraits_load(shared_data: Path) -> None:
    path = sorted((shared_data / "portraits").glob("*.jpg"))[0]
    picture = load_picture(path)
    expected = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
    assert np.abs(picture.image.astype(int) - expected).mean() < 1.0


def test_packaged_photographs_load() -> None:
    for path in sorted(GALLERY.glob("*.jpg"))[:3]:
        expected = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
        assert np.abs(load_picture(path).image.astype(int) - expected).mean() < 1.0
