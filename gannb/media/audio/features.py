"""Clips as rows of numbers, without any network: the levels of their log-mel pictures; and the forms of a copy.

They do not change with the level of a clip, and little with noise that is faint beside it: of the 60 dB of a picture
the lower third, in which such noise is all there is, counts as silence.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import numpy as np

from gannb.media.audio.augmentation.policies import SHIFT, Policy
from gannb.media.audio.logmel import LogMel
from gannb.utils.errors import InputError

DARK = 85  # of 255, a third: 40 dB below the maximum
STEP = 0.016  # s: a column of the pictures, about; half of it changes little


def checked(x: np.ndarray) -> np.ndarray:
    """Return clips (N, T) int16 as they are. Raises InputError where they are none."""
    if x.dtype != np.int16 or x.ndim != 2:
        raise InputError(f"Items of shape {x.shape} and type {x.dtype} are no clips; these are (N, T) of int16.")
    return x


def exact(x: np.ndarray, rate: int) -> np.ndarray:
    """Levels above the dark third, of pictures in rows: (N, T) int16 -> (N, D) uint8, 0..170."""
    return of_pictures(LogMel(rate, checked(x).shape[1]).pictures(x))


def raw(x: np.ndarray, rate: int) -> np.ndarray:
    """The same as features: (N, T) int16 -> (N, D) float32 in 0..1, 1 for the maximum and 0 from 40 dB below it on."""
    return scaled(exact(x, rate))


def of_pictures(pictures: np.ndarray) -> np.ndarray:
    """Pictures (N, H, W) uint8 -> (N, H W) uint8."""
    return (np.maximum(pictures, DARK) - DARK).reshape(len(pictures), -1)


def scaled(levels: np.ndarray) -> np.ndarray:
    """Levels of `of_pictures` (N, D) -> float32 in 0..1."""
    return levels.astype(np.float32) / (255 - DARK)


def least_difference(shape: tuple[int, ...], rate: int) -> float:
    """One level at every point of a picture."""
    return math.sqrt(math.prod(LogMel(rate, shape[0]).shape)) / (255 - DARK)


# ---- forms ----


def forms(policy: Policy, shape: tuple[int, ...], rate: int) -> list[Callable[[np.ndarray], np.ndarray]]:
    """Return the functions that give clips (N, T) the forms that augmentation does not tell apart: earlier and later.

    A classifier that is trained with shifts hears every one of them, and a generator that makes such a form of a
    training clip adds nothing to it. They reach as far as those of augmentation, in a short clip up to a quarter of it;
    silence comes in. Louder and softer is no form: the features do not change with the level.
    """
    most = min(SHIFT, shape[0] / rate / 4)
    steps = max(1, round(most / STEP))
    offsets = [round(most * rate * k / steps) for k in range(-steps, steps + 1) if k]
    return [partial(moved, by=by) for by in offsets if by]


def moved(x: np.ndarray, by: int) -> np.ndarray:
    """Shift clips (N, T) by samples, later where above 0."""
    out = np.zeros_like(x)
    if by > 0:
        out[:, by:] = x[:, :-by]
    else:
        out[:, :by] = x[:, -by:]
    return out
