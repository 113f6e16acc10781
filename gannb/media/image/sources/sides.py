"""How an image was made and stored, as far as its file and its colours tell; see `gannb.data.side_facts`."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from PIL import Image

from gannb.data.side_facts import Side

GREY = 3  # largest difference between channels, in grey levels, of a picture without colour that JPEG has passed
HUE = 2.0  # largest residual of a single hue: root mean square of what the lightness does not explain, in grey levels
CAMERA = (271, 272, 305)  # EXIF: make, model, software


def side_of(path: Path | None, mode: str, shape: tuple[int, int], thumb: np.ndarray, channels: int) -> Side:
    """Return the side facts of an image by their names in a sentence.

    path: its file, None where it has none of its own.  mode: how its pixels were stored, in a word.  shape: its own
    height and width.  thumb: (16, 16) or (16, 16, 3) uint8.  channels: of the images as they are studied; of grey ones
    the colour tells nothing.
    """
    height, width = shape
    side: dict[str, str | tuple[float, ...]] = {"size": (float(height), float(width), height / width)}
    if channels == 3:
        side["kind of colour (grey, tinted or full)"] = colour_of(thumb)
    return side | (_of_file(path) if path else {}) | {"kind of pixels": mode}


def colour_of(thumb: np.ndarray) -> str:
    """Tell whether a picture is grey, of a single hue, or in colour. thumb: (H, W) or (H, W, 3) uint8."""
    if thumb.ndim == 2 or (thumb.astype(int).max(2) - thumb.min(2)).max() <= GREY:
        return "grey"
    pixels = thumb.reshape(-1, 3).astype(float)
    light = pixels.mean(1)
    chroma = pixels - light[:, None]
    design = np.stack([np.ones_like(light), light, light**2], axis=1)  # of one hue, but less of it in black and white
    rest = chroma - design @ np.linalg.lstsq(design, chroma, rcond=None)[0]
    return "tinted" if np.sqrt((rest**2).mean()) <= HUE else "full"


def _of_file(path: Path) -> dict[str, str | tuple[float, ...]]:
    """What a file says beside its picture; nothing of a damaged note."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path) as image:
                return {
                    "format": f"{image.format}",
                    "compression": _compression(image),
                    "camera": _camera(image),
                    "notes in the file": _notes(image),
                }
    except Exception:  # it has been decoded; whatever else is in the file is of no weight
        return {"format": path.suffix.lower(), "compression": (0.0,), "camera": "", "notes in the file": ""}


def _compression(image: Image.Image) -> tuple[float, ...]:
    """The mean step of a JPEG's table for lightness, larger where the quality is lower; 0 of other formats."""
    tables = getattr(image, "quantization", None)
    return (float(np.mean(tables[min(tables)])),) if tables else (0.0,)


def _camera(image: Image.Image) -> str:
    try:
        exif = image.getexif() if image.format != "PNG" or "exif" in image.info else {}
    except Exception:
        return ""
    return " ".join(str(exif.get(tag, "")).strip(" \0") for tag in CAMERA).strip()


def _notes(image: Image.Image) -> str:
    """Which notes there are, and the resolution that is written there."""
    dpi = image.info.get("dpi", "")
    kept = [
        name for name in ("exif", "icc_profile", "jfif", "progressive", "comment", "xmp", "gamma") if name in image.info
    ]
    return " ".join([*kept, *(f"{float(d):.0f}" for d in (dpi if isinstance(dpi, tuple) else ()))])
