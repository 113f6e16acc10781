"""Classes of unequal size: what can be done about them without a generator, and when there is nothing to do.

Oversampling repeats items of the smaller classes until every class is as large as the largest. Class weights leave the
items as they are and let errors on a smaller class count for more. He & Garcia 2009, "Learning from imbalanced data",
sections 3.1 and 3.2. Both are what generated items that fill up the smaller classes have to beat.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from gannb.data.counts import equally_often

if TYPE_CHECKING:
    from gannb.classifiers.mixture import Mixture
    from gannb.data.examples import Examples

UNEQUAL = 1.5  # times as many items as the smallest class the largest has, from where on small classes are looked at


def smallest(counts: Sequence[int]) -> list[int]:
    """Return the smallest class by number, or several as small: items (K,); none where classes are of about a size."""
    least = min(counts, default=0)
    return [k for k, n in enumerate(counts) if n == least] if least and max(counts) >= UNEQUAL * least else []


def lacking(counts: np.ndarray) -> np.ndarray:
    """Return how many items each class of a draw lacks to be as large as the largest: counts (K,) -> (K,)."""
    return counts.max() - counts


def filling_share(counts: np.ndarray) -> float:
    """Return the share of what fills up a draw's smaller classes among all that is learnt then: counts (K,) -> 0..1."""
    missing = lacking(counts).sum()
    return float(missing / (missing + counts.sum()))


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


def balanced(way: str, train: Examples, seed: int, mix: str = "added") -> Mixture:
    """Return a draw balanced in one of the ways of `BALANCING`.

    What is oversampled stands for generated items in batches: as many, mixed in the same way, in the same share.
    """
    from gannb.classifiers.mixture import Mixture  # takes torch; who names arms must not wait for it

    if way == "weighted":
        return Mixture(train, None, 0.0, weights=class_weights(train.counts()))
    more = repeated(train, seed)
    return Mixture(train, more, len(more) / (len(train) + len(more)), mix=mix)


BALANCING = {  # what can be done about classes of unequal size without a generator, and what it is called
    "oversampled": ("items of the smaller classes repeated", "oversampling"),
    "weighted": ("errors on smaller classes count for more", "class weights"),
}
