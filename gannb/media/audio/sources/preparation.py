"""A clip as networks get it: its direct current off, trimmed, its loudest part, faded at both ends, at one level.

Sets of recordings differ in these before they differ in what is heard: the level alone tells the speakers of the spoken
digits apart. So no classifier and no measure may see them.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.signal import resample_poly

from gannb.data.source import BadItem
from gannb.media.audio.parameters import FULL

QUIET = -35.0  # dB below its loudest moment, under which a clip's ends are trimmed
MOMENT = 0.025  # s, over which loudness is taken
FADE = 0.005  # s, at either end of what is kept
PEAK = 0.9  # of full scale
LEAST_KEPT = 4e-4  # of its power, that a clip must have at another rate: 34 dB below


def prepared(sound: np.ndarray, rate: int, to_rate: int, samples: int) -> tuple[np.ndarray, float]:
    """A clip (T,) float, at any level -> (samples,) int16 at another rate, silent where the clip is shorter.

    In this order: direct current off; brought to the rate by `scipy.signal.resample_poly` (polyphase, Kaiser window);
    trimmed; of what is longer the loudest `samples`; faded in and out; brought to the peak; centred. And the share of
    its power that is left at the rate, 0..1. Raises BadItem where that is nothing.
    """
    found = sound.astype(np.float64) - sound.mean(dtype=np.float64)
    at_rate = resampled(found, rate, to_rate)
    share = min(1.0, float(np.mean(at_rate**2) / max(np.mean(found**2), 1e-20)))
    if share < LEAST_KEPT and rate > to_rate:
        raise BadItem(
            f"nothing of it is left at {to_rate:,} samples a second, since it sounds above {to_rate // 2:,} Hz alone; "
            "set a higher rate"
        )
    kept = faded(loudest(trimmed(at_rate, to_rate), samples), to_rate)
    peak = np.abs(kept).max()
    levels = np.rint(kept * (PEAK * FULL / peak if peak else 0.0)).astype(np.int16)
    before = (samples - len(levels)) // 2
    return np.pad(levels, (before, samples - len(levels) - before)), share


def resampled(sound: np.ndarray, rate: int, to_rate: int) -> np.ndarray:
    """(T,) at one rate -> (T * to_rate / rate, rounded up) at another; untouched where they are the same."""
    common = math.gcd(rate, to_rate)
    return sound if rate == to_rate else resample_poly(sound, to_rate // common, rate // common)


def trimmed(sound: np.ndarray, rate: int) -> np.ndarray:
    """What lies between the first and the last moment of (T,) that is not quiet; never nothing."""
    moment = max(1, round(MOMENT * rate))
    step = max(1, moment // 2)
    starts = np.arange(0, max(1, len(sound) - moment + step), step)
    energy = np.concatenate([[0.0], np.cumsum(sound**2)])
    ends = np.minimum(starts + moment, len(sound))
    power = (energy[ends] - energy[starts]) / moment
    loud = np.flatnonzero(power >= power.max() * 10 ** (QUIET / 10))
    return sound[starts[loud[0]] : ends[loud[-1]]]


def loudest(sound: np.ndarray, samples: int) -> np.ndarray:
    """The part of (T,) with the most energy, at most `samples` long."""
    if len(sound) <= samples:
        return sound
    energy = np.concatenate([[0.0], np.cumsum(sound**2)])
    start = int(np.argmax(energy[samples:] - energy[:-samples]))
    return sound[start : start + samples]


def faded(sound: np.ndarray, rate: int) -> np.ndarray:
    """(T,) with a ramp up at its beginning and down at its end, each at most half of it."""
    n = min(max(1, round(FADE * rate)), len(sound) // 2)
    ramp = np.sin(np.linspace(0, np.pi / 2, n, endpoint=False)) ** 2
    found = sound.copy()
    found[:n] *= ramp
    found[len(found) - n :] *= ramp[::-1]
    return found
