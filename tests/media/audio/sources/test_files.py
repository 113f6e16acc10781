"""Sound files: which are read, and what is no clip."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from clip_sets import RATE, sound, write

from gannb.data.source import DENIED, BadItem
from gannb.media.audio.sources.files import EXTENSIONS, FILES, UNREADABLE, decode_file, mono, read_header

SOUND = sound(0)


@pytest.mark.parametrize(
    ("name", "options", "stored", "off"),
    [
        ("a.wav", {"subtype": "PCM_U8"}, "8 bits", 1 / 128),
        ("a.wav", {"subtype": "PCM_16"}, "16 bits", 1e-4),
        ("a.wav", {"subtype": "PCM_24"}, "24 bits", 1e-6),
        ("a.wav", {"subtype": "PCM_32"}, "32 bits", 1e-6),
        ("a.wav", {"subtype": "FLOAT"}, "32-bit float", 1e-7),
        ("a.wav", {"subtype": "DOUBLE"}, "64-bit float", 1e-7),
        ("a.wav", {"format": "WAVEX"}, "16 bits", 1e-4),
        ("a.wav", {"format": "RF64"}, "16 bits", 1e-4),
        ("a.wav", {"subtype": "ULAW"}, "u-law", 0.03),
        ("a.wav", {"subtype": "GSM610"}, "GSM610", 0.5),  # which cannot be sought in
        ("a.flac", {}, "16 bits", 1e-4),
        ("a.flac", {"subtype": "PCM_24"}, "24 bits", 1e-6),
        ("a.aiff", {}, "16 bits", 1e-4),
        ("a.WAV", {"format": "WAV"}, "16 bits", 1e-4),
        ("a.au", {}, "16 bits", 1e-4),
        ("a.mp3", {}, "MP3", 0.5),
        ("a.ogg", {}, "Vorbis", 0.2),
        ("a.opus", {"format": "OGG", "subtype": "OPUS"}, "Opus", 0.2),
    ],
)
def test_every_usual_format_and_depth_is_read(tmp_path, name, options, stored, off):
    path = write(tmp_path / name, SOUND, **options)
    frames, rate, channels = read_header(path)
    found, how = decode_file(path)
    assert (rate, channels, how) == (RATE, 1, stored) and found.dtype == np.float32
    assert len(found) == frames and abs(frames - len(SOUND)) < 500
    assert np.abs(found[: len(SOUND)] - SOUND[: len(found)]).max() < off


def test_channels_are_mixed_to_one(tmp_path):
    path = write(tmp_path / "a.wav", np.stack([SOUND, np.zeros_like(SOUND), 0.5 * SOUND], axis=1), subtype="FLOAT")
    assert read_header(path) == (len(SOUND), RATE, 3)
    assert np.allclose(decode_file(path)[0], SOUND / 2, atol=1e-6)


def cut(path: Path, share: float) -> Path:
    path.write_bytes(path.read_bytes()[: round(share * path.stat().st_size)])
    return path


def text(path: Path) -> Path:
    path.write_text("no sound at all\n" * 20)
    return path


def empty(path: Path) -> Path:
    path.touch()
    return path


def unknown_codec(path: Path) -> Path:
    content = bytearray(write(path, SOUND).read_bytes())
    content[20:22] = (0x161).to_bytes(2, "little")  # Windows Media Audio
    path.write_bytes(bytes(content))
    return path


def unfinished(path: Path) -> Path:
    content = bytearray(path.read_bytes())
    place = content.index(b"data") + 4
    content[place : place + 4] = bytes(4)
    path.write_bytes(bytes(content) + bytes(1000))
    return path


BAD = {
    "a cut WAV": (lambda p: cut(write(p / "a.wav", SOUND), 0.6), r"cut short: 3,\d+ of the bytes that it declares"),
    "a cut 24-bit WAV": (lambda p: cut(write(p / "a.wav", SOUND, subtype="PCM_24"), 0.99), "cut short: .* bytes"),
    "a cut AIFF": (lambda p: cut(write(p / "a.aiff", SOUND), 0.6), "cut short: .* bytes"),
    "a WAV cut in its header": (
        lambda p: cut(write(p / "a.wav", SOUND), 0.003),
        "cut short or damaged: .* No .data. chunk",
    ),
    "a cut FLAC": (lambda p: cut(write(p / "a.flac", SOUND), 0.6), "cut short"),
    "a cut MP3": (lambda p: cut(write(p / "a.mp3", sound(0, 3)), 0.5), r"cut short: .* bytes that it declares"),
    "a cut MP3 header": (lambda p: cut(write(p / "a.mp3", SOUND), 0.02), "cut short"),
    "a cut OGG": (lambda p: cut(write(p / "a.ogg", SOUND), 0.6), "cut short"),
    "empty": (lambda p: empty(p / "a.wav"), "^it is empty$"),
    "text": (lambda p: text(p / "a.wav"), '^it is text, not a sound \\("no sound at all"\\)'),
    "text as MP3": (lambda p: text(p / "a.mp3"), "^it is text, not a sound"),
    "not there": (lambda p: p / "a.wav", "No such file"),
    "an unknown codec": (
        lambda p: unknown_codec(p / "a.wav"),
        "coded in a way that is not read here; convert it to WAV",
    ),
    "NaN": (lambda p: write(p / "a.wav", np.where(SOUND > 0.3, np.nan, SOUND), subtype="FLOAT"), "NaN or infinite"),
    "infinite": (lambda p: write(p / "a.wav", np.where(SOUND > 0.3, np.inf, SOUND), subtype="DOUBLE"), "NaN or infin"),
    "far above 1": (lambda p: write(p / "a.wav", 100 * SOUND, subtype="FLOAT"), "up to 40, far beyond full scale, whi"),
    "silence": (lambda p: write(p / "a.wav", np.zeros(4000)), "^it is silent$"),
    "direct current": (lambda p: write(p / "a.wav", np.full(4000, 0.3)), "^it is silent$"),
    "one bit of noise": (
        lambda p: write(p / "a.wav", np.random.default_rng(0).integers(-1, 2, 4000, dtype=np.int16)),
        "^it is silent$",
    ),
    "no samples": (lambda p: write(p / "a.wav", np.zeros(0)), "holds no sound, 0 samples"),
    "a recording that broke off": (
        lambda p: unfinished(write(p / "a.wav", SOUND)),
        "header says 0 samples, though it h",
    ),
    "1,000 samples a second": (lambda p: write(p / "a.wav", SOUND, 1000), "it has 1,000 samples a second, .* 2,000"),
    "peaks beyond all bounds": (lambda p: write(p / "a.wav", 1e30 * SOUND, subtype="FLOAT"), r"go up to 4e\+29, far"),
    "10 ms": (lambda p: write(p / "a.wav", SOUND[:80]), "is 10 ms long, and a clip needs at least 25 ms"),
    "an hour": (
        lambda p: write(p / "a.flac", np.zeros(3600 * 1000, np.int16), 1000),
        "is 60 minutes long, more than the 5 minutes of a clip; cut it into clips",
    ),
    "out of phase": (
        lambda p: write(p / "a.wav", np.stack([SOUND, -SOUND], axis=1)),
        "channels cancel each other out, .* save one channel of it",
    ),
    "nearly out of phase": (
        lambda p: write(p / "a.wav", np.stack([SOUND, -0.98 * SOUND], axis=1)),
        "cancel each other",
    ),
    "AAC": (lambda p: text(p / "a.m4a"), r"^\.m4a files are not read here; convert it to WAV or FLAC$"),
    "protected": (lambda p: text(p / "a.m4p"), "may be protected against copying; convert"),
}


@pytest.mark.parametrize("make", [make for make, _ in BAD.values()], ids=list(BAD))
def test_what_is_no_clip_is_told_with_its_reason(tmp_path, make, request):
    path = make(tmp_path)
    says = BAD[request.node.callspec.id][1]
    with pytest.raises(BadItem, match=says):
        read_header(path)
        decode_file(path)


@pytest.mark.parametrize("name", ["a.flac", "a.mp3", "a.ogg"])
def test_a_file_is_read_by_its_content_whatever_it_is_called(tmp_path, name):
    path = write(tmp_path / name, SOUND)
    other = path.rename(tmp_path / "called.wav")
    assert len(decode_file(other)[0]) >= len(SOUND)


def test_a_quiet_clip_beside_a_loud_hum_of_one_channel_is_no_silence():
    found = mono(np.stack([SOUND, 0.01 * SOUND], axis=1).astype(np.float32))
    assert np.allclose(found, 0.505 * SOUND, atol=1e-6)


def test_what_people_take_for_sounds_counts_as_one_whether_or_not_it_is_read():
    assert FILES.is_item("a.Mp3") and FILES.is_item("a.m4a") and not FILES.is_item("a.csv")
    assert not EXTENSIONS & UNREADABLE and FILES.on_bad == "on_bad_clip"


def test_of_a_clip_that_may_not_be_read_nobody_is_told_to_remove_it(tmp_path, monkeypatch):
    (tmp_path / "a.wav").write_bytes(b"RIFF")

    def denied(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("gannb.media.audio.sources.files._check_contents", denied)
    with pytest.raises(BadItem, match=f"^{DENIED}$"):
        read_header(tmp_path / "a.wav")
