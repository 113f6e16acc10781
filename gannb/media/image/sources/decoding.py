"""An opened image as pixels of 8 bits: upright, in sRGB, nothing transparent; and what was done for that, in words."""

from __future__ import annotations

import numpy as np
from PIL import Image

from gannb.data.source import BadItem
from gannb.media.image.sources import colours, levels, tags, tiff

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
KEPT = 1024  # pixels of the shorter side that are kept of huge images, at least: no study is of larger ones
LEVELS = {"1": 1, "L;2": 3, "L;4": 15}  # the largest of PNGs with fewer than 8 bits, by how Pillow calls them
# what may stand behind "+" in the word for how an image was stored, and what is said of all images with it
REMARKS = {
    "transparency": "Transparency was composited on white",
    "frames": "Of several pictures or frames in a file the first was taken",
    "pages": "Of a stack of several pages the first was taken (save another page, or a projection, where that counts)",
    colours.BROUGHT: "Colours were brought to sRGB by the colour profile of the file, or what else it tells of them",
    colours.IGNORED: "A colour profile that is damaged, or of another kind of pixels, was ignored",
    "damaged EXIF": "Damaged EXIF data were ignored, in which an orientation may have stood",
}


def decoded(image: Image.Image, layout: tiff.Layout | None) -> tuple[np.ndarray, str]:
    """Native pixels (H, W) or (H, W, 3) uint8, and how they were stored: a mode of Pillow's, its bits, `REMARKS`.

    image: not decoded yet.  layout: of a TIFF.  Raises BadItem, or what Pillow raises for damaged files. Of images of
    which the shorter side is twice `KEPT` or more, every few pixels are averaged to one: a JPEG is decoded so, others
    are made smaller once they are decoded.
    """
    if (times := _times_smaller(image)) > 1:
        image.draft(None, (image.width // times, image.height // times))  # of JPEG; does nothing to others
    remarks = ["transparency"] if image.has_transparency_data and image.mode not in WITH_ALPHA else []
    if layout is None and _is_animated(image):
        remarks.append("frames")
    if layout and layout.pages > 1:
        remarks.append("pages")
    deep = _is_deep(image, layout)
    _mend_transparent_level(image, deep)
    image.load()
    if _has_damaged_exif(image):
        remarks.append("damaged EXIF")
    plain, word = _plain(image, layout)
    plain = plain.reduce(times) if (times := _times_smaller(plain)) > 1 else plain
    coloured, done = colours.to_srgb(plain)
    if coloured.mode in WITH_ALPHA:
        if not coloured.getchannel("A").getextrema()[1]:
            raise BadItem("all of it is transparent, so that nothing would be seen; save it without transparency")
        coloured = Image.alpha_composite(Image.new("RGBA", coloured.size, "white"), coloured.convert("RGBA"))
    turn = UPRIGHT.get(orientation(image))
    upright = coloured.transpose(turn) if turn is not None else coloured
    pixels = np.asarray(upright if upright.mode == "L" else upright.convert("RGB"))
    word += ";16" if deep and ";" not in word else ""
    return colours.without_equal_channels(pixels), "+".join([word, *remarks, *([done] if done else [])])


def _times_smaller(image: Image.Image) -> int:
    """Return how many pixels of a side may become one."""
    return max(1, min(image.size) // KEPT)


def _is_deep(image: Image.Image, layout: tiff.Layout | None) -> bool:
    """Tell whether an image that is not decoded yet has 16 bits, whatever is left of them in its mode."""
    if layout:
        return layout.bits == 16
    return any(";16" in str(tile[3]) and "BGR;16" not in str(tile[3]) for tile in image.tile)  # 5, 6 and 5 bits


def _mend_transparent_level(image: Image.Image, deep: bool) -> None:
    """Make the level that a PNG declares transparent one of 8 bits, as its pixels will be; Pillow leaves it as it is.

    Raises BadItem for one among colours of 16 bits, of which Pillow leaves 8 bits.
    """
    level, stored = image.info.get("transparency"), str(image.tile[0][3]) if image.tile else ""
    if deep and isinstance(level, tuple):
        raise BadItem("it is a PNG of 16 bits with a transparent colour, which is not read here; save an alpha channel")
    if isinstance(level, int) and stored in LEVELS:
        image.info["transparency"] = level * 255 // LEVELS[stored]


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
        values = _numbers(image, layout)
        grey, word = _grey(values, layout)
        made = Image.fromarray(grey)
        if "transparency" in image.info:
            made.putalpha(Image.fromarray(np.where(values == image.info["transparency"], 0, 255).astype(np.uint8)))
        made.info = {key: image.info[key] for key in ("icc_profile", "gamma", "srgb") if key in image.info}
        return made, word
    if image.has_transparency_data and image.mode not in ("LA", "RGBA"):
        return image.convert("LA" if image.mode in ("1", "L", "La") else "RGBA"), image.mode
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


def orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; 1 where there is none, or none that can be read."""
    try:
        found = image.getexif().get(ORIENTATION)
    except Exception:  # damaged data make Pillow raise whatever comes
        return 1
    return found if isinstance(found, int) and found in UPRIGHT else 1
