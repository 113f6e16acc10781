"""Clips as rows of numbers, without any network: the levels of their log-mel pictures.

They do not change with the level of a clip, and little with noise that is faint beside it: of the 60 dB of a picture
the lower third, in which such noise is all there is, counts as silence.
"""

from __future__ import annotations

import math

import numpy as np

from gannb.media.audio.logmel import LogMel
from gannb.utils.errors import InputError

DARK = 85  # of 255, a third: 40 dB below the maximum


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
    """Levels of `of_pictures` -> float32 in 0..1."""
    return levels.astype(np.float32) / (255 - DARK)


def least_difference(shape: tuple[int, ...], rate: int) -> float:
    """One level at every point of a picture."""
    return math.sqrt(math.prod(LogMel(rate, shape[0]).shape)) / (255 - DARK)
