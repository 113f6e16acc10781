"""Three protocols that turn a data set into trials: `given`, `draw` and `folds`; which is chosen, `design` says.

given    There is a test set of its own, and it stays what it is: every trial trains on the whole train side, or on a
         random draw of it, with new GANs and seeds.
draw     The pool is large enough for every trial to have its own small training set, and there is one test set. The
         pool is cut into blocks of two halves; a trial trains on one half, the next one on the other, and each has the
         half that it does not train on in reserve.
folds    The whole set is the small set: repeated stratified cross-validation, every item tested once a repeat.

Items of one group (a patient, a burst, near duplicates) never fall on both sides of a split.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gannb.data.examples import Dataset, Examples, concatenate
from gannb.media import medium_of
from gannb.trials.design import LEAST_TESTED, Design
from gannb.trials.filling import all_alone, block_of, fill, groups_of, shuffled, test_and_rest
from gannb.trials.folds import fold_numbers, fold_of_trial, halves
from gannb.utils.errors import InputError
from gannb.utils.keys import seed_for


@dataclass(frozen=True, eq=False)
class Draw:
    """The items of one trial, as indices into the data set's items (the pool's first, then a given test set's)."""

    train: np.ndarray  # (n,) int64: the small training set
    reserve: np.ndarray  # (m,) int64: as many real items again; empty but in draws
    test: np.ndarray  # (t,) int64

    def fewer(self, y: np.ndarray) -> np.ndarray:
        """Return the first half of the training items of each class, at least one: all items' labels y (N,) -> (n,)."""
        labels = y[self.train]
        halves = [self.train[labels == k][: max(1, np.sum(labels == k) // 2)] for k in np.unique(labels)]
        return np.concatenate(halves)


def labels_of(dataset: Dataset) -> np.ndarray:
    """Return the labels of all items: the pool's, then a given test set's. (N,) int64."""
    return np.concatenate([dataset.pool.y, dataset.test.y]) if dataset.test is not None else np.asarray(dataset.pool.y)


def take(dataset: Dataset, index: np.ndarray) -> Examples:
    """Return the items at the given indices (M,), which count the pool's items and then a given test set's."""
    index, n = np.asarray(index, dtype=np.int64), len(dataset.pool)
    if dataset.test is None or np.all(index < n):
        return dataset.pool.take(index)
    if np.all(index >= n):
        return dataset.test.take(index - n)
    both = concatenate([dataset.pool.take(index[index < n]), dataset.test.take(index[index >= n] - n)])
    place = np.argsort(np.concatenate([np.flatnonzero(index < n), np.flatnonzero(index >= n)]))
    return both.take(place)


def unseen(dataset: Dataset, draw: Draw) -> np.ndarray:
    """Return the real items (m,), rising, by which it is judged how near the training set a trial's GAN keeps.

    They must be of the training items' origin, or honest items would side with the training set. Test items are, but
    where a test set is given they may come from elsewhere (other speakers, another hospital): there it is the pool's
    other items, of no group that the trial trains on or has in reserve. Where these are fewer than the training items
    of some class, it is the test items all the same.
    """
    if not _is_apart(dataset, draw):
        return draw.test
    pool, used = dataset.pool, np.concatenate([draw.train, draw.reserve])
    others = np.flatnonzero(~np.isin(pool.groups, pool.groups[used]))
    missing = np.bincount(pool.y[others], minlength=pool.n_classes) < pool.take(draw.train).counts()
    return draw.test if missing.any() else others


def may_leave_the_test_set(dataset: Dataset, design: Design) -> bool:
    """Tell whether `unseen` may take others than test items: a test set is given, and the pool drawn from."""
    return dataset.test is not None and not design.folds and bool(design.n_per_class)


def judged_elsewhere(dataset: Dataset, draw: Draw) -> bool:
    """Tell whether what `unseen` returns may be of another origin than the training items."""
    return _is_apart(dataset, draw) and unseen(dataset, draw) is draw.test


def _is_apart(dataset: Dataset, draw: Draw) -> bool:
    """Tell whether a trial is tested on a given test set and trains on none of it."""
    return dataset.test is not None and bool(np.all(draw.train < len(dataset.pool)))


# ---- the items of a trial ----


def make_draw(dataset: Dataset, design: Design, trial: int) -> Draw:
    """Return the items of one trial; earlier trials do not depend on how many follow.

    Trials -1, -2 ... are draws for tuning: they come from the other end of the pool, and are tested on their reserve.

    Raises:
        InputError: groups are so large that a trial cannot be filled.
    """
    ways = {"given": _from_given, "draw": _from_pool, "folds": _from_folds}
    return ways[design.protocol](dataset, design, trial)


def _from_given(dataset: Dataset, design: Design, trial: int) -> Draw:
    pool, rng = dataset.pool, np.random.default_rng(seed_for(design.seed, "given", trial))
    test = np.arange(len(pool), len(pool) + len(dataset.test))
    train = rng.permutation(len(pool))  # so that "the first half" is a random half
    if design.n_per_class is not None:
        want = np.full(pool.n_classes, design.n_per_class)
        train = fill(shuffled(pool.groups, rng), pool, want, f"draw of trial {trial}")
    return Draw(train, np.empty(0, np.int64), test)


def _from_pool(dataset: Dataset, design: Design, trial: int) -> Draw:
    test, order = test_and_rest(dataset, design.test_share, design.seed)
    if trial < 0:
        train, reserve = block_of(dataset, design.n_per_class, reversed(order), -1 - trial)
        return Draw(train, reserve, reserve)
    again, swapped = design.round_of(trial), trial % 2
    parts = block_of(dataset, design.n_per_class, order, design.block_of(trial))
    if again:
        block = np.concatenate(parts)
        y, groups = dataset.pool.y[block], dataset.pool.groups[block]
        index = halves(y, groups, again, design.seed, design.block_of(trial))
        parts = tuple(block[half] for half in index)
    train, reserve = parts[::-1] if swapped else parts
    return Draw(train, reserve, test)


def _from_folds(dataset: Dataset, design: Design, trial: int) -> Draw:
    tested = _tested(dataset, design, [trial])[0]
    train, order = np.flatnonzero(~tested), np.random.default_rng(seed_for(design.seed, "order", trial))
    train = train[order.permutation(len(train))]  # so that "the first half" is a random half
    return Draw(train, np.empty(0, np.int64), np.flatnonzero(tested))


def _tested(dataset: Dataset, design: Design, trials: Sequence[int]) -> np.ndarray:
    """Return which items each of some trials of cross-validation is tested on, (T, N) bool.

    Raises:
        InputError: groups are so large that a class has too few items on one side.
    """
    y, groups = labels_of(dataset), groups_of(dataset)
    places = [fold_of_trial(trial, design.folds) for trial in trials]
    in_repeat = {r: fold_numbers(y, groups, design.folds, design.seed, r) for r in dict.fromkeys(r for r, _ in places)}
    tested = np.stack([in_repeat[repeat] == fold for repeat, fold in places])
    of_class = np.stack([(tested & (y == k)).sum(axis=1) for k in range(y.max() + 1)], axis=1)  # (T, K)
    if min(of_class.min(), (np.bincount(y) - of_class).min()) < LEAST_TESTED:
        raise InputError(_why_no_folds(dataset, design))
    return tested


def _why_no_folds(dataset: Dataset, design: Design) -> str:
    """Return which class whole groups cannot divide into the folds, and what would."""
    y, groups, many = labels_of(dataset), groups_of(dataset), medium_of(dataset).nouns.many
    in_groups = np.array([len(np.unique(groups[y == k])) for k in range(dataset.pool.n_classes)])
    k = int(in_groups.argmin())
    name, n, there = dataset.pool.classes[k], int(np.sum(y == k)), int(in_groups[k])
    if there == 1:
        if _are_identical(dataset, k):
            alike, way = f"are identical: give {many} that differ", "leave the class out"
        else:
            alike, way = "belong to one group, by groups or as near duplicates: use finer groups", "leave the class out"
        return f"Class {name!r} falls wholly on one side of every split, since its {n:,} {many} {alike}, or {way}."
    fewer = next((folds for folds in range(design.folds - 1, 1, -1) if _can_fold(y, groups, folds, design)), 0)
    few = f"the {n:,} {many} of class {name!r} are in {there} groups (with near duplicates)"
    if there < design.folds:
        problem = f"The set is tested in {design.folds} parts in turn, and {few}, fewer than these"
    else:
        problem = f"Whole groups make no {design.folds} parts that all have {LEAST_TESTED} of each class: {few}"
    one = ", one group of it at a time" if fewer == there else ""
    ways = [f"use test_share={1 / fewer:.3g} ({fewer} parts{one})"] * bool(fewer)
    return f"{problem}; {', '.join([*ways, 'use finer groups'])}, or leave the class out."


def _are_identical(dataset: Dataset, k: int) -> bool:
    """Tell whether all items of class k are one and the same."""
    x = take(dataset, np.flatnonzero(labels_of(dataset) == k)).x
    return bool((x == x[:1]).all())


def _can_fold(y: np.ndarray, groups: np.ndarray, folds: int, design: Design) -> bool:
    """Tell whether every part of every repeat would have items of each class to test on, and leave some to train on."""
    for repeat in range(max(1, design.trials // design.folds)):
        fold = fold_numbers(y, groups, folds, design.seed, repeat)
        there = np.array([np.bincount(y[fold == part], minlength=y.max() + 1) for part in range(folds)])
        if min(there.min(), (np.bincount(y) - there).min()) < LEAST_TESTED:
            return False
    return True


# ---- what is asked of many trials at once ----


def train_counts(dataset: Dataset, design: Design, trials: Sequence[int]) -> np.ndarray:
    """Return the real items per class of the training sets of some trials (0 and up), (T, K).

    Raises:
        InputError: as `make_draw`, in cross-validation and where blocks are divided anew.
    """
    n_classes, y = dataset.pool.n_classes, labels_of(dataset)
    if design.protocol == "given" and design.n_per_class is None:
        return np.tile(dataset.pool.counts(), (len(trials), 1))
    if design.protocol == "folds":
        trained = ~_tested(dataset, design, trials)
        return np.stack([np.bincount(y[each], minlength=n_classes) for each in trained])
    counts = np.full((len(trials), n_classes), design.n_per_class)
    for row, trial in enumerate(trials):
        if design.round_of(trial) and not all_alone(dataset):
            counts[row] = np.bincount(y[make_draw(dataset, design, trial).train], minlength=n_classes)
    return counts


def check_room(dataset: Dataset, design: Design, trials: int) -> None:
    """Raise InputError where groups leave too few separate items for a trial, although the counts suffice.

    Of draws `settle` has filled as many as there are, so that only those of held-out classes, which go by the same
    design, can lack any. Without groups nothing is missing: each fold has as many items of a class as any other, to
    within one.
    """
    if all_alone(dataset):
        return
    if design.protocol == "folds":
        _tested(dataset, design, range(trials))
    elif design.protocol == "given":
        make_draw(dataset, design, 0)
    else:
        make_draw(dataset, design, min(trials, design.most_trials or trials) - 1)  # the last has the fewest items left


# ---- what the final generator learns ----


def final_items(dataset: Dataset, design: Design) -> np.ndarray:
    """Return the indices (N,) of the items that the final generator learns, rising.

    What is tested on stays locked: a given test set in any case, in the draw protocol the trials' common one, and what
    shares a group with it. Cross-validation without a given test set has no such items: every one was trained on.
    """
    groups = groups_of(dataset)
    if dataset.test is not None:
        locked = np.arange(len(dataset.pool), len(groups))
    elif design.protocol == "draw":
        locked = make_draw(dataset, design, 0).test
    else:
        locked = np.empty(0, np.int64)
    return np.flatnonzero(~np.isin(groups, groups[locked]))
