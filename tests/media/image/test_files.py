"""Image files of all kinds, as pixels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
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
from gannb.media.image import files
from gannb.media.image.reading import read
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


@pytest.mark.parametrize("most", [255, 4095])
def test_deep_images_that_would_be_nearly_black_are_refused(tmp_path, most):
    ramp = np.linspace(0, most, 32 * 32).reshape(32, 32).astype(np.uint16)
    for name in ("cat", "dog"):
        for i in range(3):
            write(tmp_path / "set" / name / f"{i}.png", Image.fromarray(np.roll(ramp, 7 * i, 1)))
    with pytest.raises(InputError, match=r"of 6 images with 16 bits none is brighter than \d% .*scale their pixels"):
        read(str(tmp_path / "set"))
    write(tmp_path / "set" / "cat" / "bright.png", Image.fromarray(ramp * np.uint16(65535 // most)))
    assert len(read(str(tmp_path / "set")).pool) == 7  # one that uses the range, and they may be dark


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


@pytest.mark.parametrize("name", [".jpg", ".png", ".bmp", ".gif", ".webp", ".tif", ".ppm", ".jp2", ".tga", ".pcx"])
def test_common_formats(tmp_path, name):
    x, _ = first_pixels(tmp_path, name, photo(3))
    assert np.abs(x.astype(int) - np.asarray(photo(3))).mean() < 12


def test_a_bomb_is_refused_before_any_pixel_is_decoded(tmp_path, monkeypatch):
    folder_of(tmp_path)
    monkeypatch.setattr(files, "MAX_PIXELS", 32 * 32 - 1)
    monkeypatch.setattr(files, "decode_file", lambda path: pytest.fail("decoded"))
    with pytest.raises(InputError, match=r"cat/cat0.png.*32x32 pixels.*and 5 more"):
        read(str(tmp_path))


BAD_DATA = {
    "not an image": (
        lambda p: with_file(p / "set", "cat/x.jpg", b"plain text"),
        "cat/x.jpg.*not an image.*skip",
    ),
    "empty file": (lambda p: with_file(p / "set", "dog/x.png", b""), "dog/x.png.*empty.*skip"),
    "truncated": (lambda p: broken_jpeg(p / "set"), "cat/half.jpg.*truncated.*skip"),
    "unreadable format": (lambda p: with_file(p / "set", "cat/x.HEIC", b"x"), "cat/x.HEIC.*convert"),
    "bomb": (bomb, "cat/bomb.png.*pixels.*smaller"),
}


@pytest.mark.parametrize("make, sentence", BAD_DATA.values(), ids=BAD_DATA)
def test_bad_data_is_refused_in_one_sentence(tmp_path, make, sentence):
    with pytest.raises(InputError, match=sentence) as caught:
        read(str(make(tmp_path / "x" if make is bomb else tmp_path)))
    assert "\n" not in str(caught.value)
