"""Image files of all kinds, as pixels."""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from image_bytes import exif, png, ramp, with_exif, written
from image_sets import (
    bomb,
    broken_jpeg,
    folder_of,
    photo,
    with_file,
    write,
)
from PIL import Image

from gannb.data.examples import Dataset
from gannb.data.source import BadItem
from gannb.media.image.reading import read
from gannb.media.image.sources import files
from gannb.utils.errors import InputError


def grey_ramp() -> Image.Image:
    return Image.fromarray(np.tile(np.arange(0, 256, 8, dtype=np.uint8), (32, 1)))


def first_pixels(tmp_path: Path, name: str, image: Image.Image, **options: object) -> tuple[np.ndarray, Dataset]:
    """The prepared pixels of one image, read in a set with others of the same kind."""
    write(tmp_path / "a" / f"0{name}", image, **options)
    for path in ("a/1", "b/0", "b/1"):
        write(tmp_path / f"{path}{name}", image.transpose(Image.Transpose.ROTATE_180), **options)
    found = read(str(tmp_path))
    return found.pool.x[0], found


def test_sixteen_bits_are_scaled_and_not_clipped(tmp_path):
    deep = Image.fromarray(np.asarray(grey_ramp()).astype(np.uint16) * 257)
    x, found = first_pixels(tmp_path, ".png", deep)
    assert np.array_equal(x[..., 0], np.asarray(grey_ramp()))
    assert "16-bit pixels were scaled to 8 bits (4 items)" in found.report.brought_to


@pytest.mark.parametrize("name", [".png", ".tiff", ".bmp", ".pbm"])
def test_one_bit(tmp_path, name):
    x, _ = first_pixels(tmp_path, name, grey_ramp().point(lambda v: 255 * (v > 99)).convert("1"))
    assert np.array_equal(x[..., 0], np.where(np.asarray(grey_ramp()) > 99, 255, 0))


def test_palette_and_its_transparency(tmp_path):
    indices = Image.fromarray(np.tile(np.array([0, 1], np.uint8), (32, 16))).convert("P")
    indices.putpalette([200, 10, 30, 7, 80, 255])
    x, found = first_pixels(tmp_path, ".gif", indices, transparency=1)
    assert x[0, 0].tolist() == [200, 10, 30] and x[0, 1].tolist() == [255, 255, 255]
    assert found.report.modes == {"P+transparency": 4}
    assert "Transparency was composited on white (4 items)." in found.report.brought_to


def test_alpha_is_composited_on_white(tmp_path):
    rgba = np.zeros((32, 32, 4), np.uint8)
    rgba[:, 1::2] = (10, 20, 30, 255)
    rgba[0, 0] = (0, 0, 0, 128)
    x, found = first_pixels(tmp_path, ".png", Image.fromarray(rgba))
    assert x[1, 0].tolist() == [255, 255, 255] and x[0, 1].tolist() == [10, 20, 30]
    assert x[0, 0].tolist() == [127, 127, 127] and found.report.modes == {"RGBA": 4}


@pytest.mark.parametrize("name", [".jpg", ".tif"])
def test_cmyk(tmp_path, name):
    x, found = first_pixels(tmp_path, name, Image.new("RGB", (32, 32), (200, 40, 90)).convert("CMYK"))
    assert np.abs(x.astype(int) - [200, 40, 90]).max() <= 4 and found.report.modes == {"CMYK": 4}


@pytest.mark.parametrize("name", [".jpg", ".png", ".webp", ".tif"])
def test_exif_orientation_is_applied(tmp_path, name):
    upright = np.zeros((48, 32, 3), np.uint8)
    upright[:24] = 240  # light above, dark below
    exif = Image.Exif()
    exif[0x0112] = 6  # stored lying on its side: turn by 90 degrees to show
    stored = Image.fromarray(upright).transpose(Image.Transpose.ROTATE_90)
    for path in ("a/0", "a/1", "b/0", "b/1"):
        write(tmp_path / f"{path}{name}", stored, exif=exif)
    found = read(str(tmp_path))
    assert found.report.shapes == {"48x32": 4} and found.pool.shape == (48, 32, 1)
    assert found.pool.x[0, :20].min() > 200 and found.pool.x[0, 28:].max() < 40


@pytest.mark.parametrize(
    "broken",
    [exif(6, count=40), exif(6, cut=8), b"Exif\0\0nonsense", b"Exif\0\0II*\0\xff\xff\xff\x7f", b"Exif\0\0MM\0*\0\0"],
)
def test_damaged_exif_neither_stops_nor_warns_and_is_said(tmp_path, broken, recwarn, capfd):
    image = write(tmp_path / "plain.jpg", photo(3)).read_bytes()
    for path in ("a/0", "a/1", "b/0", "b/1"):
        turned = write(tmp_path / f"set/{path}.jpg", photo(ord(path[0]) + ord(path[2])))
        turned.write_bytes(with_exif(turned.read_bytes(), exif(1)))
    written(tmp_path / "set/a/2.jpg", with_exif(image, broken))
    found = read(str(tmp_path / "set"))
    assert "Damaged EXIF data were ignored, in which an orientation may have stood (1 item)." in found.report.brought_to
    assert not recwarn.list and capfd.readouterr() == ("", "")


def test_no_warning_of_pillows_and_no_log_reaches_the_terminal(tmp_path):
    folder_of(tmp_path / "set")
    image = write(tmp_path / "plain.jpg", photo(3)).read_bytes()
    written(tmp_path / "set/cat/x.jpg", with_exif(image, exif(6, count=40)))
    code = f"from gannb.media.image.reading import read; read({str(tmp_path / 'set')!r})"
    done = subprocess.run([sys.executable, "-W", "default", "-c", code], capture_output=True, text=True, check=True)
    assert "PIL" not in done.stderr and "EXIF" not in done.stderr


@pytest.mark.parametrize("name", [".gif", ".webp", ".png", ".avif", ".mpo"])
def test_of_several_frames_the_first_is_taken_and_that_is_said(tmp_path, name):
    later = [photo(5), photo(6)]
    exact = {"lossless": True} if name == ".webp" else {"quality": 95} if name in (".avif", ".mpo") else {}
    x, found = first_pixels(tmp_path, name, photo(3), save_all=True, append_images=later, **exact)
    assert np.abs(x.astype(int) - np.asarray(photo(3))).mean() < 12
    assert "Of several pictures or frames in a file the first was taken (4 items)." in found.report.brought_to
    _, found = first_pixels(tmp_path / "one", name, photo(3), **exact)
    assert "frames" not in found.report.brought_to


def test_colour_jpeg_2000_of_16_bits_is_refused_for_pillow_makes_black_of_white(tmp_path):
    path = write(tmp_path / "x.jp2", photo(3))
    content = bytearray(path.read_bytes())
    at = content.find(b"\xff\x4f\xff\x51") + 42
    assert content[at] == 7
    content[at] = 15
    with pytest.raises(BadItem, match="JPEG 2000 image in colour of 16 bits"):
        files.read_header(written(tmp_path / "y.jp2", bytes(content)))


@pytest.mark.parametrize("name", [".heic", ".HEIF", ".hif", ".jpg", ".png"])
def test_heic_is_read_under_any_name_where_its_extra_is_installed(tmp_path, name):
    pytest.importorskip("pillow_heif").register_heif_opener()
    x, found = first_pixels(tmp_path, name, photo(3, 64, 64), format="HEIF", quality=95)
    assert np.abs(x.astype(int) - np.asarray(photo(3, 64, 64))).mean() < 12 and found.report.modes == {"RGB": 4}


@pytest.mark.parametrize("name", [".heic", ".jpg"])
def test_heic_is_named_with_its_way_out_where_the_extra_is_missing(tmp_path, monkeypatch, name):
    monkeypatch.setattr(files, "_reads_heif", lambda: False)
    written(folder_of(tmp_path) / "cat" / f"x{name}", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(99))
    with pytest.raises(InputError, match=rf"cat/x{name} .*HEIC image.*pip install 'gannb\[heic\]'.*convert"):
        read(str(tmp_path))


@pytest.mark.parametrize("extension", [".dcm", ".svs", ".czi", ".jxl", ".fits", ".cr3", ".exr"])
def test_pictures_of_other_programs_are_bad_images_and_not_ignored(tmp_path, extension):
    with pytest.raises(InputError, match=f"cat/x{extension} .*not read here; convert"):
        read(str(with_file(tmp_path, f"cat/x{extension}", b"x")))


@pytest.mark.parametrize("name", [".jpg", ".png", ".bmp", ".gif", ".webp", ".tif", ".ppm", ".jp2", ".tga", ".pcx"])
def test_common_formats(tmp_path, name):
    x, _ = first_pixels(tmp_path, name, photo(3))
    assert np.abs(x.astype(int) - np.asarray(photo(3))).mean() < 12


def test_a_bomb_is_refused_before_any_pixel_is_decoded(tmp_path, monkeypatch):
    folder_of(tmp_path)
    monkeypatch.setattr(files, "MAX_PIXELS", 32 * 32 - 1)
    monkeypatch.setattr(files, "decode_file", lambda path: pytest.fail("decoded"))
    with pytest.raises(InputError, match=r"cat/cat0.png.*32x32 pixels.*and 2 more"):
        read(str(tmp_path))


BAD_DATA = {
    "not an image": (
        lambda p: with_file(p / "set", "cat/x.jpg", b"plain text"),
        "cat/x.jpg.*not an image.*skip",
    ),
    "empty file": (lambda p: with_file(p / "set", "dog/x.png", b""), "dog/x.png.*empty.*skip"),
    "truncated": (lambda p: broken_jpeg(p / "set"), "cat/half.jpg.*truncated.*skip"),
    "unreadable format": (lambda p: with_file(p / "set", "cat/x.DCM", b"x"), "cat/x.DCM.*convert"),
    "bomb": (bomb, "cat/bomb.png.*pixels.*smaller"),
}


@pytest.mark.parametrize("make, sentence", BAD_DATA.values(), ids=BAD_DATA)
def test_bad_data_is_refused_in_one_sentence(tmp_path, make, sentence):
    with pytest.raises(InputError, match=sentence) as caught:
        read(str(make(tmp_path / "x" if make is bomb else tmp_path)))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("coded", "says"), [((12, 13), "Display P3"), ((9, 16), "HDR .PQ"), ((9, 18), "HDR .HLG"), ((1, 13), "")]
)
def test_colours_that_a_png_tells_in_code_are_srgb_or_refused_by_name(tmp_path, coded, says):
    chunk = (b"cICP", bytes([*coded, 0, 1]))
    path = written(tmp_path / "x.png", png(np.dstack([ramp(8)] * 3), chunk))
    if not says:
        assert np.array_equal(files.decode_file(path)[0], ramp(8))
        return
    with pytest.raises(BadItem, match=says):
        files.read_header(path)


def test_an_avif_of_hdr_is_refused_and_one_of_srgb_is_read(tmp_path):
    path = write(tmp_path / "x.avif", photo(1), quality=100)
    assert files.read_header(path) == (32, 32)
    at = path.read_bytes().find(b"colrnclx") + 8
    content = path.read_bytes()
    assert at > 8
    written(path, content[:at] + struct.pack(">HH", 9, 16) + content[at + 4 :])
    with pytest.raises(BadItem, match="HDR .PQ.*save it as sRGB"):
        files.read_header(path)


def test_a_bitmap_of_5_6_and_5_bits_is_not_said_to_have_16(tmp_path):
    image = np.asarray(photo(1)).astype(np.uint16)
    values = (image[..., 0] >> 3 << 11 | image[..., 1] >> 2 << 5 | image[..., 2] >> 3).astype("<u2")
    head = struct.pack("<IiiHHIIiiII3I", 40, 32, -32, 1, 16, 3, 0, 0, 0, 0, 0, 0xF800, 0x7E0, 0x1F)
    content = b"BM" + struct.pack("<IHHI", 66 + 2048, 0, 0, 66) + head + values.tobytes()
    found, word = files.decode_file(written(tmp_path / "x.bmp", content))
    assert word == "RGB" and np.abs(found.astype(int) - image).max() <= 8
