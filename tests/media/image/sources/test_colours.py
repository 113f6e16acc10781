"""Colours brought to sRGB."""

from __future__ import annotations

import numpy as np
import pytest
from image_bytes import SRGB_PRIMARIES, adobe_rgb_exif, ink_profile, profile, written
from image_sets import photo, write
from PIL import Image, ImageCms, PngImagePlugin

from gannb.media.image.sources.colours import to_srgb
from gannb.media.image.sources.files import decode_file

STEPS = np.arange(256, dtype=np.uint8)[None]
ADOBE_PRIMARIES = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))  # XYZ, D50


def encoded(light: np.ndarray) -> np.ndarray:
    """Light of 0..1 as values of sRGB, 0..255 (IEC 61966-2-1)."""
    return 255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize("gamma", [1.8, 2.2, 2.6])
@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".webp"])
def test_grey_and_colour_follow_the_profile_in_every_format(tmp_path, suffix, gamma):
    tall = np.repeat(STEPS, 16, 0)
    for space, pixels in (("GRAY", tall), ("RGB ", np.dstack([tall] * 3))):
        if suffix == ".webp" and space == "GRAY":
            continue  # webp has no grey
        exact = {"quality": 100, "lossless": True} if suffix != ".jpg" else {"quality": 100}
        options = exact if suffix in (".jpg", ".webp") else {}
        path = write(tmp_path / f"x{suffix}", Image.fromarray(pixels), icc_profile=profile(space, gamma), **options)
        found, word = decode_file(path)
        assert np.abs(found[8] - encoded((STEPS[0] / 255) ** gamma)).max() <= 2.5
        assert word.endswith("+profile") and np.abs(found[8].astype(int) - STEPS[0]).max() > 5


def test_16_bits_palette_and_transparency_follow_it_too(tmp_path):
    wanted = encoded((STEPS[0] / 255) ** 1.8)
    deep = write(tmp_path / "d.png", Image.fromarray(STEPS.astype(np.uint16) * 257), icc_profile=profile("GRAY", 1.8))
    assert np.abs(decode_file(deep)[0][0] - wanted).max() <= 2
    colour = profile("RGB ", 1.8)
    palette = Image.fromarray(STEPS).convert("P", palette=Image.Palette.ADAPTIVE)
    found, _ = decode_file(write(tmp_path / "p.png", palette, icc_profile=colour))
    assert np.abs(found[0] - wanted).max() <= 2
    alpha = Image.fromarray(np.dstack([STEPS, STEPS, STEPS, np.where(STEPS > 99, 255, 0)]).astype(np.uint8))
    found, word = decode_file(write(tmp_path / "a.png", alpha, icc_profile=colour))
    assert (found[0, :100] == 255).all() and np.abs(found[0, 100:] - wanted[100:]).max() <= 2 and word == "RGBA+profile"
    grey = alpha.convert("LA")
    found, _ = decode_file(write(tmp_path / "la.png", grey, icc_profile=profile("GRAY", 1.8)))
    assert (found[0, :100] == 255).all() and np.abs(found[0, 100:] - wanted[100:]).max() <= 2


def test_the_profile_in_the_colour_box_of_jpeg_2000(tmp_path):
    path = write(tmp_path / "x.jp2", Image.fromarray(np.dstack([np.repeat(STEPS, 32, 0)] * 3)))
    content, own = path.read_bytes(), profile("RGB ", 1.8)
    colour, header = content.index(b"colr") - 4, content.index(b"jp2h") - 4
    end = colour + int.from_bytes(content[colour : colour + 4], "big")
    box = (11 + len(own)).to_bytes(4, "big") + b"colr\2\0\0" + own
    longer = int.from_bytes(content[header : header + 4], "big") + len(box) - (end - colour)
    content = content[:header] + longer.to_bytes(4, "big") + content[header + 4 : colour] + box + content[end:]
    found, word = decode_file(written(path, content))
    assert word == "RGB+profile" and np.abs(found[8] - encoded((STEPS[0] / 255) ** 1.8)).max() <= 2


@pytest.mark.parametrize("suffix", [".jpg", ".tif"])
def test_ink_follows_its_profile(tmp_path, suffix):
    ink = np.zeros((32, 32, 4), np.uint8)
    ink[:16, ..., 0], ink[16:, ..., 3] = 255, 255  # cyan, which that paper swallows, and black
    path = write(tmp_path / f"x{suffix}", Image.fromarray(ink, "CMYK"), icc_profile=ink_profile())
    found, word = decode_file(path)
    assert word == "CMYK+profile" and found[:8].min() > 250 and found[24:].max() < 5


def test_srgb_itself_changes_nothing():
    for own in (ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(), None):
        image = photo(3)
        image.info["icc_profile"] = own
        same, done = to_srgb(image)
        assert done == "" and np.array_equal(np.asarray(same), np.asarray(photo(3)))


@pytest.mark.parametrize("kind", [profile("GRAY", 1.8), ink_profile()])
def test_a_profile_of_other_pixels_is_ignored_and_that_is_said(tmp_path, kind):
    found, word = decode_file(write(tmp_path / "x.jpg", photo(3), icc_profile=kind, quality=100))
    assert word == "RGB+unusable profile" and np.abs(found.astype(int) - np.asarray(photo(3))).max() < 12


def test_grey_in_a_profile_of_colours_is_a_colour_of_equal_channels(tmp_path):
    colour = profile("RGB ", 1.8)
    grey, word = decode_file(write(tmp_path / "x.jpg", Image.fromarray(STEPS), icc_profile=colour, quality=100))
    assert word == "L+profile" and np.abs(grey[0] - encoded((STEPS[0] / 255) ** 1.8)).max() <= 2.5
    own = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert decode_file(write(tmp_path / "y.tif", Image.fromarray(STEPS), icc_profile=own))[1] == "L"


def test_a_transparent_level_of_grey_does_not_keep_its_profile_from_being_used(tmp_path):
    path = write(tmp_path / "x.png", Image.fromarray(STEPS), transparency=40, icc_profile=profile("GRAY", 1.8))
    found, word = decode_file(path)
    wanted = encoded((STEPS[0] / 255) ** 1.8)
    wanted[40] = 255
    assert word == "L+transparency+profile" and np.abs(found[0] - wanted).max() <= 2


@pytest.mark.parametrize("broken", [b"nonsense", profile("RGB ", 1.8)[:200], bytes(128)])
def test_a_damaged_profile_is_ignored_and_that_is_said(tmp_path, broken):
    found, word = decode_file(write(tmp_path / "x.png", photo(3), icc_profile=broken))
    assert word == "RGB+unusable profile" and np.array_equal(found, np.asarray(photo(3)))


def gamma_png(path, image: Image.Image, gamma: float, *chunks: tuple[bytes, bytes]):
    info = PngImagePlugin.PngInfo()
    info.add(b"gAMA", round(gamma * 100_000).to_bytes(4, "big"))
    for name, content in chunks:
        info.add(name, content)
    return write(path, image, pnginfo=info)


def test_the_gamma_of_a_png(tmp_path):
    found, word = decode_file(gamma_png(tmp_path / "x.png", Image.fromarray(STEPS), 1.0))
    assert word == "L+profile" and np.abs(found[0] - encoded(STEPS[0] / 255)).max() <= 0.51
    for path in (
        gamma_png(tmp_path / "y.png", Image.fromarray(STEPS), 0.45455),
        gamma_png(tmp_path / "z.png", Image.fromarray(STEPS), 1.0, (b"sRGB", b"\0")),  # which wins
    ):
        found, word = decode_file(path)
        assert word == "L" and np.array_equal(found, STEPS)


def test_adobe_rgb_by_name_and_by_chromaticities_is_what_its_profile_says(tmp_path):
    image = photo(3)
    wanted, _ = decode_file(write(tmp_path / "x.png", image, icc_profile=profile("RGB ", 563 / 256, ADOBE_PRIMARIES)))
    named, word = decode_file(write(tmp_path / "y.png", image, exif=adobe_rgb_exif()))
    numbers = (0.3127, 0.3290, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06)
    chroma = b"".join(round(value * 100_000).to_bytes(4, "big") for value in numbers)
    told, _ = decode_file(gamma_png(tmp_path / "z.png", image, 256 / 563, (b"cHRM", chroma)))
    assert word == "RGB+profile" and np.abs(wanted.astype(int) - np.asarray(image)).max() > 9
    for found in (named, told):
        assert np.abs(found.astype(int) - wanted).max() <= 2


def test_the_profile_wins_over_what_else_is_told(tmp_path):
    own = profile("RGB ", 1.8, SRGB_PRIMARIES)
    both = write(tmp_path / "x.png", photo(3), icc_profile=own, exif=adobe_rgb_exif())
    alone = write(tmp_path / "y.png", photo(3), icc_profile=own)
    assert np.array_equal(decode_file(both)[0], decode_file(alone)[0])
