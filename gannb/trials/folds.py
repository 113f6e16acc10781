"""Stratified folds that keep groups together, of many re-splits at once.

The algorithm is that of scikit-learn's `StratifiedGroupKFold` (after a Kaggle kernel of J. Wasikowski), and the folds
are the same: groups, in random order but those of the most unequal classes first, go one by one to the fold where the
classes' shares over the folds spread the least, or of folds as good to the one with the fewest items. Here every step
is taken for all re-splits together, so that hundreds of them take about as long as one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

RELATIVE, ABSOLUTE = 1e-5, 1e-8  # tolerances at which two spreads are as good as each other (those of `np.isclose`)


def stratified_group_folds(y: np.ndarray, groups: np.ndarray, folds: int, seeds: Sequence[int]) -> np.ndarray:
    """Return the fold of every item in every re-split, (T, N) in 0..folds-1.

    y, groups: labels and groups of the items, (N,). seeds: of the T re-splits, each in 0..2**32-1.
    """
    _, label, class_sizes = np.unique(y, return_inverse=True, return_counts=True)
    _, group = np.unique(groups, return_inverse=True)
    members = np.zeros((group.max() + 1, len(class_sizes)))  # items of each class in each group, (G, K)
    np.add.at(members, (group, label), 1)
    order = np.stack([_order(members, seed) for seed in seeds])  # (T, G)
    held = np.zeros((folds, len(seeds), len(class_sizes)))  # items of each class in each fold so far, (F, T, K)
    fold_of = np.empty(order.shape, np.int64)  # of each group, (T, G)
    trials = np.arange(len(seeds))
    for step in range(order.shape[1]):
        new = members[order[:, step]]  # (T, K)
        best = _best_fold(held, new, class_sizes)
        held[best, trials] += new
        fold_of[trials, order[:, step]] = best
    return fold_of[:, group]


def _order(members: np.ndarray, seed: int) -> np.ndarray:
    """Return the order in which groups are placed, (G,): at random, but those of the most unequal classes first."""
    shuffled = np.arange(len(members))
    np.random.RandomState(seed).shuffle(shuffled)
    return shuffled[np.argsort(-np.std(members[shuffled], axis=1), kind="stable")]


def _best_fold(held: np.ndarray, new: np.ndarray, class_sizes: np.ndarray) -> np.ndarray:
    """Return the fold that each re-split's next group goes to, (T,): its items (T, K) are added to those (F, T, K)."""
    folds = len(held)
    proposed = np.repeat(held[:, None], folds, axis=1)  # (F, F, T, K): what each fold would hold, by where it goes
    proposed[np.arange(folds), np.arange(folds)] += new
    spread = np.mean(np.std(proposed / class_sizes, axis=0), axis=-1)  # (F, T)
    items = held.sum(axis=-1)  # (F, T)
    best, least, fewest = np.zeros(held.shape[1], np.int64), spread[0], items[0]
    for fold in range(1, folds):
        close = np.abs(spread[fold] - least) <= ABSOLUTE + RELATIVE * least
        better = (spread[fold] < least) | (close & (items[fold] < fewest))
        best = np.where(better, fold, best)
        least, fewest = np.where(better, spread[fold], least), np.where(better, items[fold], fewest)
    return best
