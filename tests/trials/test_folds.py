"""Folds of many re-splits at once: those of scikit-learn, one by one."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.model_selection import StratifiedGroupKFold

from gannb.trials.folds import stratified_group_folds


def of_scikit_learn(y: np.ndarray, groups: np.ndarray, folds: int, seed: int) -> np.ndarray:
    """The fold of every item by scikit-learn, (N,)."""
    found = np.empty(len(y), np.int64)
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    for fold, (_, test) in enumerate(splitter.split(np.zeros(len(y)), y, groups)):
        found[test] = fold
    return found


@pytest.mark.parametrize("grouping", ["alone", "pairs at random", "threes", "large"])
@pytest.mark.parametrize(("classes", "folds"), [(2, 2), (2, 4), (3, 5), (11, 4), (5, 20)])
def test_they_are_those_of_scikit_learn(classes, folds, grouping):
    rng = np.random.default_rng([classes, folds])
    y = rng.permutation(np.repeat(3 * np.arange(classes), rng.integers(folds, folds + 40, classes)))
    n = len(y)
    groups = {
        "alone": rng.permutation(n), "pairs at random": rng.integers(0, n, n), "threes": np.arange(n) // 3,
        "large": rng.integers(0, max(2 * folds, n // 8), n),
    }[grouping]  # fmt: skip
    seeds = [0, 7, 2**32 - 1]
    found = stratified_group_folds(y, groups, folds, seeds)
    assert found.shape == (3, n)
    for seed, mine in zip(seeds, found, strict=True):
        assert np.array_equal(mine, of_scikit_learn(y, groups, folds, seed))


def test_a_re_split_does_not_depend_on_those_that_are_made_with_it():
    y, groups = np.arange(60) % 3, np.arange(60) // 2
    together = stratified_group_folds(y, groups, 4, range(5))
    assert all(np.array_equal(together[t], stratified_group_folds(y, groups, 4, [t])[0]) for t in range(5))
    assert len({tuple(folds) for folds in together}) == 5


def test_items_of_a_group_are_in_one_fold():
    groups = np.arange(90) // 5
    (found,) = stratified_group_folds(np.arange(90) % 2, groups, 4, [3])
    assert all(len(set(found[groups == g])) == 1 for g in range(18))


@pytest.mark.parametrize("sizes", [(147, 399), (40, 41, 43), (8, 8, 200)])
def test_without_groups_the_folds_of_a_class_differ_by_one_item_at_most(sizes):
    y = np.repeat(np.arange(len(sizes)), sizes)
    for found in stratified_group_folds(y, np.arange(len(y)), 4, range(10)):
        for k in range(len(sizes)):
            assert np.ptp(np.bincount(found[y == k], minlength=4)) <= 1
