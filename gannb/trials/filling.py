"""Draws from a pool, filled with whole groups in random order; and how many of them there is room for."""

from __future__ import annotations

from operator import itemgetter

import numpy as np

from gannb.data.examples import Dataset, Examples
from gannb.data.groups import shuffled_groups
from gannb.utils.errors import InputError
from gannb.utils.keys import seed_for


def test_and_rest(dataset: Dataset, test_share: float, seed: int) -> tuple[np.ndarray, list[np.ndarray]]:
    """Return the test items that all draws share, (T,), and the groups of what is left, in random order."""
    order = shuffled(dataset.pool.groups, np.random.default_rng(seed_for(seed, "draws")))
    if dataset.test is not None:
        return np.arange(len(dataset.pool), len(dataset.pool) + len(dataset.test)), order
    shares = np.maximum(1, np.round(test_share * dataset.pool.counts())).astype(int)
    return fill(order, dataset.pool, shares, "test set")


def block_of(dataset: Dataset, n_per_class: int, order: list[np.ndarray], number: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the two halves of a block, (n * K,) items each: blocks are filled one after the other, by order of groups.

    Raises InputError where the groups do not suffice.
    """
    want = np.full(dataset.pool.n_classes, n_per_class)
    for block in range(number + 1):
        first, order = fill(order, dataset.pool, want, f"first half of block {block}")
        second, order = fill(order, dataset.pool, want, f"second half of block {block}")
    return first, second


def blocks_there(dataset: Dataset, n_per_class: int, test_share: float, seed: int, for_tuning: int) -> int:
    """Return how many blocks of two draws can be filled one after the other, before they come to those for tuning.

    What is left over of groups is used nowhere, so that there may be fewer than the numbers of items allow.
    """
    _, order = test_and_rest(dataset, test_share, seed)
    groups, want = dataset.pool.groups, np.full(dataset.pool.n_classes, n_per_class)
    there, tuned = 0, np.empty(0, np.int64)
    try:
        for number in range(for_tuning):
            tuned = np.concatenate([tuned, *block_of(dataset, n_per_class, order[::-1], number)])
        while True:
            first, order = fill(order, dataset.pool, want, "")
            second, order = fill(order, dataset.pool, want, "")
            if np.isin(groups[np.concatenate([first, second])], groups[tuned]).any():
                return there
            there += 1
    except InputError:  # nothing is left to fill another one with
        return there


def shuffled(groups: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    """Return the indices of every group, groups and items in random order. groups: (N,) of the items."""
    index = rng.permutation(len(groups))
    return [index[members] for members in shuffled_groups(groups[index], rng)]


def fill(order: list[np.ndarray], pool: Examples, want: np.ndarray, what: str) -> tuple[np.ndarray, list[np.ndarray]]:
    """Take groups in order until `want` (K,) items per class are there; return the items and the groups left.

    The items come in random order, so that the first half of them is a random half.

    A group is taken whole; of one that is larger than the room left, the items beyond it are used nowhere. what: the
    items are for, in the sentence of the InputError that is raised where the groups do not suffice.
    """
    y, missing, lacking = pool.y, want.tolist(), int(want.sum())
    taken, left = [], []
    for at, members in enumerate(order):
        before = len(taken)
        for k, item in sorted(zip(y[members].tolist(), members.tolist(), strict=True), key=itemgetter(0)):
            if missing[k]:
                missing[k] -= 1
                taken.append(item)
        lacking -= len(taken) - before
        if len(taken) == before:
            left.append(members)
        if not lacking:
            return np.array(taken), left + order[at + 1 :]
    k = int(np.argmax(missing))
    raise InputError(
        f"Groups and near duplicates leave too few separate items of class {pool.classes[k]!r} for the {what} "
        f"({missing[k]} are missing): use finer groups, a smaller n_per_class, fewer trials, or protocol=folds."
    )


def groups_of(dataset: Dataset) -> np.ndarray:
    """Return the groups of all items: the pool's, then a given test set's. (N,) int64."""
    parts = [dataset.pool.groups] + ([dataset.test.groups] if dataset.test is not None else [])
    return np.concatenate(parts)


def all_alone(dataset: Dataset) -> bool:
    """Tell whether every item is a group of its own."""
    groups = groups_of(dataset)
    return len(np.unique(groups)) == len(groups)
