"""Whether all of a sound file is there: what its header or its pages declare, beside the bytes that it has.

Of most formats libsndfile reads what is left of a file that was cut, without a word. Here a header's own words count;
where it does not say how long the sound is, as in a stream that was recorded, nothing is known to be missing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

UNKNOWN = (0, 2**32 - 1, 2**31 - 1, 2**32 - 256)  # what programs write that do not know yet how long it will be
W64_RIFF = b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00"  # the GUID that a Wave64 file begins with
VOC_SOUND = (1, 2, 9)  # blocks of a VOC file that hold sound
MPEG_LEAST = 4  # bytes of a frame's header
MPEG_SLACK = 2048  # bytes that encoders and programs for tags count differently; the samples are counted once decoded


def missing_bytes(path: Path) -> int:
    """How many bytes of its sound a file lacks, by its own words; 0 where it has all, or does not say. Not empty."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(64)
        find = next((find for sign, find in BY_SIGN if head.startswith(sign)), None)
        end = find(file, size) if find else 0
    return max(0, end - size)


def _number(content: bytes, order: str = "little") -> int:
    return int.from_bytes(content, order)


def _chunked(order: str, heads: tuple[bytes, ...]) -> Callable[[BinaryIO, int], int]:
    """Where the sound of a file ends that is made of chunks, each with its name and its size."""

    def end(file: BinaryIO, size: int) -> int:
        place = 12
        while place + 8 <= size:
            file.seek(place)
            chunk = file.read(8)
            declared = _number(chunk[4:], order)
            if chunk[:4] in heads:
                return 0 if declared in UNKNOWN else place + 8 + declared
            place += 8 + declared + declared % 2
        return 0

    return end


def _of_rf64(file: BinaryIO, size: int) -> int:
    """RF64 and BW64 (EBU Tech 3306): sizes of 64 bits stand in a chunk of their own, the file's before the sound's."""
    file.seek(12)
    head = file.read(28)
    declared = _number(head[8:16])
    return 8 + declared if head[:4] == b"ds64" and 0 < declared < 2**63 else 0


def _of_w64(file: BinaryIO, size: int) -> int:
    """Wave64: the size of the whole file follows its first GUID."""
    file.seek(16)
    declared = _number(file.read(8))
    return declared if declared < 2**63 else 0


def _of_au(order: str) -> Callable[[BinaryIO, int], int]:
    """AU, of NeXT and Sun: where the sound begins, and its bytes."""

    def end(file: BinaryIO, size: int) -> int:
        file.seek(4)
        begins, declared = (_number(file.read(4), order) for _ in range(2))
        return 0 if declared in UNKNOWN else begins + declared

    return end


def _of_caf(file: BinaryIO, size: int) -> int:
    """CAF: chunks with sizes of 64 bits; that of the sound is -1 where it is not known."""
    place = 8
    while place + 12 <= size:
        file.seek(place)
        name, declared = file.read(4), int.from_bytes(file.read(8), "big", signed=True)
        if declared < 0:
            return 0
        if name == b"data":
            return place + 12 + declared
        place += 12 + declared
    return 0


def _of_sphere(file: BinaryIO, size: int) -> int:
    """NIST SPHERE, as speech corpora have it: a header in words, the sound behind it where it is not compressed."""
    file.seek(0)
    head = file.read(4096)
    found = dict(re.findall(rb"^(\w+) -i (\d+)", head, re.MULTILINE))
    begins = re.match(rb"NIST_1A\s+(\d+)", head)
    parts = [found.get(name) for name in (b"sample_count", b"sample_n_bytes")]
    if begins is None or None in parts or re.search(rb"^sample_coding .*,", head, re.MULTILINE):
        return 0
    samples, width = map(int, parts)
    return int(begins[1]) + samples * width * int(found.get(b"channel_count", 1))


def _of_voc(file: BinaryIO, size: int) -> int:
    """Creative's VOC: blocks, each with its kind and a size of 24 bits."""
    file.seek(20)
    place, end = _number(file.read(2)), 0
    while place + 4 <= size:
        file.seek(place)
        kind, declared = file.read(1)[0], _number(file.read(3))
        if kind == 0:
            break
        place += 4 + declared
        end = place if kind in VOC_SOUND else end
    return end


def _of_ogg(file: BinaryIO, size: int) -> int:
    """Ogg (RFC 3533): pages, of which the last one says that it is. Where a page begins that is not whole, it is cut.

    A file that ends with a whole page which is not the last one may be a stream that was recorded: that is let pass.
    """
    place = 0
    while place < size:
        file.seek(place)
        page = file.read(27)
        if page[:4] != b"OggS"[: len(page)]:
            return 0  # something else behind the sound
        if len(page) < 27:
            return place + 27
        lengths = file.read(page[26])
        place += 27 + page[26] + sum(lengths)
    return place


def _of_mpeg(file: BinaryIO, size: int) -> int:
    """MPEG audio: most encoders write into their first frame, which is silent, how many bytes follow from it on.

    "Xing" or "Info", flags, and where bits 0 and 1 of these are set the frames and the bytes.
    """
    begins = _behind_tag(file)
    file.seek(begins)
    frame = file.read(200)
    at = next((at for at in (frame.find(b"Xing"), frame.find(b"Info")) if at >= MPEG_LEAST), -1)
    if at < 0 or not frame[at + 7] & 2:
        return 0
    place = at + 8 + 4 * (frame[at + 7] & 1)
    end = begins + _number(frame[place : place + 4], "big")
    return end if end - size > MPEG_SLACK else 0


def _behind_tag(file: BinaryIO) -> int:
    """Where the sound of an MP3 begins: behind its ID3 tag, the size of which has 7 bits a byte."""
    file.seek(0)
    head = file.read(10)
    if head[:3] != b"ID3" or len(head) < 10:
        return 0
    return 10 + sum(byte << (7 * k) for k, byte in enumerate(reversed(head[6:10])))


BY_SIGN = (
    (b"RIFF", _chunked("little", (b"data",))),
    (b"RIFX", _chunked("big", (b"data",))),
    (b"FORM", _chunked("big", (b"SSND", b"BODY"))),
    (b"RF64", _of_rf64),
    (b"BW64", _of_rf64),
    (W64_RIFF, _of_w64),
    (b".snd", _of_au("big")),
    (b"dns.", _of_au("little")),
    (b"caff", _of_caf),
    (b"NIST_1A", _of_sphere),
    (b"Creative Voice File", _of_voc),
    (b"OggS", _of_ogg),
    (b"ID3", _of_mpeg),
    (b"\xff", _of_mpeg),
)
