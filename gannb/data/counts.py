"""How many items of each class to take or to make, and how many of each kind a batch holds."""

from __future__ import annotations

import numpy as np


def equally_often(n: int, m: int, rng: np.random.Generator) -> np.ndarray:
    """Positions (m,) in 0..n-1 in random order, each as often as any other, to within one."""
    return rng.permutation(np.concatenate([np.tile(np.arange(n), m // n), rng.permutation(n)[: m % n]]))


def labels_to_make(counts: np.ndarray, n_synthetic: int | str) -> np.ndarray:
    """Return the labels of the items to make for a draw of `counts` (K,) items per class.

    A number: so many per class on average, in the draw's proportions. `balance`: for every class as many as the draw
    has of the largest, of which an arm takes what it lacks.
    """
    if n_synthetic == "balance":
        return np.repeat(np.arange(len(counts)), counts.max())
    return proportional_labels(counts, n_synthetic * len(counts))


def proportional_labels(counts: np.ndarray, total: int) -> np.ndarray:
    """Return (total,) labels in the proportions of `counts` (K,), at least one of each class.

    Multiples of the draw stay exact, so that copies are repeated equally often.
    """
    share = counts / counts.sum() * total
    whole = np.maximum(1, np.floor(share)).astype(int)
    for k in np.argsort(whole - share)[: max(0, total - whole.sum())]:
        whole[k] += 1
    while whole.sum() > total:  # small classes were given their one item
        whole[np.argmax(whole)] -= 1
    return np.repeat(np.arange(len(counts)), whole)


def in_batch(mix: str, share: float, size: int) -> tuple[int, int]:
    """Return how many real and how many synthetic items a batch holds.

    share: of it that is synthetic, above 0 and below 1. mix: `added`, to `size` real ones, as many as without synthetic
    items, at least one synthetic one; `replaced`, `size` items in all, possibly none of either kind.
    """
    if mix == "added":
        return size, max(1, round(share / (1 - share) * size))
    synthetic = round(share * size)
    return size - synthetic, synthetic


def first_of_each(y: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return the rising indices into y (N,) of the first `wanted` (K,) items of each class."""
    return np.sort(np.concatenate([np.flatnonzero(y == k)[:n] for k, n in enumerate(wanted)]))
