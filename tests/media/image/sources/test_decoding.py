"""Opened images as pixels of 8 bits."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from image_bytes import exif, png, ramp, written
from image_sets import photo, write
from PIL import Image

from gannb.data.source import BadItem
from gannb.media.image.sources import decoding
from gannb.media.image.sources.files import decode_file, read_header


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", [".png", ".tif"])
def test_every_orientation_is_brought_upright(tmp_path, name, orientation):
    turns = {
        2: lambda x: x[:, ::-1], 3: lambda x: x[::-1, ::-1], 4: lambda x: x[::-1], 5: lambda x: x.swapaxes(0, 1),
        6: lambda x: np.rot90(x, -1), 7: lambda x: np.rot90(x, 2).swapaxes(0, 1), 8: lambda x: np.rot90(x),
    }  # fmt: skip
    stored = np.asarray(photo(3, 24, 40))
    found, _ = decode_file(write(tmp_path / f"x{name}", Image.fromarray(stored), exif=exif(orientation)[6:]))
    assert np.array_equal(found, turns.get(orientation, lambda x: x)(stored))


@pytest.mark.parametrize("channels", [1, 3])
def test_png_of_16_bits_with_and_without_transparency(tmp_path, channels):
    deep = np.asarray(ramp(16), ">u2")[..., None].repeat(channels, 2)
    for alpha in (False, True):
        path = written(
            tmp_path / f"{alpha}.png", png(np.dstack([deep, np.full((32, 32), 65535, ">u2")]) if alpha else deep)
        )
        found, word = decode_file(path)
        assert np.abs(found.astype(int) - ramp(8)).max() <= 1 and ";16" in word


@pytest.mark.parametrize("most", [15, 255, 1000, 4095, 65535])
def test_portable_grey_maps_of_any_depth(tmp_path, most):
    values = np.tile((np.arange(32) * most // 31).astype(np.uint8 if most < 256 else ">u2"), (32, 1))
    found, _ = decode_file(written(tmp_path / "x.pgm", b"P5 32 32 %d\n" % most + values.tobytes()))
    assert np.abs(found - 255 * values.astype(float) / most).max() <= 1


@pytest.mark.parametrize(
    "bits, level", [(1, 0), (1, 1), (2, 1), (2, 3), (4, 1), (4, 8), (8, 24), (16, 65535 * 3 // 31)]
)
def test_the_transparent_level_of_a_grey_png_of_any_depth(tmp_path, bits, level):
    levels = ramp(bits) if bits >= 8 else np.tile(np.arange(32) % 2**bits, (32, 1))
    stored = levels
    if bits < 8:
        ones = (levels[..., None] >> np.arange(bits - 1, -1, -1)) & 1
        stored = np.packbits(ones.reshape(32, -1), axis=1)
    content = png(stored, (b"tRNS", struct.pack(">H", level)), bits=bits)
    found, word = decode_file(written(tmp_path / "x.png", content))
    wanted = np.where(levels == level, 255, levels * 255.0 / (2**bits - 1))
    assert np.abs(found - wanted).max() <= 1 and word.endswith("+transparency") and (levels == level).any()


def test_a_transparent_colour_of_16_bits_is_refused(tmp_path):
    content = png(np.dstack([ramp(16)] * 3), (b"tRNS", struct.pack(">HHH", 9, 9, 9)))
    with pytest.raises(BadItem, match="PNG of 16 bits with a transparent colour"):
        decode_file(written(tmp_path / "x.png", content))


@pytest.mark.parametrize("name", [".png", ".tga", ".webp", ".tif"])
def test_an_image_of_which_nothing_would_be_seen_is_refused(tmp_path, name):
    pixels = np.dstack([np.asarray(photo(3)), np.zeros((32, 32), np.uint8)])  # as where a fourth byte has no meaning
    with pytest.raises(BadItem, match="all of it is transparent"):
        decode_file(write(tmp_path / f"x{name}", Image.fromarray(pixels)))


def test_the_orientation_of_a_png_may_come_behind_its_pixels(tmp_path):
    pixels = np.asarray(photo(3, 24, 40))
    path = written(tmp_path / "x.png", png(pixels, behind=((b"eXIf", exif(6)[6:]),)))
    assert read_header(path) == (40, 24) and np.array_equal(decode_file(path)[0], np.rot90(pixels, -1))


@pytest.mark.parametrize("name", [".jpg", ".avif", ".webp"])
@pytest.mark.parametrize("orientation", [0, 1, 6, 9])
def test_header_and_pixels_agree_on_the_shape(tmp_path, name, orientation):
    path = write(tmp_path / f"x{name}", photo(3, 24, 40), exif=exif(orientation))
    assert read_header(path) == decode_file(path)[0].shape[:2] == ((40, 24) if orientation == 6 else (24, 40))


def test_cmyk_as_adobe_inverts_it(tmp_path):
    """Photoshop stores 255 - ink and says so by its marker; without the marker 255 is full ink (libjpeg's README)."""
    ink = photo(3).convert("CMYK")
    path = write(tmp_path / "x.jpg", ink, quality=100)
    content = path.read_bytes()
    assert b"Adobe" in content and np.abs(decode_file(path)[0].astype(int) - np.asarray(photo(3))).max() < 9


@pytest.mark.parametrize("size", [(40, 30), (63, 31), (64, 32), (200, 130), (50, 400)])  # width, height
@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif", "a.webp"])
def test_of_huge_images_every_few_pixels_become_one(tmp_path, monkeypatch, name, size):
    monkeypatch.setattr(decoding, "KEPT", 16)
    picture = photo(3, size[1], size[0])
    pixels, _ = decode_file(write(tmp_path / name, picture))
    height, width = pixels.shape[:2]
    times = max(1, min(size) // 16)
    assert 16 <= min(height, width) < 32 or times == 1
    assert (height, width) == (-(-size[1] // times), -(-size[0] // times)) or name == "a.jpg"
    small = np.asarray(picture.resize((width, height), Image.Resampling.BOX), int)
    assert np.abs(pixels.astype(int) - small).mean() < 10


def test_a_huge_photograph_is_turned_upright_and_its_header_says_its_own_size(tmp_path, monkeypatch):
    monkeypatch.setattr(decoding, "KEPT", 16)
    turned = Image.Exif()
    turned[decoding.ORIENTATION] = 6
    file = write(tmp_path / "a.jpg", photo(3, 60, 120), exif=turned)
    assert read_header(file) == (120, 60)
    pixels, _ = decode_file(file)
    assert pixels.shape[0] > pixels.shape[1] and min(pixels.shape[:2]) < 32


@pytest.mark.parametrize("kind", ["grey", "palette", "16 bits", "transparent", "cmyk"])
def test_of_whatever_kind_huge_images_are_they_become_smaller(tmp_path, monkeypatch, kind):
    monkeypatch.setattr(decoding, "KEPT", 16)
    picture, name = photo(3, 80, 80), "a.png"
    if kind == "grey":
        picture = picture.convert("L")
    elif kind == "palette":
        picture = picture.convert("P")
    elif kind == "16 bits":
        picture = Image.fromarray(np.asarray(picture.convert("L")).astype(np.uint16) * 257)
    elif kind == "transparent":
        picture.putalpha(Image.new("L", picture.size, 128))
    else:
        picture, name = picture.convert("CMYK"), "a.tif"
    assert decode_file(write(tmp_path / name, picture))[0].shape[:2] == (16, 16)
