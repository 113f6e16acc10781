"""Test items as another source might give them: each changed in one way, at a stated strength.

After the corruptions of Hendrycks & Dietterich 2019 ("Benchmarking neural network robustness to common corruptions
and perturbations"), at one strength each that follows the size of the image.
"""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
from PIL import Image
from scipy import ndimage

from gannb.media.image.features import checked

NOISE = 0.1  # standard deviation, of the range of values
BLUR = 1 / 32  # standard deviation, of the shorter side, but at least
LEAST_BLUR = 0.5  # pixels: less changes nothing
CONTRAST = 0.5  # what is left of it
ROTATION = 15.0  # degrees, one way or the other


def _noise(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return x + rng.normal(0, 255 * NOISE, x.shape)


def _blur(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    sigma = max(LEAST_BLUR, BLUR * min(x.shape[1:3]))
    return ndimage.gaussian_filter(x, (0, sigma, sigma, 0), mode="nearest")


def _contrast(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    mean = x.mean(axis=(1, 2, 3), keepdims=True)
    return mean + CONTRAST * (x - mean)


def _rotation(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    ways = rng.choice([-ROTATION, ROTATION], len(x))
    turned = [ndimage.rotate(x[i], ways[i], reshape=False, order=1, mode="nearest") for i in range(len(x))]
    return np.stack(turned) if turned else x


SHIFTS: dict[str, tuple[str, Callable[[np.ndarray, np.random.Generator], np.ndarray]]] = {
    "noise": (f"noise of {NOISE:.0%} of the range added", _noise),
    "blur": (f"blurred over {BLUR:.0%} of the side", _blur),
    "contrast": (f"{CONTRAST:.0%} of the contrast left", _contrast),
    "rotation": (f"turned by {ROTATION:.0f} degrees", _rotation),
}


def shifted(x: np.ndarray, kind: str, seed: int) -> np.ndarray:
    """Items changed in one of the ways of `SHIFTS`: (N, H, W, C) uint8 -> the same; equal seeds, equal results."""
    changed = SHIFTS[kind][1](checked(x).astype(np.float32), np.random.default_rng(seed))
    return np.clip(np.rint(changed), 0, 255).astype(np.uint8)


BRIGHTER, LIGHT_NOISE, JPEG = 1.05, 0.02, 75  # the light changes: factor, sd as a share of white, quality


def altered(x: np.ndarray, seed: int = 0) -> np.ndarray:
    """Lightly altered copies: 5 % brighter, with noise of 2 % of white, or JPEG of quality 75, by turns.

    x: (N, H, W, C) uint8 with 1 or 3 channels -> the same shape.
    """
    noise = np.random.default_rng(seed).normal(0, LIGHT_NOISE * 255, checked(x).shape)
    changed = [np.rint(x * BRIGHTER), np.rint(x + noise), np.stack([_recompressed(item) for item in x])]
    turn = np.arange(len(x)) % len(changed)
    return np.choose(turn.reshape(-1, *[1] * (x.ndim - 1)), changed).clip(0, 255).astype(np.uint8)


def _recompressed(item: np.ndarray) -> np.ndarray:
    """(H, W, C) -> (H, W, C) uint8, as JPEG gives it back."""
    stream = io.BytesIO()
    Image.fromarray(item.squeeze(2) if item.shape[2] == 1 else item).save(stream, "JPEG", quality=JPEG)
    return np.asarray(Image.open(stream)).reshape(item.shape)
