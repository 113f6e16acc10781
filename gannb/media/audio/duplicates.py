"""Exact and near duplicates among clips.

Near duplicates are what the same recording gives at another level or depth, in another container, by a lossy codec, a
little later, or with a little noise. Two prepared clips are near where the largest correlation of their waveforms over
all shifts is at least `NEAR`; a changed sign does not count, since nobody hears it.

The limits were chosen on spoken digits (600 clips of six speakers at 8 kHz). Copies at a third of the level, in other
containers, at another rate and back, with silence before and after, or with noise at 20 dB correlate by .97 or more (of
MP3s 98 of 100); of clips that are none, the one most alike correlates by .55 in the median and .86 at 99 of 100.
Of copies rounded to 8 bits 91 of 100 were found, of dithered ones 73: missed are those of clips some 40 dB below full
scale, in which rounding adds a twentieth of the power or more. A lower limit would take for copies what is none.
Copies played faster or at another pitch are not searched for, nor are those that a vocoder made, whose waveform is
another one: measures of copying compare pictures of frequencies, and find these.

What is found decides which clips may be drawn together; all is computed in 64 bits, so that no machine's order of
adding up moves a pair over a limit.
"""

from __future__ import annotations

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft
from scipy.spatial import cKDTree

from gannb.data.assembly import identical
from gannb.utils.keys import content_of

NEAR = 0.95  # least correlation
BANDS = 64  # of the spectra by which candidates are found
ALIKE = 0.15  # largest distance of the spectra of candidates, each of norm 1
NEIGHBOURS = 32  # candidates per clip: bounds time and memory where thousands are alike
BLOCK = 256  # clips or pairs at once


def near_pairs(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of near duplicates: (M, 2) positions, first < second, and 1 - their correlation (M,). x: (N, T) int16.

    Candidates come from a k-d tree over the clips' spectra, which no shift changes.
    """
    spectra = _spectra(x)
    found = _candidates(spectra, spectra)
    found = np.unique(np.sort(found[found[:, 0] != found[:, 1]], axis=1), axis=0)
    return _near(x, x, found)


def copies_of(x: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Tell which clips are identical to, or near duplicates of, one of others: (N, T), (M, T) int16 -> (N,) bool."""
    exact, near = among(x, others)
    return exact | near


def among(x: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Tell which clips are exact duplicates (N,) and which near duplicates (N,), exact ones too, of one of others.

    x: (N, T), others: (M, T) int16.
    """
    both = identical(content_of(item) for part in (others, x) for item in part)[len(others) :]
    exact = both < len(others)
    near = exact.copy()
    near[_near(x, others, _candidates(_spectra(x), _spectra(others)))[0][:, 0]] = True
    return exact, near


def _spectra(x: np.ndarray) -> np.ndarray:
    """(N, T) int16 -> (N, BANDS) of norm 1: the amplitude in equal bands, which no shift changes."""
    found = np.zeros((len(x), BANDS))
    for start in range(0, len(x), BLOCK):
        power = np.abs(rfft(x[start : start + BLOCK].astype(np.float64), axis=1)[:, 1:]) ** 2
        width = max(1, power.shape[1] // BANDS)
        power = power[:, : BANDS * width].reshape(len(power), -1, width).mean(2)
        found[start : start + BLOCK, : power.shape[1]] = np.sqrt(power)
    return found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-6)


def _candidates(spectra: np.ndarray, others: np.ndarray) -> np.ndarray:
    """(P, 2) pairs, of (N, BANDS) and (M, BANDS), that are alike."""
    k = min(NEIGHBOURS + 1, len(others))
    if not len(spectra) or not k:
        return np.empty((0, 2), np.int64)
    _, neighbour = cKDTree(others).query(spectra, k=k, distance_upper_bound=ALIKE)  # (N,) or (N, k), M: none
    pairs = np.stack([np.repeat(np.arange(len(spectra)), k), np.ravel(neighbour)], axis=1)
    return pairs[pairs[:, 1] < len(others)]


def _near(x: np.ndarray, others: np.ndarray, pairs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of pairs (P, 2) into clips (N, T) and (M, T) those that are near, and 1 - their correlation."""
    distance = np.empty(len(pairs))
    for start in range(0, len(pairs), BLOCK):
        block = pairs[start : start + BLOCK]
        distance[start : start + BLOCK] = 1 - correlation(x[block[:, 0]], others[block[:, 1]])
    near = distance <= 1 - NEAR
    return pairs[near], distance[near]


def correlation(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The largest correlation, without its sign, of a[i] and b[i] over all shifts: (P, T), (P, T) int16 -> (P,)."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    length = next_fast_len(2 * a.shape[1], real=True)
    products = irfft(rfft(a, length, axis=1) * rfft(b, length, axis=1).conj(), length, axis=1)
    norms = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return np.abs(products).max(axis=1) / np.maximum(norms, 1e-6)
