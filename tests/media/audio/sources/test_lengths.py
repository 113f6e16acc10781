"""Sound files that were cut short, in every form that is read; and those of which nobody knows."""

from __future__ import annotations

import numpy as np
import pytest
from clip_sets import sound, write

from gannb.data.source import BadItem
from gannb.media.audio.sources.files import decode_file, read_header
from gannb.media.audio.sources.lengths import missing_bytes

LONG = np.concatenate([sound(seed) for seed in range(8)])  # 4 s
FORMS = {
    "WAV": ("a.wav", {}),
    "WAV of 24 bits": ("a.wav", {"subtype": "PCM_24"}),
    "WAV of floats": ("a.wav", {"subtype": "FLOAT"}),
    "WAV of ADPCM": ("a.wav", {"subtype": "IMA_ADPCM"}),
    "WAV of u-law": ("a.wav", {"subtype": "ULAW"}),
    "WAVEX": ("a.wav", {"format": "WAVEX"}),
    "RIFX": ("a.wav", {"format": "WAV", "endian": "BIG"}),
    "RF64": ("a.rf64", {}),
    "RF64 called WAV": ("a.wav", {"format": "RF64"}),
    "W64": ("a.w64", {}),
    "AIFF": ("a.aiff", {}),
    "SVX": ("a.aiff", {"format": "SVX"}),
    "AU": ("a.au", {}),
    "AU from the other end": ("a.snd", {"format": "AU", "endian": "LITTLE"}),
    "CAF": ("a.caf", {}),
    "SPHERE": ("a.sph", {"format": "NIST"}),
    "VOC": ("a.voc", {"format": "VOC"}),
    "Vorbis": ("a.ogg", {}),
    "Opus": ("a.opus", {"format": "OGG", "subtype": "OPUS"}),
    "MP3": ("a.mp3", {}),
}


@pytest.fixture(params=FORMS.values(), ids=list(FORMS))
def whole(request, tmp_path):
    name, options = request.param
    return write(tmp_path / name, LONG, **options)


def test_of_a_whole_file_nothing_is_missing(whole):
    assert missing_bytes(whole) == 0 and len(decode_file(whole)[0]) >= len(LONG)


def test_what_follows_the_sound_is_no_fault(whole):
    whole.write_bytes(whole.read_bytes() + b"TAG" + bytes(125))  # as ID3 of the first version stands there
    assert missing_bytes(whole) == 0


@pytest.mark.parametrize("share", [0.995, 0.7, 0.5])
def test_a_cut_file_is_told_with_what_it_lacks(whole, share):
    if whole.suffix == ".mp3" and share > 0.99:
        pytest.skip("see the next test")
    content = whole.read_bytes()
    whole.write_bytes(content[: round(share * len(content))])
    lacking = len(content) - round(share * len(content))
    assert 0 < missing_bytes(whole) <= lacking + 1  # of pages it is known of one alone
    with pytest.raises(BadItem, match="^it is cut short: .* of the bytes that it declares are not there$"):
        read_header(whole)


def test_an_mp3_that_lacks_little_is_told_by_its_samples_and_one_of_which_a_tag_was_taken_is_not(tmp_path):
    path = write(tmp_path / "a.mp3", LONG)
    content = path.read_bytes()
    path.write_bytes(content[:-1500])
    assert missing_bytes(path) == 0
    with pytest.raises(BadItem, match=r"^it is cut short: [0-9,]+ of 32,000 samples are there$"):
        decode_file(path)
    place = content.index(b"Xing") + 12
    counted = int.from_bytes(content[place : place + 4], "big") + 128  # with a tag that is gone
    path.write_bytes(content[:place] + counted.to_bytes(4, "big") + content[place + 4 :])
    assert missing_bytes(path) == 0 and len(decode_file(path)[0]) == len(LONG)


@pytest.mark.parametrize("share", [0.1, 0.02, 0.005, 0.001])
def test_a_file_that_is_cut_in_its_header_is_refused_in_a_sentence(whole, share):
    whole.write_bytes(whole.read_bytes()[: max(1, round(share * whole.stat().st_size))])
    with pytest.raises(BadItem, match="cut short|no sound|is empty|text|ms long"):
        read_header(whole)
        decode_file(whole)


UNKNOWN = {
    "WAV": ({}, "a.wav", b"data", 4, 4), "RIFX": ({"format": "WAV", "endian": "BIG"}, "a.wav", b"data", 4, 4),
    "AU": ({}, "a.au", b".snd", 8, 4), "CAF": ({}, "a.caf", b"data", 4, 8), "AIFF": ({}, "a.aiff", b"SSND", 4, 4),
}  # fmt: skip


@pytest.mark.parametrize("form", UNKNOWN)
def test_a_length_that_was_not_known_when_the_header_was_written_is_none_that_lacks(tmp_path, form):
    options, name, where, after, width = UNKNOWN[form]
    path = write(tmp_path / name, LONG, **options)
    content = bytearray(path.read_bytes())
    place = content.index(where) + after
    content[place : place + width] = b"\xff" * width  # as programs write that send a sound down a pipe
    path.write_bytes(bytes(content))
    assert missing_bytes(path) == 0


def test_a_wav_of_unknown_length_is_read_to_its_end(tmp_path):
    path = write(tmp_path / "a.wav", LONG)
    content = bytearray(path.read_bytes())
    place = content.index(b"data") + 4
    content[place : place + 4] = content[4:8] = b"\xff" * 4
    path.write_bytes(bytes(content))
    assert len(decode_file(path)[0]) == len(LONG)


def test_a_stream_of_whole_pages_is_let_pass(tmp_path):
    path = write(tmp_path / "a.ogg", np.tile(LONG, 4))
    content = path.read_bytes()
    path.write_bytes(content[: content.rindex(b"OggS")])
    assert missing_bytes(path) == 0 and len(decode_file(path)[0]) > len(LONG)
