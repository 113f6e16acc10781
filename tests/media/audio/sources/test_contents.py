"""What lies under the name of a sound that is none."""

from __future__ import annotations

import re

import numpy as np
import pytest
from clip_sets import sound, write

from gannb.data.source import BadItem
from gannb.media.audio.sources.contents import what_else
from gannb.media.audio.sources.files import read_header

REST = bytes(60)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "it is a pointer of Git LFS .* `git lfs pull`$"),
        (b"/annex/objects/SHA256E-s1", "it is a pointer of git-annex"),
        (b"\n<!DOCTYPE html><html>", "it is a page or message of a web server .*; download the sound again$"),
        (b'{"error": "not found"}', "it is a page or message of a web server"),
        (b"Not Found\n", r'it is text, not a sound \("Not Found"\)$'),
        (b"PK\x03\x04" + REST, "it is a zip archive; unpack it$"),
        (b"\0\0\0\x20ftypM4A " + REST, "it is MPEG-4 .*; convert it to WAV or FLAC$"),
        (b"\0\0\0\x20ftypM4P " + REST, "it is MPEG-4 that may be protected against copying, .*; convert"),
        (b"\0\0\0\x20ftypaax " + REST, "it is Audible's MPEG-4, protected against copying"),
        (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11" + REST, "it is Windows Media"),
        (b"\x1aE\xdf\xa3" + REST, "it is Matroska or WebM"),
        (b"#!AMR\n" + REST, "it is AMR, which is not read"),
        (b"\xff\xf1\x50\x80" + REST, "it is AAC, which is not read"),
        (b"wvpk" + REST, "it is WavPack"),
        (b"MThd" + REST, r"it is notes without sound \(MIDI\)"),
        (b"RIFF\0\0\0\0AVI " + REST, "it is a film; save its sound"),
        (b"RIFF\0\0\0\0WEBPVP8 " + REST, r"it is an image \(WebP\)"),
        (b"\x89PNG\r\n" + REST, r"it is an image \(PNG\), not a sound"),
        (b"\xff\xd8\xff\xe0" + REST, r"it is an image \(JPEG\), not a sound"),
        (b"%PDF-1.4\n" + bytes(range(128, 256)), "it is a PDF document"),
        (b"\x93NUMPY\x01\0" + REST, r"it is a NumPy array; .* \.npz with audio, labels and rate$"),
        (bytes(5000), "it is full of zeros, as after a download that broke off"),
        (b"", "it is empty$"),
    ],
)
@pytest.mark.parametrize("name", ["a.wav", "a.mp3"])
def test_what_lies_under_the_name_of_a_sound_is_named(tmp_path, capfd, name, content, says):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadItem, match=f"^{says}"):
        read_header(tmp_path / name)
    assert capfd.readouterr() == ("", "")  # the decoder of MP3 talks where it is given what is none


@pytest.mark.parametrize(
    ("name", "options"),
    [("a.wav", {}), ("a.wav", {"subtype": "FLOAT"}), ("a.flac", {}), ("a.mp3", {}), ("a.ogg", {}), ("a.caf", {}),
     ("a.opus", {"format": "OGG", "subtype": "OPUS"}), ("a.aiff", {}), ("a.au", {}), ("a.w64", {}), ("a.rf64", {}),
     ("a.sph", {"format": "NIST"}), ("a.voc", {"format": "VOC"}), ("a.wav", {"format": "AVR"}),
     ("a.wav", {"format": "PVF"}), ("a.wav", {"format": "SVX"}), ("a.wav", {"format": "IRCAM"})],
)  # fmt: skip
def test_of_a_sound_nothing_is_said_in_whatever_form(tmp_path, name, options):
    path = write(tmp_path / name, sound(0), **options)
    assert what_else(path) == ""
    assert read_header(path)[0] >= len(sound(0))


def test_a_sound_behind_a_tag_is_no_text(tmp_path):
    path = write(tmp_path / "a.mp3", np.tile(sound(0), 3))
    path.write_bytes(b"ID3\x03\0\0\0\0\x01\x00" + b"TIT2" + bytes(124) + path.read_bytes())
    assert what_else(path) == "" and re.fullmatch(r"[0-9]+", str(read_header(path)[0]))
