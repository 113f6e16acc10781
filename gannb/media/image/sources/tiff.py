"""What a TIFF file holds, by its tags: TIFF is a frame for many kinds of pixels, and not all of them are a picture.

Pillow opens some files as something else than they are: white-is-zero pixels of 16 bits as
if black were zero, colour with a further channel without it. What is not surely one picture is refused here, by name.
Tags and their numbers: TIFF 6.0 (Adobe, 1992).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from gannb.data.source import BadItem
from gannb.media.image.sources.tags import MAGIC, Damaged, Directory, directories

WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, DESCRIPTION, ORIENTATION = 256, 257, 258, 259, 262, 270, 274
SAMPLES, PLANAR, INKS, EXTRA, FORMAT, SUBFILE, OLD_SUBFILE, SUBSAMPLING = 277, 284, 332, 338, 339, 254, 255, 530
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, CMYK, YCBCR, CIELAB = 0, 1, 2, 3, 5, 6, 8
# channels of a picture
COLOURS = {WHITE_IS_ZERO: 1, BLACK_IS_ZERO: 1, RGB: 3, PALETTE: 1, CMYK: 4, YCBCR: 3, CIELAB: 3}
OTHER_KINDS = {4: "a mask", 9: "ICC L*a*b*", 10: "ITU L*a*b*", 32803: "raw camera pixels", 34892: "raw camera pixels"}
FORMATS = {1: "whole numbers", 2: "signed whole numbers", 3: "floats"}
# what libtiff has in any build: none, CCITT, LZW, JPEG, deflate, PackBits, LZMA, Zstandard
COMPRESSIONS = frozenset({1, 2, 3, 4, 5, 6, 7, 8, 32771, 32773, 32946, 34925, 50000})
JPEGS = (6, 7)  # compressions that bring subsampled colours back by themselves
WAY = "save it as grey or colour with 8 or 16 bits"


@dataclass(frozen=True)
class Layout:
    """The first page.

    size: height and width as stored.  format: 1 unsigned, 2 signed, 3 floats.  white_at: where in the file the number
    of the tag stands that says whether zero is white, and its byte order.  pages: in the file, previews apart.
    """

    size: tuple[int, int]
    orientation: int
    bits: int
    format: int
    samples: int
    photometric: int
    white_at: tuple[int, str]
    pages: int

    @property
    def described(self) -> str:
        """As "a TIFF with 2 channels of 64-bit floats"."""
        channels = "1 channel" if self.samples == 1 else f"{self.samples} channels"
        return f"a TIFF with {channels} of {self.bits}-bit {FORMATS[self.format]}"

    @property
    def is_negative(self) -> bool:
        """Tell whether zero is white in pixels that Pillow leaves as they are: of up to 8 bits it turns them itself."""
        return self.photometric == WHITE_IS_ZERO and not (self.format == 1 and self.bits <= 8)

    def positive(self, path: Path) -> bytes:
        """The file's bytes with zero said to be black, which Pillow opens at any depth; the values are as they were."""
        content, (at, order) = bytearray(path.read_bytes()), self.white_at
        content[at : at + 2] = BLACK_IS_ZERO.to_bytes(2, "little" if order == "<" else "big")
        return bytes(content)


def layout(path: Path) -> Layout | None:
    """What a TIFF file holds; None for a file that is none by its first bytes.

    Raises BadItem for what is not one picture of which the channels are known, and where the tags are cut short.
    """
    with path.open("rb") as file:
        magic = file.read(4)
        if magic not in MAGIC:
            return None
        if magic == b"MM\0+":
            raise BadItem("it is a BigTIFF in big-endian byte order, which is not read here; save it as a plain TIFF")
        try:
            return _layout(file)
        except Damaged as error:
            raise BadItem("it is a TIFF that is damaged or cut short") from error


def _layout(file: BinaryIO) -> Layout:
    pages = list(directories(file))
    if not pages:
        raise Damaged
    first, order = pages[0]
    n = _count_pages([page for page, _ in pages])
    bits, formats = _all_the_same(first, BITS, 1), _all_the_same(first, FORMAT, 1)
    if formats not in FORMATS:
        raise BadItem(f"it is a TIFF of complex or undefined numbers, which are no picture; {WAY}")
    found = Layout(
        size=(_one(first, HEIGHT), _one(first, WIDTH)),
        orientation=_one(first, ORIENTATION, 1),
        bits=bits,
        format=formats,
        samples=_one(first, SAMPLES, 1),
        photometric=_one(first, PHOTOMETRIC),
        white_at=(first[PHOTOMETRIC].at, order),
        pages=n,
    )
    _check_kind(found, first)
    return found


def _one(page: Directory, tag: int, default: int | None = None) -> int:
    if tag not in page and default is not None:
        return default
    if tag not in page:
        raise Damaged
    return page[tag].first()


def _all_the_same(page: Directory, tag: int, default: int) -> int:
    """A value that there is for every channel."""
    first = _one(page, tag, default)
    if tag in page and set(page[tag].values) != {first}:
        raise BadItem(f"it is a TIFF whose channels are stored differently; {WAY}")
    return first


def _count_pages(pages: list[Directory]) -> int:
    """Return the number of pages without previews and masks of the first.

    Raises BadItem for a preview that comes before its picture.
    """
    is_preview = [_one(page, SUBFILE, 0) & 0b101 != 0 or _one(page, OLD_SUBFILE, 1) == 2 for page in pages]
    if is_preview[0]:
        raise BadItem("it is a TIFF whose first page is a preview of another one; save the picture alone")
    n = is_preview.count(False)
    described = pages[0].get(DESCRIPTION)
    if n == 1 and described and isinstance(described.values, bytes) and described.values.startswith(b"ImageJ="):
        said = re.search(rb"^images=(\d{1,9})\s*$", described.values, re.MULTILINE)
        n = int(said[1]) if said else 1  # large stacks of ImageJ's have the tags of their first page alone
    return n


def _check_kind(found: Layout, page: Directory) -> None:
    """Refuse what is not grey, colour or either with transparency, and what is known to be decoded wrongly."""
    compression, planar = _one(page, COMPRESSION, 1), _one(page, PLANAR, 1)
    if compression not in COMPRESSIONS:
        raise BadItem(f"it is a TIFF with a compression that is not read here (number {compression}); save it with LZW")
    if found.photometric not in COLOURS:
        unknown = f"pixels of a kind that is not read here (number {found.photometric})"
        kind = OTHER_KINDS.get(found.photometric, unknown)
        raise BadItem(f"it is a TIFF of {kind}; {WAY}")
    further = found.samples - COLOURS[found.photometric]
    extra = page[EXTRA].values if EXTRA in page else ()
    is_alpha = further == 1 and found.photometric in (WHITE_IS_ZERO, BLACK_IS_ZERO, RGB) and extra[:1] in ((1,), (2,))
    if further and not is_alpha:
        raise BadItem(f"it is {found.described}, not grey, colour or either with transparency; {WAY}")
    if found.photometric == CMYK and _one(page, INKS, 1) != 1:
        raise BadItem(f"it is a TIFF of inks other than CMYK; {WAY}")
    subsampled = found.photometric == YCBCR and (SUBSAMPLING not in page or set(page[SUBSAMPLING].values) != {1})
    if subsampled and compression not in JPEGS:  # of which Pillow takes every pixel for one with colours of its own
        raise BadItem("it is a TIFF of subsampled YCbCr colours, which is not read here; save it as RGB")
    order, bits = found.white_at[1], found.bits
    if compression != 1 and order == ">" and (bits == 32 or (bits == 16 and found.format == 2)):
        # libtiff has swapped the bytes, and Pillow takes them as if it had not
        raise BadItem(f"it is {found.described}, compressed in big-endian byte order; save it without compression")
    if planar == 2 and found.samples > 1 and found.bits > 8:  # Pillow takes two bytes of a channel for two pixels
        raise BadItem(f"it is {found.described} in planes of their own, which are not read here; save it interleaved")
