"""Colours as a file means them, brought to sRGB: by its ICC profile, or by what else it tells of them."""

from __future__ import annotations

import io
from functools import lru_cache

import numpy as np
from PIL import ExifTags, Image, ImageCms

ALIKE = 3  # of 255: a profile that moves no colour further is sRGB itself in another edition
Chromaticities = tuple[float, ...]  # x and y of white, red, green and blue
SRGB: Chromaticities = (0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
ADOBE_RGB = 563 / 256, (0.3127, 0.3290, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06)  # the power, and where the colours lie
MODES = {"GRAY": ("L",), "RGB ": ("RGB", "L"), "CMYK": ("CMYK",)}  # for which a profile of some space is of use
BROUGHT, IGNORED = "profile", "unusable profile"


def to_srgb(image: Image.Image) -> tuple[Image.Image, str]:
    """An image of mode L, LA, RGB, RGBA, CMYK or LAB as sRGB, and what was done: "", `BROUGHT` or `IGNORED`.

    A file that tells nothing of its colours is taken for sRGB, and CMYK without a profile for the plain complement. A
    profile that is damaged, or of another kind of pixels, is ignored, as browsers do.
    """
    if image.mode == "LAB":
        return _from_lab().apply(image), ""
    if image.mode in ("LA", "RGBA"):
        opaque, done = to_srgb(image.convert(image.mode[:-1]))
        opaque.putalpha(image.getchannel("A"))
        return opaque, done
    profile = image.info.get("icc_profile")
    if not profile:
        return _as_described(image)
    try:
        mode, transform = _transform(profile, image.mode)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError, ImportError):
        return image, IGNORED
    if transform is None:
        return image, ""
    as_told = image.convert(mode)  # grey in a profile of colours is a colour of equal channels
    return _grey_stays_grey(as_told, transform.apply(as_told)), BROUGHT


def _grey_stays_grey(before: Image.Image, after: Image.Image) -> Image.Image:
    """`after` without the tint of a level or so that rounding gives to a grey picture saved as colour."""
    is_grey = before.mode == "RGB" and without_equal_channels(np.asarray(before)).ndim == 2
    return after.convert("L") if is_grey else after


@lru_cache(maxsize=64)  # a camera writes the same profile into every file
def _transform(profile: bytes, mode: str) -> tuple[str, ImageCms.ImageCmsTransform | None]:
    """The mode that a profile is for, and what leads from it to sRGB; None where nothing would change.

    Raises where the profile does not fit pixels of that mode.
    """
    opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    space = opened.profile.xcolor_space
    if mode not in MODES.get(space, ()):
        raise ValueError(f"a profile of {space} for pixels of {mode}")
    own = MODES[space][0]
    transform = ImageCms.buildTransform(opened, ImageCms.createProfile("sRGB"), own, "RGB")
    return own, None if own != "CMYK" and _changes_nothing(transform, own) else transform


def _changes_nothing(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    steps = np.arange(0, 256, 15, dtype=np.uint8)
    colours = np.stack(np.meshgrid(steps, steps, steps), -1).reshape(1, -1, 3)  # (1, 18^3, 3)
    probe = Image.fromarray(colours if mode == "RGB" else colours[..., 0])
    moved = np.asarray(transform.apply(probe)).astype(int) - np.asarray(probe.convert("RGB"))
    return bool(np.abs(moved).max() <= ALIKE)


@lru_cache(maxsize=1)
def _from_lab() -> ImageCms.ImageCmsTransform:
    return ImageCms.buildTransform(ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), "LAB", "RGB")


def _as_described(image: Image.Image) -> tuple[Image.Image, str]:
    """An image without a profile whose file tells its colours in numbers, of mode L or RGB, as sRGB."""
    told = _told(image) if image.mode in ("L", "RGB") else None
    if told is None:
        return image, ""
    power, xy = told
    matrix = np.linalg.inv(_to_xyz(SRGB)) @ _to_xyz(xy)  # light of the file's primaries to light of sRGB's
    is_srgb = bool(np.abs(matrix - np.eye(3)).max() < 0.01)
    if is_srgb and abs(power - 2.2) < 0.05:
        return image, ""
    light = (np.asarray(image) / 255) ** power
    if image.mode == "RGB" and not is_srgb:
        light = np.clip(light @ matrix.T, 0, 1)
    values = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)  # IEC 61966-2-1
    return _grey_stays_grey(image, Image.fromarray(np.rint(255 * values).astype(np.uint8))), BROUGHT


def _told(image: Image.Image) -> tuple[float, Chromaticities] | None:
    """The power by which light follows from values, and the chromaticities; None where nothing is told, or sRGB.

    A PNG tells it by gAMA and cHRM (PNG specification 13.13), a camera by the EXIF name of Adobe RGB (DCF 2.0, R03).
    """
    gamma, xy = image.info.get("gamma"), image.info.get("chromaticity")
    if gamma and 0.1 < gamma < 3 and "srgb" not in image.info:
        return 1 / gamma, tuple(xy) if xy and len(xy) == 8 and min(xy[1::2]) > 0 else SRGB
    try:
        name = image.getexif().get_ifd(ExifTags.IFD.Interop).get(1) if image.mode == "RGB" else None
    except Exception:  # damaged data make Pillow raise whatever comes
        return None
    return ADOBE_RGB if str(name).startswith("R03") else None


def _to_xyz(xy: Chromaticities) -> np.ndarray:
    """(3, 3): light of the primaries to XYZ, white brought to D65 (von Kries, in Bradford's cones)."""
    white, *primaries = (np.array([x / y, 1.0, (1 - x - y) / y]) for x, y in zip(xy[::2], xy[1::2], strict=True))
    columns = np.stack(primaries, axis=1)
    to_cones = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
    x, y = SRGB[:2]
    d65 = np.array([x / y, 1.0, (1 - x - y) / y])
    adapted = np.linalg.inv(to_cones) @ np.diag((to_cones @ d65) / (to_cones @ white)) @ to_cones
    return adapted @ columns @ np.diag(np.linalg.solve(columns, white))


def without_equal_channels(pixels: np.ndarray) -> np.ndarray:
    """(H, W, 3) whose channels agree becomes (H, W): a grey picture saved as colour."""
    if pixels.ndim == 2:
        return pixels
    for view in (pixels[::16, ::16], pixels):  # a few pixels settle it for most
        if (view != view[..., :1]).any():
            return pixels
    return np.ascontiguousarray(pixels[..., 0])
