"""The directories of tags that TIFF files and EXIF data are made of, as they stand there, whatever is in the image."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

MOST_DIRECTORIES = 100_000  # a file that has more is damaged, or nothing that one would train on
MOST_VALUES = 65_536  # of one tag that are looked at; tables of strips may be longer, and are not needed
_CODES = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 13: "I", 16: "Q", 17: "q", 18: "Q"}
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # little and big endian, with offsets of 32 and of 64 bits


class Damaged(ValueError):
    """A directory, or what it points to, is not there."""


@dataclass(frozen=True)
class Tag:
    """values: whole numbers, or the bytes of a text or of a tag of another kind.  at: where in the file they stand."""

    values: tuple[int, ...] | bytes
    at: int

    def first(self) -> int:
        """The first number. Raises Damaged where there is none."""
        if not self.values or isinstance(self.values, bytes):
            raise Damaged
        return self.values[0]


Directory = dict[int, Tag]


def directories(file: BinaryIO) -> Iterator[tuple[Directory, str]]:
    """Yield the directories of a TIFF file in order, a page each, with the byte order, "<" or ">".

    file: from the header on, which has one of `MAGIC`.  Raises Damaged.
    """
    order, big = _header(file)
    entry, pointer, count = (order + form for form in (("HHQ8s", "Q", "Q") if big else ("HHI4s", "I", "H")))
    at, seen = _unpack(file, pointer, 8 if big else 4), set()
    while at:
        if at in seen or len(seen) >= MOST_DIRECTORIES:
            raise Damaged
        seen.add(at)
        n = _unpack(file, count, at)
        start, size = at + struct.calcsize(count), struct.calcsize(entry)
        yield dict(_tag(file, entry, start + i * size, pointer) for i in range(min(n, MOST_VALUES))), order
        at = _unpack(file, pointer, start + n * size)


def is_whole(exif: bytes) -> bool:
    """Tell whether the first directory of EXIF data, with or without "Exif" before it, and its values are all there."""
    file = io.BytesIO(exif.removeprefix(b"Exif\0\0"))
    try:
        return next(directories(file), None) is not None
    except Damaged:
        return False


def _header(file: BinaryIO) -> tuple[str, bool]:
    file.seek(0)
    magic = file.read(4)
    if magic not in MAGIC:
        raise Damaged
    return "<" if magic[:2] == b"II" else ">", b"+" in magic


def _unpack(file: BinaryIO, form: str, at: int) -> int:
    return struct.unpack(form, _bytes(file, at, struct.calcsize(form)))[0]


def _bytes(file: BinaryIO, at: int, n: int) -> bytes:
    file.seek(at)
    found = file.read(n)
    if len(found) < n:
        raise Damaged
    return found


def _tag(file: BinaryIO, entry: str, at: int, pointer: str) -> tuple[int, Tag]:
    """One entry: what number, kind and count it has, and the values, in the entry itself where they fit."""
    number, kind, count, inline = struct.unpack(entry, _bytes(file, at, struct.calcsize(entry)))
    total = _SIZES.get(kind, 1) * count
    where = at + struct.calcsize(entry) - len(inline)
    if total > len(inline):
        where = struct.unpack(pointer, inline)[0]
        _bytes(file, where + total - 1, 1)  # its end is there
    count = min(count, MOST_VALUES)
    raw = _bytes(file, where, _SIZES.get(kind, 1) * count)
    code = _CODES.get(kind)
    return number, Tag(struct.unpack(f"{entry[0]}{count}{code}", raw) if code else raw, where)
