"""Image files that Pillow does not write, byte by byte: TIFF of any layout, ICC profiles, heads of other formats."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

SHORT, LONG, LONG8, ASCII = 3, 4, 16, 2
_SIZE = {ASCII: 1, SHORT: 2, LONG: 4, LONG8: 8}
_CODE = {ASCII: "B", SHORT: "H", LONG: "I", LONG8: "Q"}
SRGB_PRIMARIES = ((0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.71410))  # XYZ, D50


def ramp(bits: int = 8) -> np.ndarray:
    """(32, 32) grey levels from 0 to the largest of so many bits, in the smallest unsigned type that holds them."""
    dtype = next(d for d in (np.uint8, np.uint16, np.uint32) if np.iinfo(d).bits >= bits)
    return np.tile((np.arange(32) * (2**bits - 1) // 31).astype(dtype), (32, 1))


def tiff(
    *pages: np.ndarray | tuple[np.ndarray, Mapping[int, Sequence[int] | bytes]], order: str = "<", big: bool = False
) -> bytes:
    """An uncompressed TIFF file with a page each: (H, W) or (H, W, S), with tags beside or instead of the usual ones.

    Where tag 284 says that planes are apart, pages are (S, H, W).
    """
    pointer, count = ("Q", "Q") if big else ("I", "H")
    content = bytearray((b"II" if order == "<" else b"MM") + struct.pack(order + "H", 43 if big else 42))
    content += struct.pack(order + "HH", 8, 0) if big else b""
    at = len(content)  # where the place of the next directory goes
    content += bytes(struct.calcsize(pointer))
    for page in pages:
        pixels, changes = page if isinstance(page, tuple) else (page, {})
        entries = _directory(pixels, changes, order, content, LONG8 if big else LONG)
        content[at : at + struct.calcsize(pointer)] = struct.pack(order + pointer, len(content))
        content += struct.pack(order + count, len(entries)) + b"".join(entries)
        at = len(content)
        content += bytes(struct.calcsize(pointer))
    return bytes(content)


def _directory(pixels: np.ndarray, changes: Mapping, order: str, content: bytearray, pointer: int) -> list[bytes]:
    planes = tuple(changes.get(284, (1,))) == (2,)
    samples = 1 if pixels.ndim == 2 else pixels.shape[0 if planes else 2]
    height, width = pixels.shape[1:] if planes else pixels.shape[:2]
    kinds = {"u": 1, "i": 2, "f": 3, "c": 6}
    raw = pixels.astype(pixels.dtype.newbyteorder(order)).tobytes()
    strips = samples if planes else 1
    tags: dict[int, Sequence[int] | bytes] = {
        256: (width,), 257: (height,), 258: (8 * pixels.dtype.itemsize,) * samples, 259: (1,), 262: (1,),
        273: tuple(len(content) + i * len(raw) // strips for i in range(strips)), 277: (samples,), 278: (height,),
        279: (len(raw) // strips,) * strips, 339: (kinds[pixels.dtype.kind],) * samples,
    } | dict(changes)  # fmt: skip
    content += raw
    return [_entry(tag, tags[tag], order, content, pointer) for tag in sorted(tags)]


def _entry(tag: int, values: Sequence[int] | bytes, order: str, content: bytearray, pointer: int) -> bytes:
    kind = ASCII if isinstance(values, bytes) else pointer if tag in (273, 279) else SHORT
    raw = struct.pack(f"{order}{len(values)}{_CODE[kind]}", *values)
    if len(raw) > _SIZE[pointer]:
        raw, at = struct.pack(order + _CODE[pointer], len(content)), content.extend(raw)
        assert at is None
    return struct.pack(order + "HH" + _CODE[pointer], tag, kind, len(values)) + raw.ljust(_SIZE[pointer], b"\0")


def png(pixels: np.ndarray, *before: tuple[bytes, bytes], bits: int = 0, behind: tuple = ()) -> bytes:
    """A PNG of (H, W) or (H, W, 1 to 4) numbers of 8 or 16 bits, or of packed grey rows (H, W bytes) of fewer bits.

    before, behind: chunks (name, content) around the pixels.
    """
    height, width, channels = (*pixels.shape, 1)[:3]
    bits = bits or 8 * pixels.dtype.itemsize
    rows = b"".join(b"\0" + row.astype(row.dtype.newbyteorder(">")).tobytes() for row in pixels)
    size = struct.pack(">IIBBBBB", width * 8 // min(bits, 8), height, bits, {1: 0, 2: 4, 3: 2, 4: 6}[channels], 0, 0, 0)
    chunks = ((b"IHDR", size), *before, (b"IDAT", zlib.compress(rows)), *behind, (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        for name, content in chunks
    )


def exif(orientation: int, count: int = 1, cut: int = 0) -> bytes:
    """EXIF data with an orientation; count: how many entries they say they have; cut: bytes that are missing."""
    entry = struct.pack("<HHIHH", 0x0112, SHORT, 1, orientation, 0)
    found = b"Exif\0\0II*\0" + struct.pack("<IH", 8, count) + entry + bytes(4)
    return found[: len(found) - cut]


def adobe_rgb_exif() -> bytes:
    """EXIF data as a camera writes them that takes Adobe RGB: by a name alone, three directories deep."""
    entries = (
        (0x8769, LONG, 1, struct.pack("<I", 26)),
        (0xA005, LONG, 1, struct.pack("<I", 44)),
        (1, ASCII, 4, b"R03\0"),
    )
    return (
        b"Exif\0\0II*\0"
        + struct.pack("<I", 8)
        + b"".join(struct.pack("<HHHI4sI", 1, tag, kind, n, value, 0) for tag, kind, n, value in entries)
    )


def with_exif(jpeg: bytes, data: bytes) -> bytes:
    """A JPEG's bytes with EXIF data as its first segment."""
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(data) + 2) + data + jpeg[2:]


def profile(space: str, gamma: float, primaries: Sequence[Sequence[float]] = SRGB_PRIMARIES) -> bytes:
    """An ICC profile of version 2 for grey or RGB pixels that follow from light by a power (ICC.1:2001-04).

    space: "GRAY" or "RGB ".  primaries: XYZ of red, green and blue relative to D50.
    """
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"
    xyz = lambda v: b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(x * 65536) for x in v))  # noqa: E731
    tags = {b"wtpt": xyz((0.9642, 1.0, 0.8249)), b"cprt": b"text\0\0\0\0none\0\0\0\0"}
    tags[b"desc"] = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"test\0" + bytes(78)
    if space == "GRAY":
        tags[b"kTRC"] = curve
    else:
        tags |= {name + b"TRC": curve for name in (b"r", b"g", b"b")}
        tags |= {name + b"XYZ": xyz(v) for name, v in zip((b"r", b"g", b"b"), primaries, strict=True)}
    return _icc(space, b"XYZ ", b"mntr", tags)


def ink_profile() -> bytes:
    """An ICC profile for CMYK in which black ink alone is dark; the others are as paper (ICC.1:2001-04, mft1)."""
    even = bytes(range(256))
    nodes = b"".join(bytes([0 if i & 1 else 255, 128, 128]) for i in range(16))  # L*, a*, b* of CMYK; K runs fastest
    matrix = struct.pack(">9i", *(65536 * (i % 4 == 0) for i in range(9)))
    table = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + matrix + even * 4 + nodes + even * 3
    desc = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"test\0" + bytes(78)
    return _icc("CMYK", b"Lab ", b"prtr", {b"A2B0": table, b"desc": desc, b"cprt": b"text\0\0\0\0none\0\0\0\0"})


def _icc(space: str, connection: bytes, kind: bytes, tags: Mapping[bytes, bytes]) -> bytes:
    body, table, at = b"", struct.pack(">I", len(tags)), 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        data += bytes(-len(data) % 4)
        table += name + struct.pack(">II", at + len(body), len(data))
        body += data
    header = struct.pack(">I4s4s", 0, b"none", b"\x02\x40\0\0") + kind + space.encode() + connection
    header += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(28) + struct.pack(">3i", 63190, 65536, 54061)
    found = bytearray(header.ljust(128, b"\0") + table + body)
    found[:4] = struct.pack(">I", len(found))
    return bytes(found)


def written(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path
