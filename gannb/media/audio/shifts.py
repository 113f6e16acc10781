"""Clips changed in one way each: as another source might give them, so little that they are copies, or mixed."""

from __future__ import annotations

from collections.abc import Callable
from math import gcd

import numpy as np
from scipy.signal import butter, resample_poly, sosfiltfilt

from gannb.media.audio.features import checked, moved
from gannb.media.audio.parameters import FULL

Rng = np.random.Generator
LEVEL, NOISE = 20.0, 15.0  # dB softer; dB below the clip's power
NARROW = 2 / 3  # of the rate, through which clips go
TELEPHONE = (300.0, 3400.0)  # Hz


def _level(x: np.ndarray, rate: int, rng: Rng) -> np.ndarray:
    return x * 10 ** (-LEVEL / 20)


def _noise(x: np.ndarray, rate: int, rng: Rng) -> np.ndarray:
    return with_noise(x, NOISE, rng)


def _resampled(x: np.ndarray, rate: int, rng: Rng) -> np.ndarray:
    low = round(NARROW * rate)
    up, down = (n // gcd(low, rate) for n in (low, rate))
    return resample_poly(resample_poly(x, up, down, axis=1), down, up, axis=1)[:, : x.shape[1]]


def _telephone(x: np.ndarray, rate: int, rng: Rng) -> np.ndarray:
    low, high = TELEPHONE
    band = butter(4, low, "highpass", fs=rate, output="sos")
    if high < 0.45 * rate:
        band = np.concatenate([band, butter(4, high, "lowpass", fs=rate, output="sos")])
    return sosfiltfilt(band, x, axis=1, padtype=None)


SHIFTS: dict[str, tuple[str, Callable[[np.ndarray, int, Rng], np.ndarray]]] = {
    "level": (f"{LEVEL:.0f} dB softer", _level),
    "noise": (f"noise {NOISE:.0f} dB below the clip added", _noise),
    "resampled": ("recorded at two thirds of the rate", _resampled),
    "telephone": (f"the band of a telephone, {TELEPHONE[0]:.0f} to {TELEPHONE[1]:,.0f} Hz", _telephone),
}


def shifted(x: np.ndarray, kind: str, seed: int, rate: int) -> np.ndarray:
    """Clips changed in one of the ways of `SHIFTS`: (N, T) int16 -> the same; equal seeds, equal results."""
    return as_samples(SHIFTS[kind][1](checked(x).astype(np.float64), rate, np.random.default_rng(seed)))


LATER, LOUDER, LIGHT_NOISE = 0.05, 6.0, 30.0  # the light changes: s, dB, dB below the clip


def altered(x: np.ndarray, seed: int, rate: int) -> np.ndarray:
    """Lightly altered copies: 50 ms later, 6 dB louder, or with noise 30 dB below, by turns.

    x: (N, T) int16 -> the same shape. What louder clips have beyond the range is cut off. Clips of less than .2 s move
    by a quarter of their length.
    """
    rng, wave = np.random.default_rng(seed), checked(x).astype(np.float64)
    later = moved(wave, min(round(LATER * rate), x.shape[1] // 4))
    changed = [later, wave * 10 ** (LOUDER / 20), with_noise(wave, LIGHT_NOISE, rng)]
    turn = np.arange(len(x)) % len(changed)
    return as_samples(np.choose(turn[:, None], changed))


def blend(a: np.ndarray, b: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Mixtures of two clips each: a, b (N, T) int16, share (N,) of a -> the same shape.

    The peak lies between those of the two, by their shares: where they cancel out or follow each other, the mixture is
    not softer than clips are.
    """
    share = np.reshape(share, (-1, 1))
    mixed = share * a.astype(np.float64) + (1 - share) * b
    peaks = [np.abs(each.astype(np.float64)).max(axis=1, keepdims=True) for each in (a, b, mixed)]
    wanted = share * peaks[0] + (1 - share) * peaks[1]
    return as_samples(mixed * wanted / np.maximum(peaks[2], 1))


def with_noise(x: np.ndarray, below: float, rng: Rng) -> np.ndarray:
    """Clips (N, T) with white noise so many dB below the power that each has where it sounds."""
    loud = np.abs(x) > 0.1 * np.abs(x).max(axis=1, keepdims=True)
    power = (x**2 * loud).sum(axis=1) / loud.sum(axis=1).clip(min=1)
    return x + np.sqrt(power * 10 ** (-below / 10))[:, None] * rng.standard_normal(x.shape)


def as_samples(values: np.ndarray) -> np.ndarray:
    """Values (N, T) as int16, those beyond the range cut off."""
    return np.rint(values).clip(-FULL, FULL).astype(np.int16)
