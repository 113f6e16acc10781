"""Draws from a pool, filled with whole groups in random order; and how many of them there is room for."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from itertools import count
from operator import itemgetter

import numpy as np

from gannb.data.examples import Dataset, Examples
from gannb.data.groups import shuffled_groups
from gannb.utils.errors import InputError
from gannb.utils.keys import seed_for

Order = deque[np.ndarray]  # the indices of each group that is left, the next one first


class TooFew(InputError):
    """Groups do not suffice to fill a draw; `lacking` is the class, by name, of which most items are missing."""

    def __init__(self, said: str, lacking: str) -> None:
        super().__init__(said)
        self.lacking = lacking


def test_and_rest(dataset: Dataset, test_share: float, seed: int) -> tuple[np.ndarray, Order]:
    """Return the test items that all draws share, (T,), and the groups of what is left, in random order.

    Raises TooFew.
    """
    order = shuffled(dataset.pool.groups, np.random.default_rng(seed_for(seed, "draws")))
    if dataset.test is not None:
        return np.arange(len(dataset.pool), len(dataset.pool) + len(dataset.test)), order
    shares = np.maximum(1, np.round(test_share * dataset.pool.counts())).astype(int)
    return fill(order, dataset.pool, shares, "test set"), order


def block_of(dataset: Dataset, n_per_class: int, order: Iterable[np.ndarray], number: int) -> list[np.ndarray]:
    """Return the two halves of a block, (n * K,) items each: blocks are filled one after the other, by order of groups.

    Raises TooFew.
    """
    order, want, halves = deque(order), np.full(dataset.pool.n_classes, n_per_class), []
    for block in range(number + 1):
        halves = [fill(order, dataset.pool, want, f"{which} half of block {block}") for which in ("first", "second")]
    return halves


def blocks_there(dataset: Dataset, n_per_class: int, test_share: float, seed: int, for_tuning: int) -> tuple[int, str]:
    """Return how many blocks of two draws can be filled, beside those for tuning, and the class that ends them.

    What is left over of groups is used nowhere, so that there may be fewer than the numbers of items allow. The class
    is that of which most is missing for one more; "" where that would share a group with the draws for tuning.

    Raises TooFew where there is no room for the test set, or for tuning.
    """
    _, order = test_and_rest(dataset, test_share, seed)
    groups, want = dataset.pool.groups, np.full(dataset.pool.n_classes, n_per_class)
    tuned = [part for number in range(for_tuning) for part in block_of(dataset, n_per_class, reversed(order), number)]
    taken = groups[np.concatenate([np.empty(0, np.int64), *tuned])]
    for there in count():
        try:
            block = np.concatenate([fill(order, dataset.pool, want, "draws") for _ in range(2)])
        except TooFew as error:
            return there, error.lacking
        if np.isin(groups[block], taken).any():
            return there, ""


def shuffled(groups: np.ndarray, rng: np.random.Generator) -> Order:
    """Return the indices of every group, groups and items in random order. groups: (N,) of the items."""
    index = rng.permutation(len(groups))
    return deque(index[members] for members in shuffled_groups(groups[index], rng))


def fill(order: Order, pool: Examples, want: np.ndarray, what: str) -> np.ndarray:
    """Take groups from the front until `want` (K,) items per class are there; return the items, in random order.

    A group is taken whole; of one that is larger than the room left, the items beyond it are used nowhere. A group of
    which nothing is wanted stays where it is. what: the items are for, in the sentence of the error.

    Raises TooFew.
    """
    y, missing, lacking = pool.y, want.tolist(), int(want.sum())
    taken: list[int] = []
    left = []
    while order and lacking:
        members, before = order.popleft(), len(taken)
        for k, item in sorted(zip(y[members].tolist(), members.tolist(), strict=True), key=itemgetter(0)):
            if missing[k]:
                missing[k] -= 1
                taken.append(item)
        lacking -= len(taken) - before
        if len(taken) == before:
            left.append(members)
    order.extendleft(reversed(left))
    if not lacking:
        return np.array(taken)
    k = int(np.argmax(missing))
    raise TooFew(
        f"Groups and near duplicates leave too few separate items of class {pool.classes[k]!r} for the {what} "
        f"({missing[k]} are missing): use finer groups, a smaller n_per_class, fewer trials, or protocol=folds.",
        pool.classes[k],
    )


def groups_of(dataset: Dataset) -> np.ndarray:
    """Return the groups of all items: the pool's, then a given test set's. (N,) int64."""
    parts = [dataset.pool.groups] + ([dataset.test.groups] if dataset.test is not None else [])
    return np.concatenate(parts)


def all_alone(dataset: Dataset) -> bool:
    """Tell whether every item is a group of its own."""
    groups = groups_of(dataset)
    return len(np.unique(groups)) == len(groups)
