"""Image files: which are read, what their headers say, and how their pixels are decoded."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from gannb.data.folders import FileKind
from gannb.data.source import BadItem
from gannb.media.image.parameters import NOUNS
from gannb.media.image.sources import colours, contents, levels, tags, tiff

MAX_PIXELS = 64_000_000  # of one image; checked in its header, before decoding
MAX_BYTES = 8 * 2**30  # of all items together, as found in a file or as prepared
HEIF_EXTENSIONS = frozenset(".heic .heif .hif".split())  # read where pillow-heif is installed
EXTENSIONS = HEIF_EXTENSIONS | frozenset(
    ".png .apng .jpg .jpeg .jpe .jfif .mpo .gif .bmp .dib .tif .tiff .webp .ppm .pgm .pbm .pnm"
    " .jp2 .j2k .jpx .tga .ico .pcx .sgi .avif".split()
)
# pictures to a person, but not read here: bad images rather than silently ignored
UNREADABLE = frozenset(
    ".dcm .dicom .nii .nrrd .mha .mhd .fits .fit .fts .svg .psd .xcf .ai .eps .emf .wmf .jxl .jls .jxr .wdp .exr .hdr"
    " .qoi .dds .bpg .flif .mng .jng .raw .cr2 .cr3 .crw .nef .nrw .arw .srf .sr2 .dng .orf .rw2 .raf .pef .srw .x3f"
    " .svs .ndpi .mrxs .scn .vms .bif .czi .lif .nd2 .lsm .stk .oib .oif .vsi".split()
)
# formats looked for in a file's content; none of them runs other programs
FORMATS = "PNG JPEG MPO GIF BMP DIB TIFF WEBP PPM JPEG2000 ICO PCX SGI AVIF".split()
WITH_ALPHA = ("RGBA", "LA", "PA", "RGBa", "La")  # Pillow's modes with an alpha channel
ORIENTATION = 0x0112  # the EXIF tag
UPRIGHT = {  # what brings an image of each orientation upright; 1 is upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# what may stand behind "+" in the word for how an image was stored, and what is said of all images with it
REMARKS = {
    "transparency": "Transparency was composited on white",
    "frames": "Of several pictures or frames in a file the first was taken",
    colours.BROUGHT: "Colours were brought to sRGB by the colour profile of the file, or what else it tells of them",
    colours.IGNORED: "A colour profile that is damaged, or of another kind of pixels, was ignored",
    "damaged EXIF": "Damaged EXIF data were ignored, in which an orientation may have stood",
}
logging.getLogger("PIL").addHandler(logging.NullHandler())  # what it logs goes to programmers, not to stderr


@contextmanager
def without_warnings() -> Iterator[None]:
    """Keep Pillow's warnings, which name its own files, from the person: what matters of them is said otherwise.

    To be entered before threads are started that decode: filters of warnings belong to the whole process.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"(PIL|pillow_heif)\b")
        yield


@cache
def _formats(extension: str) -> tuple[str, ...]:
    """The formats this Pillow can open. TGA has no signature: tried for its own extension only."""
    Image.init()
    return tuple(f for f in (*FORMATS, *(["TGA"] if extension == ".tga" else [])) if f in Image.OPEN)


@cache
def _reads_heif() -> bool:
    """Tell whether HEIC images can be opened, and make it so where pillow-heif is installed."""
    try:
        import pillow_heif
    except ImportError:
        return False
    pillow_heif.register_heif_opener()
    return True


def _opened(path: Path) -> tuple[Image.Image, tiff.Layout | None]:
    """The image, not yet decoded, and what its tags say where it is a TIFF. Raises BadItem."""
    extension = path.suffix.lower()
    if extension in UNREADABLE:
        raise BadItem(f"{extension} files are not read here; {contents.CONVERT}")
    layout, head = tiff.layout(path), contents.head_of(path)
    bits = contents.colour_bits_of_jpeg2000(head)
    if bits > 8:  # Pillow makes black of white there, by an overflow
        raise BadItem(f"it is a JPEG 2000 image in colour of {bits} bits, which is not read here; save 8 bits")
    formats = ("HEIF",) if contents.is_heif(head) and _reads_heif() else _formats(extension)
    try:
        content = BytesIO(layout.positive(path)) if layout and layout.is_negative else path
        image = Image.open(content, formats=formats)
    except UnidentifiedImageError as error:
        raise BadItem(_why_not(path, layout)) from error
    if image.format == "TIFF" and not layout:  # Pillow takes headers with swapped bytes too
        raise BadItem("it is a TIFF with a damaged header")
    return image, layout


def _why_not(path: Path, layout: tiff.Layout | None) -> str:
    if layout:
        return f"it is {layout.described}, which is not read here; {tiff.WAY}"
    found = contents.what_it_is(path)
    if path.suffix.lower() in HEIF_EXTENSIONS and not _reads_heif():
        return found if "HEIC" in found else f"{found}; if it is a HEIC image, {contents.HEIF_WAY}"
    return found


def read_header(path: Path) -> tuple[int, int]:
    """Height and width after EXIF orientation, from the header alone."""
    with without_warnings(), _reasons():
        image, layout = _opened(path)
        with image:
            # newer Pillows have turned a TIFF's `size` already
            height, width = layout.size if layout else (image.height, image.width)
            if width * height > MAX_PIXELS:
                raise BadItem(f"{width}x{height} pixels, more than {MAX_PIXELS // 10**6} million; make it smaller")
            # a PNG whose EXIF comes last would have to be decoded here; decoding turns it anyway
            known = image.format != "PNG" or "exif" in image.info
            turned = (layout.orientation if layout else _orientation(image) if known else 1) in (5, 6, 7, 8)
            return (width, height) if turned else (height, width)


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; 1 where there is none, or none that can be read."""
    try:
        found = image.getexif().get(ORIENTATION)
    except Exception:  # damaged data make Pillow raise whatever comes
        return 1
    return found if isinstance(found, int) and found in UPRIGHT else 1


class _reasons:
    """Turns whatever a decoder throws into a BadItem with a short reason."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, BadItem) or not isinstance(error, Exception):
            return
        if isinstance(error, Image.DecompressionBombError):
            raise BadItem(f"more than {MAX_PIXELS // 10**6} million pixels; make it smaller") from error
        raise BadItem(getattr(error, "strerror", None) or str(error) or type(error).__name__) from error


def decode_file(path: Path) -> tuple[np.ndarray, str]:
    """Native pixels (H, W) or (H, W, 3) uint8, and how they were stored: a mode of Pillow's, its bits, `REMARKS`."""
    with _reasons():
        image, layout = _opened(path)
        with image:
            return _decoded(image, layout)


def _decoded(image: Image.Image, layout: tiff.Layout | None) -> tuple[np.ndarray, str]:
    remarks = ["transparency"] if image.has_transparency_data and image.mode not in WITH_ALPHA else []
    if layout is None and _is_animated(image):
        remarks.append("frames")
    deep = _is_deep(image, layout)
    image.load()
    if _has_damaged_exif(image):
        remarks.append("damaged EXIF")
    plain, word = _plain(image, layout)
    coloured, done = colours.to_srgb(plain)
    if coloured.mode in WITH_ALPHA:
        coloured = Image.alpha_composite(Image.new("RGBA", coloured.size, "white"), coloured.convert("RGBA"))
    turn = UPRIGHT.get(_orientation(image))
    upright = coloured.transpose(turn) if turn is not None else coloured
    pixels = np.asarray(upright if upright.mode == "L" else upright.convert("RGB"))
    word += ";16" if deep and ";" not in word else ""
    return colours.without_equal_channels(pixels), "+".join([word, *remarks, *([done] if done else [])])


def _is_deep(image: Image.Image, layout: tiff.Layout | None) -> bool:
    """Tell whether an image that is not decoded yet has 16 bits, whatever is left of them in its mode."""
    return layout.bits == 16 if layout else any(";16" in str(tile[3]) for tile in image.tile)


def _is_animated(image: Image.Image) -> bool:
    try:
        return bool(getattr(image, "is_animated", False))
    except Exception:  # it is cut short behind its first frame
        return True


def _has_damaged_exif(image: Image.Image) -> bool:
    exif = image.info.get("exif")
    return isinstance(exif, bytes) and len(exif) > 0 and not tags.is_whole(exif)


def _plain(image: Image.Image, layout: tiff.Layout | None) -> tuple[Image.Image, str]:
    """The image in mode L, LA, RGB, RGBA, CMYK or LAB with 8 bits, and how its numbers were stored, in a word."""
    if image.mode.startswith(("I", "F")) or (layout and layout.format == 2):
        grey, word = _grey(_numbers(image, layout), layout)
        made = Image.fromarray(grey)
        made.info = {key: image.info[key] for key in ("icc_profile", "gamma", "srgb") if key in image.info}
        return made, word
    if image.has_transparency_data and image.mode not in ("LA", "RGBA"):
        return image.convert("LA" if image.mode == "La" else "RGBA"), image.mode
    if image.mode in ("L", "LA", "RGB", "RGBA", "CMYK", "LAB"):
        return image, image.mode
    return image.convert("L" if image.mode == "1" else "RGB"), image.mode


def _numbers(image: Image.Image, layout: tiff.Layout | None) -> np.ndarray:
    """The numbers of a grey image of other than 8 unsigned bits, (H, W), in the type in which the file has them."""
    values = np.asarray(image)
    if image.mode == "F":
        return values
    if layout is None or layout.bits == 12:
        if values.min() < 0 or values.max() > 65535:
            raise BadItem("its 32-bit pixels go beyond 0..65535; save it with 8 or 16 bits")
        return values.astype(np.uint16)
    return values.astype(np.dtype(f"{'i' if layout.format == 2 else 'u'}{layout.bits // 8}"))


def _grey(values: np.ndarray, layout: tiff.Layout | None) -> tuple[np.ndarray, str]:
    """Numbers (H, W) as uint8, white where the file says so, and how they were stored, in a word."""
    if layout and layout.bits == 12:
        grey, word = levels.scaled(values, 12), "I;12"
    else:
        try:
            grey, word = levels.from_numbers(values)
        except ValueError as error:
            raise BadItem(f"it {error}") from error
    return 255 - grey if layout and layout.is_negative else grey, word


FILES = FileKind(NOUNS, EXTENSIONS, UNREADABLE, read_header, decode_file, on_bad="on_bad_image")
