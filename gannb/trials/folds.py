"""Repeated stratified K-fold splits: every item is tested once a repeat, and groups stay on one side.

Trial t is fold t mod K of repeat t // K, so that earlier trials do not depend on how many follow.
"""

from __future__ import annotations

import numpy as np

from gannb.utils.errors import InputError
from gannb.utils.keys import seed_for


def fold_of_trial(trial: int, folds: int) -> tuple[int, int]:
    """Return the repeat and the fold that are tested in a trial, all counted from 0."""
    return divmod(trial, folds)


def fold_numbers(y: np.ndarray, groups: np.ndarray, folds: int, seed: int, repeat: int) -> np.ndarray:
    """Return the fold, 0..K-1, in which each item is tested in one repeat. (N,) int64.

    y: (N,) classes; groups: (N,) integers, items that share one are in one fold. Items without a group are dealt, so
    that the folds' numbers of a class differ by at most one wherever groups allow it, and so do the folds' sizes.
    Groups of two or more are placed first, the largest first, each into the fold that has least of its classes: the
    aim of scikit-learn's StratifiedGroupKFold, in a fraction of its time. Raises InputError where N items, groups and
    folds do not fit.
    """
    y, groups = np.asarray(y), np.asarray(groups)
    if y.ndim != 1 or groups.shape != y.shape or not 2 <= folds <= len(y):
        raise InputError(f"{y.size} classes and {groups.size} groups cannot make {folds} folds; give each item both.")
    classes, which = np.unique(y, return_inverse=True)
    _, group = np.unique(groups, return_inverse=True)
    rng = np.random.default_rng(seed_for(seed, "folds", repeat))
    single = np.bincount(group)[group] == 1
    there = np.zeros((folds, len(classes)), dtype=np.int64)
    fold = np.empty(len(y), dtype=np.int64)
    if not single.all():
        grouped = np.flatnonzero(~single)
        fold[grouped] = _placed_groups(which[grouped], group[grouped], there, np.bincount(which), rng)
    _deal_singles(fold, which, single, there, rng)
    return fold


def _placed_groups(
    which: np.ndarray, group: np.ndarray, there: np.ndarray, totals: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return the folds of items in groups of two or more; counts them in `there` (K, classes), which is changed."""
    numbers, member = np.unique(group, return_inverse=True)
    counts = np.zeros((len(numbers), there.shape[1]), dtype=np.int64)
    np.add.at(counts, (member, which), 1)
    placed = np.empty(len(numbers), dtype=np.int64)
    ties = rng.random((len(numbers), len(there))) * 1e-9
    order = rng.permutation(len(numbers))
    for g in order[np.argsort(-counts.sum(axis=1)[order], kind="stable")]:
        # The growth of the sum of squared shares, sum_kc (n_kc / n_c)^2, which even folds make least:
        growth = there @ (counts[g] / totals**2)
        placed[g] = np.argmin(growth + 1e-6 * there.sum(axis=1) / totals.sum() + ties[g])
        there[placed[g]] += counts[g]
    return placed[member]


def _deal_singles(
    fold: np.ndarray, which: np.ndarray, single: np.ndarray, there: np.ndarray, rng: np.random.Generator
) -> None:
    """Deal the items without a group, class by class, to the folds that have least of the class, then least in all."""
    for k in rng.permutation(there.shape[1]):
        members = rng.permutation(np.flatnonzero(single & (which == k)))
        places = _emptiest(there[:, k], there.sum(axis=1), len(members), rng)
        fold[members] = places
        there[:, k] += np.bincount(places, minlength=len(there))


def _emptiest(of_class: np.ndarray, in_all: np.ndarray, items: int, rng: np.random.Generator) -> np.ndarray:
    """Return the folds (items,) that so many items of a class go to: each time where there are fewest of the class."""
    folds = len(of_class)
    priority = np.lexsort((rng.random(folds), in_all))  # among folds with as many of the class
    rank = np.empty(folds, dtype=np.int64)
    rank[priority] = np.arange(folds)
    heights = of_class[:, None] + np.arange(items)  # what the fold has when the j-th item comes
    order = np.lexsort((np.repeat(rank, items), heights.ravel()))[:items]
    return order // max(items, 1)


def halves(y: np.ndarray, groups: np.ndarray, again: int, seed: int, block: int) -> tuple[np.ndarray, np.ndarray]:
    """Divide a block anew: return one random half of every class and the other half, as indices into its items.

    y, groups: (N,) classes and groups of a block's items. again: how often it has been divided before, each time in
    another way. Both halves come in random order. With groups they are as even as whole groups allow.
    """
    half = fold_numbers(y, groups, 2, seed_for(seed, "halves", block), again)
    order = np.random.default_rng(seed_for(seed, "order", block, 2 * again)).permutation(len(half))
    return order[half[order] == 0], order[half[order] == 1]
