"""Repeated K-fold splits and halves of a block: even, whole groups, reproducible."""

from __future__ import annotations

import time

import numpy as np
import pytest
from sklearn.model_selection import StratifiedGroupKFold

from gannb.trials.folds import fold_numbers, fold_of_trial, halves
from gannb.utils.errors import InputError


def counts(fold: np.ndarray, y: np.ndarray, folds: int) -> np.ndarray:
    """(K, classes) items of each class in each fold."""
    return np.array([np.bincount(y[fold == k], minlength=y.max() + 1) for k in range(folds)])


@pytest.mark.parametrize("folds", [2, 4, 5])
@pytest.mark.parametrize("sizes", [(195, 530), (38, 112), (3, 7, 11), (100,) * 5])
def test_single_items_are_dealt_so_that_classes_and_folds_differ_by_one_at_most(sizes, folds):
    y = np.repeat(np.arange(len(sizes)), sizes)
    for repeat in range(20):
        there = counts(fold_numbers(y, np.arange(len(y)), folds, 0, repeat), y, folds)
        assert np.ptp(there, axis=0).max() <= 1
        assert np.ptp(there.sum(axis=1)) <= 1


def planted_groups(seed: int, mixed: bool) -> tuple[np.ndarray, np.ndarray]:
    """Labels and groups of 1 to 9 items, of one class each or of several."""
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(150), rng.integers(1, 10, 150))
    y = rng.integers(0, 3, len(groups)) if mixed else rng.integers(0, 3, 150)[groups]
    order = rng.permutation(len(y))
    return y[order], groups[order]


@pytest.mark.parametrize("mixed", [False, True])
def test_groups_stay_whole_and_classes_are_as_even_as_scikit_learn_makes_them(mixed):
    ours, theirs = [], []
    for seed in range(5):
        y, groups = planted_groups(seed, mixed)
        fold = fold_numbers(y, groups, 4, 0, seed)
        assert all(len(np.unique(fold[groups == g])) == 1 for g in np.unique(groups))
        splits = StratifiedGroupKFold(4, shuffle=True, random_state=seed).split(y, y, groups)
        ours.append(np.ptp(counts(fold, y, 4), axis=0).max())
        theirs.append(np.ptp([np.bincount(y[test], minlength=3) for _, test in splits], axis=0).max())
    assert np.mean(ours) <= np.mean(theirs) + 1


def test_every_pair_of_items_is_split_as_often_as_chance_has_it():
    y = np.repeat([0, 1], [8, 16])
    together = np.zeros((24, 24))
    for repeat in range(600):
        fold = fold_numbers(y, np.arange(24), 4, 0, repeat)
        together += fold[:, None] == fold
    same, other = together[np.triu_indices(8, 1)] / 600, together[:8, 8:].ravel() / 600
    assert np.abs(same - 1 / 7).max() < 5 * np.sqrt(1 / 7 * 6 / 7 / 600)  # the other item of the class in the fold
    assert np.abs(other - 1 / 4).max() < 5 * np.sqrt(1 / 4 * 3 / 4 / 600)


def test_a_repeat_depends_on_seed_and_number_alone():
    y, groups = planted_groups(0, True)
    first = fold_numbers(y, groups, 4, 7, 3)
    assert np.array_equal(first, fold_numbers(y, groups, 4, 7, 3))
    assert not np.array_equal(first, fold_numbers(y, groups, 4, 7, 4))
    assert not np.array_equal(first, fold_numbers(y, groups, 4, 8, 3))


def test_renamed_groups_and_classes_change_nothing():
    y, groups = planted_groups(1, True)
    assert np.array_equal(fold_numbers(y, groups, 4, 0, 0), fold_numbers(2 * y + 5, 10 * groups - 3, 4, 0, 0))


def test_a_hundred_repeats_of_ten_thousand_items_take_seconds():
    y = np.arange(10_000) % 10
    start = time.process_time()
    for repeat in range(100):
        fold_numbers(y, np.arange(len(y)), 4, 0, repeat)
    assert time.process_time() - start < 5  # a third of a second; scikit-learn: 10 minutes


def test_trials_go_through_the_folds_of_one_repeat_after_the_other():
    assert [fold_of_trial(t, 4) for t in (0, 3, 4, 9)] == [(0, 0), (0, 3), (1, 0), (2, 1)]


@pytest.mark.parametrize("folds", [1, 7])
def test_folds_that_items_cannot_make_are_refused(folds):
    with pytest.raises(InputError, match="cannot make"):
        fold_numbers(np.zeros(6, dtype=int), np.arange(6), folds, 0, 0)


def test_a_block_is_divided_each_time_in_another_way():
    y = np.repeat(np.arange(10), 16)
    firsts = []
    for again in range(3):
        train, reserve = halves(y, np.arange(160), again, 0, 5)
        assert set(train) | set(reserve) == set(range(160)) and not set(train) & set(reserve)
        assert np.all(np.bincount(y[train]) == 8)
        firsts.append(frozenset(train))
    assert len(set(firsts)) == 3
    assert frozenset(halves(y, np.arange(160), 0, 0, 6)[0]) not in firsts  # another block is split in another way


def test_groups_of_a_block_stay_on_one_side():
    y, groups = np.repeat([0, 1], 40), np.arange(80) // 4
    train, reserve = halves(y, groups, 1, 0, 0)
    assert not set(groups[train]) & set(groups[reserve])
    assert np.all(np.bincount(y[train]) == 20)
