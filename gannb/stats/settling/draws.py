"""Intervals from draws of a large pool: several draws inside each disjoint block, and one test set outside the pool."""

from __future__ import annotations

import numpy as np

from gannb.stats.checks import finite_values
from gannb.stats.estimate import Estimate
from gannb.stats.intervals import crossed_t
from gannb.stats.settling.floor import with_floor
from gannb.utils.errors import InputError


def draws_interval(
    d: np.ndarray, block: np.ndarray, weights: np.ndarray, strata: np.ndarray, groups: np.ndarray, level: float = 0.95
) -> Estimate:
    """Return the mean difference over blocks, crossed with test items; never narrower than the floor.

    d: (R, I) difference in correctness per draw and test item, averaged over classifier seeds; block: (R,) integers,
    draws that share one may share training items; the rest as for `crossed_t`. Draws of one block are averaged first,
    so that blocks, which share no item, are the independent units: `n` is their number. Where train and reserve of a
    block are swapped and the two arms train on nothing but their own half, the two draws share no item either, and each
    may be its own block; not where an arm trains on both halves (`real+more`). Blocks weigh the same, however many
    draws they have. The same interval serves trials that all train on one given set, each its own block: then `trial`
    is the randomness of GANs and classifiers, and the statement is about that set.

    Raises InputError as `crossed_t`; two blocks are the least, `LEAST_TRIALS` the fewest for an answer.
    """
    d, block = finite_values(d, "the differences", 2), np.asarray(block)
    if block.shape != d.shape[:1]:
        raise InputError(f"{len(d)} draws have {block.size} blocks; each needs one.")
    crossed = crossed_t(block_means(d, block), weights, strata, groups, level)
    return with_floor(crossed, np.asarray(weights, dtype=float), np.asarray(groups))


def block_means(d: np.ndarray, block: np.ndarray) -> np.ndarray:
    """Return the mean over the draws of each block, by rising block: (R, ...), (R,) -> (B, ...)."""
    _, which, draws = np.unique(block, return_inverse=True, return_counts=True)
    sums = np.zeros((len(draws), *d.shape[1:]))
    np.add.at(sums, which, d)
    return sums / draws.reshape(-1, *[1] * (d.ndim - 1))
