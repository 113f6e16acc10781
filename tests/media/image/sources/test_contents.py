"""What a file is that is no image, by its first bytes."""

from __future__ import annotations

import struct

import pytest
from image_bytes import written

from gannb.data.source import BadItem
from gannb.media.image.sources import files
from gannb.media.image.sources.contents import colour_bits_of_jpeg2000, is_heif


def box(brand: bytes, others: bytes = b"") -> bytes:
    return struct.pack(">I4s4sI", 16 + len(others), b"ftyp", brand, 0) + others


def jpeg(marker: int, bits: int, channels: int) -> bytes:
    """The head of a JPEG: a comment, then the frame's header."""
    return (
        b"\xff\xd8\xff\xfe\0\4hi" + bytes([0xFF, marker, 0, 8 + 3 * channels, bits, 0, 9, 0, 9, channels]) + bytes(99)
    )


NAMED = {
    "HEIC": (box(b"heic"), r"HEIC image.*pip install 'gannb\[heic\]'.*convert"),
    "HEIC by a general brand": (box(b"mif1", b"mif1heic"), "HEIC image"),
    "AVIF cut short": (box(b"avif"), "AVIF image that cannot be decoded"),
    "a film of a telephone": (box(b"qt  "), "film"),
    "a film": (b"RIFF\x10\0\0\0AVI LIST", "film"),
    "JPEG XL": (b"\xff\x0a" + bytes(30) + b"x", "JPEG XL"),
    "JPEG XL in boxes": (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
    "JPEG XR": (b"II\xbc\x01", "JPEG XR"),
    "JPEG-LS": (jpeg(0xF7, 8, 1), "JPEG-LS"),
    "JPEG of 12 bits": (jpeg(0xC1, 12, 1), "JPEG of 12 bits"),
    "JPEG without loss": (jpeg(0xC3, 16, 1), "lossless JPEG of 16 bits"),
    "JPEG of 2 channels": (jpeg(0xC0, 8, 2), "JPEG of 8 bits.*channels: 2"),
    "DICOM": (bytes(128) + b"DICM", "DICOM"),
    "PDF": (b"%PDF-1.7", "PDF"),
    "Photoshop": (b"8BPS\0\1", "Photoshop"),
    "SVG": (b'<?xml version="1.0"?>\n<svg xmlns="x"/>', "SVG"),
    "a page of a server": (b"\n<!DOCTYPE html><html>404", "page or message of a web server.*download"),
    "a message of a server": (b'{"error": "rate limit"}', "message of a web server"),
    "an error of a store": (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code>', "message of a web server"),
    "a pointer": (b"version https://git-lfs.github.com/spec/v1\noid sha256:1", "Git LFS.*git lfs pull"),
    "an array": (b"\x93NUMPY\1\0", "NumPy array.*npz"),
    "an archive": (b"PK\3\4", "zip archive.*unpack"),
    "FITS": (b"SIMPLE  =                    T", "FITS"),
    "zeros": (bytes(5000), "full of zeros.*download"),
    "nothing": (b"", "empty"),
    "text": (b"Not found\n", r'text, not an image \("Not found"\); download'),
    "a pointer of git-annex": (b"/annex/objects/SHA256E-s1--a.png\n", "git-annex.*git annex get"),
    "base64": (b"data:image/jpeg;base64,/9j/4AAQ", "written as text in base64"),
    "a tar archive": (b"a.png".ljust(257, b"\0") + b"ustar", "tar archive; unpack"),
    "other archives": (b"BZh91AY&SY", "bzip2 archive; unpack"),
    "NIfTI": (bytes([92, 1]) + bytes(342) + b"n+1\0", "NIfTI volume; save its slices"),
    "colour floats": (b"PF\n32 32\n-1.0\n" + bytes(99), "PFM image"),
    "bytes of no kind": (b"\x80\x04\x95\xff\xfe", "cut short or not an image"),
}


@pytest.mark.parametrize("content, sentence", NAMED.values(), ids=NAMED)
def test_what_is_called_a_photograph_is_named_for_what_it_is(tmp_path, monkeypatch, content, sentence):
    monkeypatch.setattr(files, "_reads_heif", lambda: False)
    with pytest.raises(BadItem, match=sentence) as caught:
        files.read_header(written(tmp_path / "x.jpg", content))
    assert "\n" not in str(caught.value)


def test_avif_with_the_brand_of_both_is_no_heic():
    assert not is_heif(box(b"mif1", b"mif1avifmiaf")) and not is_heif(b"") and is_heif(box(b"hevc"))


def test_bits_of_jpeg_2000():
    size = b"\xff\x4f\xff\x51" + bytes(36)
    assert colour_bits_of_jpeg2000(b"box" + size + b"\0\3\x0f\1\1") == 16
    assert colour_bits_of_jpeg2000(size + b"\0\1\x0f\1\1") == 0  # grey is decoded as it is
    assert colour_bits_of_jpeg2000(b"no such thing") == colour_bits_of_jpeg2000(size) == 0
