"""Image files: which are read, what their headers say, and how their pixels are decoded."""

from __future__ import annotations

import warnings
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from gannb.data.files import FileKind
from gannb.data.groups import Copies
from gannb.data.source import BadItem
from gannb.media.image.parameters import NOUNS

MAX_PIXELS = 64_000_000  # of one image; checked in its header, before decoding
MAX_BYTES = 8 * 2**30  # of all items together, as found in a file or as prepared
EXTENSIONS = frozenset(
    ".png .apng .jpg .jpeg .jpe .jfif .mpo .gif .bmp .dib .tif .tiff .webp .ppm .pgm .pbm .pnm"
    " .jp2 .j2k .jpx .tga .ico .pcx .sgi .avif".split()
)
# pictures to a person, but not read here: bad images rather than silently ignored
UNREADABLE = frozenset(".heic .heif .dcm .dicom .svg .psd .raw .cr2 .nef .arw .dng .nii".split())
# formats looked for in a file's content; none of them runs other programs
FORMATS = "PNG JPEG MPO GIF BMP DIB TIFF WEBP PPM JPEG2000 ICO PCX SGI AVIF".split()
WITH_ALPHA = ("RGBA", "LA", "PA", "RGBa", "La")  # Pillow's modes with an alpha channel


@cache
def _formats(extension: str) -> tuple[str, ...]:
    """The formats this Pillow can open. TGA has no signature: tried for its own extension only."""
    Image.init()
    return tuple(f for f in (*FORMATS, *(["TGA"] if extension == ".tga" else [])) if f in Image.OPEN)


def _opened(path: Path) -> Image.Image:
    if path.suffix.lower() in UNREADABLE:
        raise BadItem(f"{path.suffix} files are not read here; convert it to PNG or JPEG")
    return Image.open(path, formats=_formats(path.suffix.lower()))


def read_header(path: Path) -> tuple[int, int]:
    """Height and width after EXIF orientation, from the header alone."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the limit here is lower
        with _reasons(), _opened(path) as image:
            width, height = image.size
            if image.format == "TIFF":  # newer Pillows have turned `size` already
                width, height = image.tag_v2[256], image.tag_v2[257]
            if width * height > MAX_PIXELS:
                raise BadItem(f"{width}x{height} pixels, more than {MAX_PIXELS // 10**6} million; make it smaller")
            # a PNG whose EXIF comes last would have to be decoded here; decoding turns it anyway
            orientation = image.getexif().get(0x0112) if image.format != "PNG" or "exif" in image.info else None
            return (width, height) if orientation in (5, 6, 7, 8) else (height, width)


class _reasons:
    """Turns whatever a decoder throws into a BadItem with a short reason."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, BadItem) or not isinstance(error, Exception):
            return
        if isinstance(error, UnidentifiedImageError):
            raise BadItem("it is empty, cut short or not an image") from error
        if isinstance(error, Image.DecompressionBombError):
            raise BadItem(f"more than {MAX_PIXELS // 10**6} million pixels; make it smaller") from error
        raise BadItem(getattr(error, "strerror", None) or str(error) or type(error).__name__) from error


def decode_file(path: Path) -> tuple[np.ndarray, str]:
    """Native pixels (H, W) or (H, W, 3) uint8, and the pixel kind as found."""
    with _reasons(), _opened(path) as image:
        mode = image.mode
        if image.has_transparency_data and mode in ("1", "L", "P", "RGB"):
            mode += "+transparency"
        ImageOps.exif_transpose(image, in_place=True)
        return without_equal_channels(_to_8_bit(image)), mode


def _to_8_bit(image: Image.Image) -> np.ndarray:
    """(H, W) or (H, W, 3) uint8: 16-bit scaled by its depth, transparency on white, the rest by Pillow."""
    if image.mode.startswith("I"):
        values = np.asarray(image)
        if values.min() < 0 or values.max() > 65535:
            raise BadItem("its 32-bit pixels go beyond 0..65535; save it with 8 or 16 bits")
        return from_16_bit(values)
    if image.mode == "F":
        values = np.asarray(image)
        if not (values.min() >= 0 and values.max() <= 1):  # NaN fails too
            raise BadItem("its float pixels are not in 0..1; scale them or save it with 8 or 16 bits")
        return np.rint(values * 255).astype(np.uint8)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    mode = "L" if image.mode in ("1", "L") else "RGB"
    return np.asarray(image if image.mode == mode else image.convert(mode))


def from_16_bit(values: np.ndarray) -> np.ndarray:
    """Grey levels 0..65535 of any shape, (H, W) say, scaled to uint8."""
    return ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)  # 65535 -> 255


def without_equal_channels(pixels: np.ndarray) -> np.ndarray:
    """(H, W, 3) whose channels agree becomes (H, W): a grey picture saved as colour."""
    if pixels.ndim == 2:
        return pixels
    for view in (pixels[::16, ::16], pixels):  # a few pixels settle it for most
        if (view != view[..., :1]).any():
            return pixels
    return np.ascontiguousarray(pixels[..., 0])


ADDITIONS = (  # words in the names of files that belong to a picture: masks, outlines, other views of it, thumbnails
    "mask", "seg", "segm", "segmentation", "segmented", "gt", "groundtruth", "ground_truth", "ground-truth", "trimap",
    "annotation", "annotated", "anno", "label", "labelled", "labeled", "labelid", "instance", "instanceid", "semantic",
    "panoptic", "contour", "outline", "roi", "lesion", "bbox", "boxes", "overlay", "heatmap", "saliency", "matte",
    "depth", "thumb", "thumbnail", "preview",
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
