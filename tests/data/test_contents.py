"""What holds an item of no medium is named, with the way out."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile

import pytest

from gannb.data.contents import of_a_web_server, of_no_medium


def zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.txt", "a")
    return file.getvalue()


def tarred() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a"))
    return file.getvalue()


@pytest.mark.parametrize(
    ("head", "sentence"),
    [
        (zipped(), "it is a zip archive; unpack it"),
        (gzip.compress(b"a", mtime=0), "it is a gzip archive; unpack it"),
        (bz2.compress(b"a"), "it is a bzip2 archive; unpack it"),
        (lzma.compress(b"a"), "it is an xz archive; unpack it"),
        (tarred(), "it is a tar archive; unpack it"),
        (b"Rar!\x1a\x07", "it is a RAR archive; unpack it"),
        (b"7z\xbc\xaf\x27\x1c", "it is a 7z archive; unpack it"),
        (b"\x28\xb5\x2f\xfd\x04", "it is a Zstandard archive; unpack it"),
        (b"", "it is empty"),
        (bytes(90), "it is full of zeros, as after a download that broke off; download the thing again"),
        (b"version https://git-lfs.github.com/spec/v1\n",
         "it is a pointer of Git LFS in the place of the thing; fetch it with `git lfs pull`"),
        (b"/annex/objects/SHA256E-s1",
         "it is a pointer of git-annex in the place of the thing; fetch it with `git annex get`"),
    ],
    ids=lambda given: "" if isinstance(given, bytes) else None,  # names that all workers agree on
)  # fmt: skip
def test_what_holds_an_item_of_no_medium_is_named(head, sentence):
    assert of_no_medium(head, "thing") == sentence


@pytest.mark.parametrize("head", [b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WAVE", b"a sentence", b"\0\0\0\x20ftypM4A "])
def test_of_what_may_be_an_item_nothing_is_said(head):
    assert of_no_medium(head, "thing") == of_a_web_server(head, "thing") == ""


@pytest.mark.parametrize(
    "head", [b"\n <!DOCTYPE html>", b"\xef\xbb\xbf<HTML>", b'{"error": 404}', b'<?xml version="1.0"?>']
)
def test_what_a_web_server_sent_instead_is_named(head):
    assert of_a_web_server(head, "thing").endswith("in the place of the thing; download the thing again")
