"""Sentences as files."""

from __future__ import annotations

from gannb.media.text import TEXT
from gannb.media.text.export import READING, encode


def test_a_sentence_is_utf_8_with_a_line_end():
    assert encode("café שלום") == "café שלום\n".encode()
    assert TEXT.files("a b") == {".txt": b"a b\n"}
    assert {"folder", "parquet", "webdataset"} <= set(READING)
