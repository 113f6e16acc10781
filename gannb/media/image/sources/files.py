"""Image files: which are read, what their headers say, and how they are opened."""

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

from gannb.data.files import FileKind
from gannb.data.groups import Copies
from gannb.data.source import DENIED, BadItem
from gannb.media.image.parameters import NOUNS
from gannb.media.image.sources import contents, decoding, tiff

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
    if told := _other_colours(image, head):
        raise BadItem(f"its colours are those of {told}, which are not brought to sRGB here; save it as sRGB")
    if layout:
        image.filename = ""  # else Pillow maps the file, by the sides that a picture has when it is upright
    return image, layout


def _other_colours(image: Image.Image, head: bytes) -> str:
    """What the colours of a file are by its coded numbers, where they are not sRGB's and no profile tells them."""
    told = contents.coded_colours(head) if image.format in ("PNG", "AVIF", "HEIF") else None
    if told is None or image.info.get("icc_profile"):
        return ""
    primaries, transfer = told
    return {16: "HDR (PQ)", 18: "HDR (HLG)", 8: "linear light"}.get(
        transfer, {9: "BT.2020", 11: "DCI-P3", 12: "Display P3"}.get(primaries, "")
    )


def _why_not(path: Path, layout: tiff.Layout | None) -> str:
    if layout:
        return f"it is {layout.described}, which is not read here; {tiff.WAY}"
    if _reads_heif() and contents.is_heif(contents.head_of(path)):
        return "it is a HEIC image that is damaged or cut short"
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
            if image.format == "PNG" and "exif" not in image.info:  # else Pillow would decode it to look for them
                image.info["exif"] = contents.exif_of_png(path)
            turned = (layout.orientation if layout else decoding.orientation(image)) in (5, 6, 7, 8)
            return (width, height) if turned else (height, width)


class _reasons:
    """Turns whatever a decoder throws into a BadItem with a short reason."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, BadItem) or not isinstance(error, Exception):
            return
        if isinstance(error, Image.DecompressionBombError):
            raise BadItem(f"more than {MAX_PIXELS // 10**6} million pixels; make it smaller") from error
        if isinstance(error, PermissionError):
            raise BadItem(DENIED) from error
        raise BadItem(getattr(error, "strerror", None) or str(error) or type(error).__name__) from error


def decode_file(path: Path) -> tuple[np.ndarray, str]:
    """Native pixels (H, W) or (H, W, 3) uint8, and how they were stored: a mode of Pillow's, its bits, `REMARKS`."""
    with _reasons():
        image, layout = _opened(path)
        with image:
            if image.format == "JPEG2000":
                image.info.setdefault("icc_profile", contents.profile_of_jpeg2000(path))
            return decoding.decoded(image, layout)


ADDITIONS = (  # words in the names of files that belong to a picture: masks, outlines, other views of it, thumbnails
    "mask", "seg", "segm", "segmentation", "segmented", "gt", "groundtruth", "ground_truth", "ground-truth", "trimap",
    "annotation", "annotated", "anno", "label", "labelled", "labeled", "labelid", "instance", "instanceid", "semantic",
    "panoptic", "contour", "outline", "roi", "lesion", "bbox", "boxes", "overlay", "heatmap", "saliency", "matte",
    "depth", "thumb", "thumbnail", "preview", "tn", "annot", "binmask", "superpixel", "[0-9]{2,4}x[0-9]{2,4}",
)  # fmt: skip
ORIGINALS = ("image", "img", "orig", "original", "raw", "rgb", "photo", "pic")
COPIES = (
    Copies(r"\.rf\.[0-9A-Za-z]+"),  # Roboflow
    Copies(  # as augmentation on a disk leaves them
        r"(?:[ _.-]+(?i:WORDS)(?:[ _-]?[0-9.]*[0-9])?)+",
        tuple(
            "aug augmented augmentation flip flipped hflip vflip fliph flipv fliplr flipud mirror mirrored rot rotate "
            "rotated rotation turned crop cropped zoom zoomed scaled resized shift shifted translated shear sheared "
            "bright brighter brightness dark darker contrast noise noisy blur blurred sharpened jpeg jpg compressed "
            "recompressed quality q gray grey grayscale hue color colour clahe equalized elastic cutout copy".split()
        ),
    ),
)
FILES = FileKind(
    NOUNS, EXTENSIONS, UNREADABLE, read_header, decode_file, "on_bad_image", additions=ADDITIONS, originals=ORIGINALS
)
