"""Two protocols that turn a data set into trials: `draw` and `resplit`.

draw     The pool is large enough for every trial to have its own small training set and its own reserve, all
         disjoint, and one fixed test set.
resplit  The whole set is the small set: repeated stratified splits, training on the whole train side.

Items of one group (a patient, a burst, near duplicates) never fall on both sides of a split.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from gannb.data.examples import Dataset, Examples, concatenate
from gannb.media import medium_of
from gannb.trials.folds import stratified_group_folds
from gannb.utils.errors import InputError
from gannb.utils.keys import seed_for

DIGITS_PER_CLASS = 8  # the default study's size of draw
LARGE_CLASS = 400  # with fewer items in the smallest class, the whole set is the small set, unless n_per_class is set
USUAL_TRIALS = 10  # a draw leaves room for these, whatever `trials` is: more trials must not change the draws
MOST_PER_CLASS = 100  # the size of draw from a large set, unless n_per_class is set
LEAST_TRAINED, LEAST_TESTED = 4, 2  # items per class that a resplit must have on either side


@dataclass(frozen=True, eq=False)
class Draw:
    """The items of one trial, as indices into the data set's items (the pool's first, then a given test set's)."""

    train: np.ndarray  # (n,) int64: the small training set
    reserve: np.ndarray  # (m,) int64: as many real items again; empty in resplit
    test: np.ndarray  # (t,) int64

    def fewer(self, y: np.ndarray) -> np.ndarray:
        """Return the first half of the training items of each class, at least one: all items' labels y (N,) -> (n,)."""
        labels = y[self.train]
        halves = [self.train[labels == k][: max(1, np.sum(labels == k) // 2)] for k in np.unique(labels)]
        return np.concatenate(halves)


@dataclass(frozen=True)
class Design:
    """How trials are made: a study's choices, with `auto` settled by the data."""

    protocol: str  # draw | resplit
    n_per_class: int | None  # real items per class in a draw; None in resplit
    test_share: float
    seed: int
    why: str  # one sentence for the report
    most_trials: int | None = None  # disjoint draws that the pool allows; None in resplit


def labels_of(dataset: Dataset) -> np.ndarray:
    """Return the labels of all items: the pool's, then a given test set's. (N,) int64."""
    return np.concatenate([dataset.pool.y, dataset.test.y]) if dataset.test is not None else np.asarray(dataset.pool.y)


def groups_of(dataset: Dataset) -> np.ndarray:
    """Return the groups of all items: the pool's, then a given test set's. (N,) int64."""
    parts = [dataset.pool.groups] + ([dataset.test.groups] if dataset.test is not None else [])
    return np.concatenate(parts)


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


def settle(dataset: Dataset, study) -> Design:
    """Choose the protocol and the size of draw from the data, where the study leaves it open.

    `n_per_class` set means draw. Otherwise digits are drawn 8 per class; a set whose smallest class has at least 400
    items is drawn as large as ten disjoint draws and reserves allow, at most 100 per class; a smaller set is re-split.

    Raises:
        InputError: the set is too small for what is asked.
    """
    smallest = int(dataset.pool.counts().min())
    capacity = int(smallest * (1 if dataset.test is not None else 1 - study.test_share))
    room = capacity // (2 * study.trials)
    n = study.n_per_class or (DIGITS_PER_CLASS if study.data == "digits" else None)
    large = study.data == "digits" or smallest >= LARGE_CLASS
    if study.protocol == "resplit" or (study.protocol == "auto" and study.n_per_class is None and not large):
        return _settle_resplit(dataset, study)
    n = n or min(MOST_PER_CLASS, max(2, capacity // (2 * USUAL_TRIALS)))
    if n > room:
        raise InputError(_no_room(study, dataset, n, room))
    why = f"every trial has its own {n} items per class, and as many in reserve; all trials share one test set"
    return Design("draw", n, study.test_share, study.seed, why, most_trials=capacity // (2 * n))


def _no_room(study, dataset: Dataset, n: int, room: int) -> str:
    counts = dataset.pool.counts()
    name = dataset.pool.classes[int(counts.argmin())]
    way = f"use at most n_per_class={room}, fewer trials, " if room >= 2 else "use fewer trials "
    return (
        f"n_per_class={n} with trials={study.trials} needs {2 * n * study.trials} items of each class besides the test "
        f"set, and class {name!r} has {int(counts.min())} in all; {way}or protocol=resplit without n_per_class."
    )


def _settle_resplit(dataset: Dataset, study) -> Design:
    counts = np.bincount(labels_of(dataset), minlength=dataset.pool.n_classes)
    need = max(int(np.ceil(LEAST_TESTED / study.test_share)), int(np.ceil(LEAST_TRAINED / (1 - study.test_share))))
    if counts.min() < need:
        name = dataset.pool.classes[int(counts.argmin())]
        raise InputError(
            f"Class {name!r} has {counts.min()} items, too few to train and test on; "
            f"add {medium_of(dataset).nouns.many} until it has at least {need}, or leave the class out."
        )
    folds = _share(study.test_share).denominator
    if counts.min() < folds:
        name = dataset.pool.classes[int(counts.argmin())]
        raise InputError(
            f"test_share={study.test_share} divides every class into {folds} parts and class {name!r} has "
            f"{counts.min()} items; use test_share=0.25 or 0.5."
        )
    why = "the whole set is the small set: every trial splits it anew and trains on the whole train side"
    if dataset.test is not None:
        why += "; the given test set is part of it"
    return Design("resplit", None, study.test_share, study.seed, why)


def make_draw(dataset: Dataset, design: Design, trial: int) -> Draw:
    """Return the items of one trial; earlier trials do not depend on how many follow.

    Trials -1, -2 ... are draws for tuning: they come from the other end of the pool, and are tested on their reserve.

    Raises:
        InputError: groups are so large that a trial cannot be filled.
    """
    if design.protocol == "resplit":
        return _resplit(dataset, design, trial)
    y, groups = dataset.pool.y, dataset.pool.groups
    rng = np.random.default_rng(seed_for(design.seed, "draws"))
    order = _shuffled_groups(groups, rng)
    if dataset.test is None:
        shares = np.maximum(1, np.round(design.test_share * dataset.pool.counts())).astype(int)
        test, order = _fill(order, y, shares, "test set")
    else:
        test = np.arange(len(dataset.pool), len(dataset.pool) + len(dataset.test))
    want = np.full(dataset.pool.n_classes, design.n_per_class)
    if trial < 0:
        order, test = order[::-1], np.empty(0, np.int64)
    for t in range(trial + 1) if trial >= 0 else range(-1, trial - 1, -1):
        train, order = _fill(order, y, want, f"draw of trial {t}")
        reserve, order = _fill(order, y, want, f"reserve of trial {t}")
    return Draw(train, reserve, test if trial >= 0 else reserve)


def _shuffled_groups(groups: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    """Return the indices of every group, groups and items in random order."""
    index = rng.permutation(len(groups))
    _, first, inverse = np.unique(groups[index], return_index=True, return_inverse=True)
    by_group = np.split(index[np.argsort(inverse, kind="stable")], np.cumsum(np.bincount(inverse))[:-1])
    return [by_group[i] for i in np.argsort(first)]


def _fill(order: list[np.ndarray], y: np.ndarray, want: np.ndarray, what: str) -> tuple[np.ndarray, list[np.ndarray]]:
    """Take groups in order until `want` (K,) items per class are there; return the items and the groups left.

    The items come in random order, so that the first half of them is a random half.

    A group is taken whole; of one that is larger than the room left, the items beyond it are used nowhere.
    """
    missing, taken, left = want.copy(), [], []
    for at, members in enumerate(order):
        use = [i for k in np.unique(y[members]) for i in members[y[members] == k][: missing[k]]]
        if use:
            taken += use
            missing -= np.bincount(y[use], minlength=len(want))
        else:
            left.append(members)
        if not missing.any():
            return np.array(taken), left + order[at + 1 :]
    raise InputError(
        f"Groups and near duplicates leave too few separate items for the {what}: "
        "use a smaller n_per_class, fewer trials, or protocol=resplit."
    )


def _share(test_share: float) -> Fraction:
    """Return the share as folds: .4 is two of five."""
    return Fraction(test_share).limit_denominator(20)


def _resplit(dataset: Dataset, design: Design, trial: int) -> Draw:
    tested = _tested(dataset, design, [trial])[0]
    train, order = np.flatnonzero(~tested), np.random.default_rng(_resplit_seed(design, trial))
    train = train[order.permutation(len(train))]  # so that "the first half" is a random half
    return Draw(train, np.empty(0, np.int64), np.flatnonzero(tested))


def _resplit_seed(design: Design, trial: int) -> int:
    return seed_for(design.seed, "resplit", trial) % 2**32


def _tested(dataset: Dataset, design: Design, trials: Sequence[int]) -> np.ndarray:
    """Return which items each of some re-splits is tested on, (T, N) bool.

    Raises:
        InputError: groups are so large that a class has too few items on one side.
    """
    y, share = labels_of(dataset), _share(design.test_share)
    seeds = [_resplit_seed(design, trial) for trial in trials]
    tested = stratified_group_folds(y, groups_of(dataset), share.denominator, seeds) < share.numerator
    of_class = np.stack([(tested & (y == k)).sum(axis=1) for k in range(y.max() + 1)], axis=1)  # (T, K)
    if min(of_class.min(), (np.bincount(y) - of_class).min()) < LEAST_TESTED:
        raise InputError("Groups are so large that a class falls wholly on one side; use finer groups.")
    return tested


# ---- what is asked of many trials at once ----


def train_counts(dataset: Dataset, design: Design, trials: Sequence[int]) -> np.ndarray:
    """Return the real items per class of the training sets of some trials (0 and up), (T, K).

    Raises:
        InputError: as `make_draw`, in re-splits.
    """
    n_classes = dataset.pool.n_classes
    if design.protocol == "draw":
        return np.full((len(trials), n_classes), design.n_per_class)
    y = labels_of(dataset)
    trained = ~_tested(dataset, design, trials)
    return np.stack([np.bincount(y[each], minlength=n_classes) for each in trained])


def check_room(dataset: Dataset, design: Design, trials: int) -> None:
    """Raise InputError where groups leave too few separate items for a trial, although the counts suffice.

    Without groups nothing can be missing: a draw takes what `settle` has counted, and each of a re-split's folds has as
    many items of a class as any other, to within one.
    """
    groups = groups_of(dataset)
    if len(np.unique(groups)) == len(groups):
        return
    if design.protocol == "resplit":
        _tested(dataset, design, range(trials))
    else:
        make_draw(dataset, design, trials - 1)  # the last has the fewest items left


# ---- what the final generator learns ----


def final_items(dataset: Dataset, design: Design) -> np.ndarray:
    """Return the indices (N,) of the items that the final generator learns, rising.

    What is tested on stays locked: a given test set in any case, in the draw protocol the trials' common one, and what
    shares a group with it. Re-splits without a given test set have no such items: every one was trained on.
    """
    groups = groups_of(dataset)
    if dataset.test is not None:
        locked = np.arange(len(dataset.pool), len(groups))
    elif design.protocol == "draw":
        locked = make_draw(dataset, design, 0).test
    else:
        locked = np.empty(0, np.int64)
    return np.flatnonzero(~np.isin(groups, groups[locked]))
