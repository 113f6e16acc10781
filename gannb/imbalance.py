"""Classes of unequal size: what can be done about them without a generator, and when there is nothing to do.

Oversampling repeats items of the smaller classes until every class is as large as the largest. Class weights leave the
items as they are and let errors on a smaller class count for more. He & Garcia 2009, "Learning from imbalanced data",
sections 3.1 and 3.2. Both are what generated items that fill up the smaller classes have to beat.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from gannb.arms import BALANCING, Arm
from gannb.errors import InputError
from gannb.generators.simple import equally_often

if TYPE_CHECKING:
    from gannb.classify import Mixture
    from gannb.data import Examples
    from gannb.study import Study


UNEQUAL = 1.5  # times as many items as the smallest class the largest has, from where on small classes are looked at


def smallest(counts: Sequence[int]) -> list[int]:
    """Return the smallest class by number, or several as small: items (K,); none where classes are of about a size."""
    least = min(counts, default=0)
    return [k for k, n in enumerate(counts) if n == least] if least and max(counts) >= UNEQUAL * least else []


def lacking(counts: np.ndarray) -> np.ndarray:
    """Return how many items each class of a draw lacks to be as large as the largest: counts (K,) -> (K,)."""
    return counts.max() - counts


def class_weights(counts: np.ndarray) -> np.ndarray:
    """Return how much an error on an item of each class counts: counts (K,) -> (K,), n / (K n_k).

    1 on average over the items, and every class counts for as much as any other. That is scikit-learn's "balanced"
    (King & Zeng 2001, "Logistic regression in rare events data", eq. 8).
    """
    return counts.sum() / (len(counts) * counts)


def repeated(train: Examples, seed: int) -> Examples:
    """Return the items that fill up the smaller classes, each item of a class repeated equally often, to within one."""
    rng, missing = np.random.default_rng(seed), lacking(train.counts())
    of_class = [np.flatnonzero(train.y == k) for k in range(train.n_classes)]
    chosen = [own[equally_often(len(own), m, rng)] for own, m in zip(of_class, missing, strict=True)]
    return train.take(np.concatenate(chosen))


def balanced(way: str, train: Examples, seed: int) -> Mixture:
    """Return a draw balanced in one of the ways of `arms.BALANCING`.

    Oversampled, it takes the place of generated items in batches: as many of them, in the same share.
    """
    from gannb.classify import Mixture

    if way == "weighted":
        return Mixture(train, None, 0.0, weights=class_weights(train.counts()))
    more = repeated(train, seed)
    return Mixture(train, more, len(more) / (len(train) + len(more)))


# ---- whether there is something to balance ----


def check(study: Study, protocol: str, arms: Sequence[Arm], counts: Callable[[int], np.ndarray]) -> None:
    """Raise InputError where a study balances what is balanced, or could not show both kinds of items in a batch.

    counts: number of a trial -> real items per class (K,) of its draw.
    """
    asked, instead = _asked(study, arms)
    if not asked:
        return
    if protocol == "draw":
        raise InputError(
            f"{asked} is for classes of unequal size, and a draw has as many items of every class; "
            f"use protocol=resplit, which keeps the images' own proportions, or {instead}."
        )
    in_batch = {filling_up_in_batch(counts(trial), study.batch_size) for trial in range(study.trials)}
    if in_batch == {0}:
        raise InputError(
            f"{asked} is for classes of unequal size, and these lack less than an item in a batch: they are as large "
            f"as each other; {instead}."
        )
    if study.batch_size in in_batch and "weighted" not in asked:  # which adds no items
        raise InputError(f"{asked} leaves no real item in a batch of {study.batch_size}; use a larger batch_size.")


def _asked(study: Study, arms: Sequence[Arm]) -> tuple[str, str]:
    """Return what asks for balance, and what to do instead; empty where nothing does."""
    if not study.doses:
        return "n_synthetic=balance", "use a number, as n_synthetic=200"
    names = [arm.name for way in BALANCING for arm in arms if arm.source == way]
    return (f"arms: {names[0]}", "leave it out") if names else ("", "")


def filling_up_in_batch(counts: np.ndarray, batch_size: int) -> int:
    """Return the items of a batch that fill up the smaller classes of a draw of `counts` (K,) real items."""
    missing = lacking(counts).sum()
    return round(batch_size * missing / (missing + counts.sum()))
