"""TIFF files of all layouts: read as they are meant, or refused by name."""

from __future__ import annotations

import json
import zlib

import numpy as np
import pytest
from image_bytes import ramp, tiff, written
from PIL import Image

from gannb.data.source import BadItem
from gannb.media.image.sources.files import decode_file, read_header
from gannb.media.image.sources.tiff import layout

GREY = ramp(8)
COLOUR = np.dstack([GREY, GREY.T, 255 - GREY])
WHITE = {262: (0,)}
SIGNED = ramp(16) // 2


def found(tmp_path, content: bytes) -> tuple[np.ndarray, str]:
    path = written(tmp_path / "x.tif", content)
    assert read_header(path) == (32, 32)
    return decode_file(path)


@pytest.mark.parametrize("order, big", [("<", False), (">", False), ("<", True)])
@pytest.mark.parametrize("tags", [{}, WHITE], ids=["black is zero", "white is zero"])
@pytest.mark.parametrize(
    "pixels, word",
    [
        (GREY, "L"),
        (ramp(16), "I;16"),
        (SIGNED.astype(np.int16), "I;16S"),
        ((ramp(8) // 2).astype(np.int8), "I;8S"),
        (np.int32(65537) * SIGNED.astype(np.int32), "I;32S"),
        ((GREY / 255).astype(np.float32), "F"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_grey_of_any_number_keeps_its_contrast_and_its_side(tmp_path, pixels, word, tags, order, big):
    grey, stored = found(tmp_path, tiff((pixels, tags), order=order, big=big))
    wanted = (255 - GREY if tags else GREY).astype(int)
    assert np.abs(grey - wanted).max() <= 1 and stored == word  # signed numbers have one bit less


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "packbits"])
def test_white_is_zero_whatever_the_compression(tmp_path, compression):
    for pixels in (ramp(8), ramp(16)):
        path = tmp_path / "x.tif"
        Image.fromarray(pixels).save(path, compression=compression)
        content = bytearray(path.read_bytes())
        at, order = layout(path).white_at
        content[at : at + 2] = bytes(2)
        path.write_bytes(content)
        assert order == "<" and np.abs(decode_file(path)[0].astype(int) - (255 - GREY.astype(int))).max() <= 1


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("pixels", [GREY, ramp(16), SIGNED.astype(np.int16), (GREY / 255).astype(np.float32)])
def test_grey_that_lies_on_its_side_is_brought_upright_at_every_depth(tmp_path, pixels, order):
    path = written(tmp_path / "x.tif", tiff((pixels[:12], {274: (6,)}), order=order))
    grey, _ = decode_file(path)
    assert read_header(path) == grey.shape == (32, 12)
    assert np.abs(grey.astype(int) - np.rot90(GREY[:12], -1)).max() <= 1


def deflated(pixels: np.ndarray, order: str) -> bytes:
    raw = zlib.compress(pixels.astype(pixels.dtype.newbyteorder(order)).tobytes())
    kind = {"u": 1, "i": 2, "f": 3}[pixels.dtype.kind]
    size = {256: (32,), 257: (32,), 258: (8 * pixels.dtype.itemsize,), 259: (8,), 278: (32,), 339: (kind,)}
    return tiff((np.frombuffer(raw, np.uint8)[None], size), order=order)


def test_compressed_numbers_in_big_endian_order_are_right_or_refused(tmp_path):
    values = ((GREY // 4) / 64).astype(np.float32)  # whose bytes are numbers of 0 to 1 in the wrong order too
    for order in "<>":
        grey, _ = found(tmp_path, deflated(ramp(16), order))
        assert np.abs(grey.astype(int) - GREY).max() <= 1
    assert np.abs(found(tmp_path, deflated(values, "<"))[0].astype(int) - GREY).max() <= 4
    for pixels in (values, SIGNED.astype(np.int16), SIGNED.astype(np.int32)):
        with pytest.raises(BadItem, match="compressed in big-endian byte order; save it without compression"):
            read_header(written(tmp_path / "x.tif", deflated(pixels, ">")))


def test_12_bits_are_scaled_by_12(tmp_path):
    values = ramp(12).astype(np.uint16).reshape(-1, 2)
    packed = np.stack([values[:, 0] >> 4, (values[:, 0] & 15) << 4 | values[:, 1] >> 8, values[:, 1] & 255], 1)
    content = packed.astype(np.uint8).reshape(32, 48)
    for tags, wanted in (({}, GREY), (WHITE, 255 - GREY)):
        grey, word = found(tmp_path, tiff((content, {256: (32,), 258: (12,)} | tags)))
        assert word == "I;12" and np.abs(grey.astype(int) - wanted).max() <= 1


def test_colour_of_8_and_16_bits_and_with_transparency(tmp_path):
    rgb = {262: (2,)}
    for order in "<>":
        assert np.array_equal(found(tmp_path, tiff((COLOUR, rgb), order=order))[0], COLOUR)
        pixels, word = found(tmp_path, tiff((COLOUR.astype(np.uint16) * 257, rgb), order=order))
        assert np.array_equal(pixels, COLOUR) and word == "RGB;16"
    planes = tiff((np.moveaxis(COLOUR, 2, 0), rgb | {284: (2,)}))
    assert np.array_equal(found(tmp_path, planes)[0], COLOUR)
    alpha = np.dstack([COLOUR, np.where(GREY > 99, 255, 0).astype(np.uint8)])
    pixels, word = found(tmp_path, tiff((alpha, rgb | {338: (2,)})))
    assert word == "RGBA" and (pixels[GREY <= 99] == 255).all() and np.array_equal(pixels[GREY > 99], COLOUR[GREY > 99])


def test_grey_with_transparency_of_both_kinds(tmp_path):
    half = np.dstack([GREY, np.full_like(GREY, 128)])
    assert found(tmp_path, tiff((half, {338: (2,)})))[0][0, 0] == 127  # black of which half is seen
    premultiplied = np.dstack([np.full_like(GREY, 64), np.full_like(GREY, 128)])  # 127 of 255, of which half is seen
    assert abs(int(found(tmp_path, tiff((premultiplied, {338: (1,)})))[0][0, 0]) - 191) <= 1


def test_lab_and_ink(tmp_path):
    lab = np.full((32, 32, 3), (138, 81, 70), np.uint8)  # CIE L*a*b* of sRGB's red at D50
    pixels, word = found(tmp_path, tiff((lab, {262: (8,)})))
    assert word == "LAB" and np.abs(pixels.astype(int) - (255, 0, 0)).max() <= 6
    ink = np.dstack([255 - COLOUR, np.zeros_like(GREY)])
    assert np.array_equal(found(tmp_path, tiff((ink, {262: (5,)})))[0], COLOUR)


def test_previews_and_masks_of_the_first_page_are_no_stack(tmp_path):
    small = GREY[::2, ::2]
    for tags in ({254: (1,)}, {254: (4,)}, {255: (2,)}):
        assert np.array_equal(found(tmp_path, tiff(GREY, (small, tags)))[0], GREY)


IMAGEJ = {270: b"ImageJ=1.53t\nimages=7\nslices=7\n\0"}  # a stack with the tags of one page


@pytest.mark.parametrize("content", [tiff(GREY, GREY.T, 255 - GREY), tiff((GREY, IMAGEJ))], ids=["pages", "ImageJ"])
def test_of_a_stack_the_first_page_is_taken_and_that_is_noted(tmp_path, content):
    grey, word = found(tmp_path, content)
    assert np.array_equal(grey, GREY) and word == "L+pages"


TWO, FIVE = np.dstack([GREY, GREY.T]), np.dstack([COLOUR, GREY, GREY])
REFUSED = {
    "a preview first": (tiff((GREY[::2, ::2], {254: (1,)}), GREY), "first page is a preview"),
    "2 channels": (tiff(TWO), "TIFF with 2 channels of 8-bit whole numbers"),
    "2 channels of no meaning": (tiff((TWO, {338: (0,)})), "TIFF with 2 channels"),
    "2 channels in planes": (tiff((np.moveaxis(TWO, 2, 0), {284: (2,)})), "TIFF with 2 channels"),
    "3 channels that are no colour": (tiff(COLOUR), "TIFF with 3 channels"),
    "colour and infrared": (tiff((FIVE[..., :4], {262: (2,), 338: (0,)})), "TIFF with 4 channels"),
    "colour and something": (tiff((FIVE[..., :4], {262: (2,)})), "TIFF with 4 channels"),
    "5 channels": (tiff((FIVE, {262: (2,), 338: (0, 0)})), "TIFF with 5 channels"),
    "13 channels of 16 bits": (tiff(np.dstack([ramp(16)] * 13)), "TIFF with 13 channels of 16-bit"),
    "inks other than CMYK": (tiff((FIVE[..., :4], {262: (5,), 332: (2,)})), "inks other than CMYK"),
    "planes of 16 bits": (
        tiff((np.moveaxis(COLOUR.astype(np.uint16), 2, 0), {262: (2,), 284: (2,)})),
        "3 channels of 16-bit whole numbers in planes",
    ),
    "half floats": (tiff((GREY / 255).astype(np.float16)), "1 channel of 16-bit floats"),
    "double floats": (tiff(GREY / 255), "1 channel of 64-bit floats"),
    "colour of floats": (tiff(((COLOUR / 255).astype(np.float32), {262: (2,)})), "3 channels of 32-bit floats"),
    "floats beyond 1": (tiff(GREY.astype(np.float32)), "float32 outside 0..1"),
    "floats that are none": (tiff(np.full((32, 32), np.nan, np.float32)), "NaN"),
    "values below 0": (tiff((ramp(16).astype(np.int32) - 32768).astype(np.int16)), "int16 with values below 0"),
    "bytes below 0": (tiff(GREY.astype(np.int8)), "int8 with values below 0"),
    "64 bits": (tiff(GREY.astype(np.uint64)), "1 channel of 64-bit whole numbers"),
    "complex numbers": (tiff(GREY.astype(np.complex64)), "complex"),
    "grey of 16 bits with transparency": (tiff((np.dstack([ramp(16)] * 2), {338: (2,)})), "2 channels of 16-bit"),
    "raw camera pixels": (tiff((GREY, {262: (32803,)})), "raw camera pixels"),
    "a mask": (tiff((GREY, {262: (4,)})), "TIFF of a mask"),
    "an unknown kind": (tiff((GREY, {262: (77,)})), "number 77"),
    "an unknown compression": (tiff((GREY, {259: (50001,)})), "compression .*50001"),
    "subsampled colour": (tiff((COLOUR, {262: (6,), 530: (2, 2)})), "subsampled YCbCr"),
    "channels that differ": (tiff((COLOUR, {262: (2,), 258: (8, 8, 4)})), "stored differently"),
    "tags cut short": (tiff(GREY)[:-20], "TIFF that is damaged or cut short"),
    "a BigTIFF in big-endian order": (tiff(GREY, order=">", big=True), "BigTIFF in big-endian"),
    "swapped bytes": (b"II\0*" + tiff(GREY)[4:], "TIFF with a damaged header"),
    "no page": (b"II*\0" + bytes(4), "TIFF that is damaged or cut short"),
}


@pytest.mark.parametrize("content, sentence", REFUSED.values(), ids=REFUSED)
def test_what_is_not_one_picture_is_refused_by_name_and_before_any_pixel_is_decoded(tmp_path, content, sentence, capfd):
    for name in ("x.tif", "x.jpg"):
        path = written(tmp_path / name, content)
        with pytest.raises(BadItem, match=sentence) as caught:
            read_header(path)
            decode_file(path)
        assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_a_file_of_another_kind_has_no_layout(tmp_path):
    assert layout(written(tmp_path / "x.tif", json.dumps({}).encode())) is None
