"""Images as rows of numbers, without any network."""

from __future__ import annotations

import numpy as np

from gannb.utils.errors import InputError


def checked(x: np.ndarray) -> np.ndarray:
    """Return images (N, H, W, C) uint8 as they are.

    Raises:
        InputError: they are no such images: what is done to images would make other data of them without a word.
    """
    if x.dtype != np.uint8 or x.ndim != 4:
        raise InputError(f"Items of shape {x.shape} and type {x.dtype} are no images; these are (N, H, W, C) of uint8.")
    return x


def flat(x: np.ndarray) -> np.ndarray:
    """The pixels of images in rows: (N, H, W, C) uint8 -> (N, D) uint8."""
    return checked(x).reshape(len(x), -1)


def pixels(x: np.ndarray) -> np.ndarray:
    """The pixels of images as features: (N, H, W, C) uint8 -> (N, D) float32 in 0..1."""
    features = flat(x).astype(np.float32)
    features /= 255
    return features
