"""No answer from no spread: what the fewest trials are, and how narrow an interval may be.

Ten test items that all classifiers get right show no spread, and say little about the eleventh: a standard error of 0
is what few items look like, not what is known. So no standard error is below one test item's weight.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import scipy

from gannb.stats.checks import check_level, check_trials
from gannb.stats.estimate import Estimate, half_width
from gannb.utils.errors import InputError

LEAST_TRIALS = 3  # with fewer there is no answer, whatever their interval


def item_weight(weights: np.ndarray, groups: np.ndarray) -> float:
    """Return one test item's weight in the score: the sum of squared weights, so 1 / I for I items that count alike.

    weights: (I,) summing to 1; groups: (I,) integers. Of groups of m items it is sqrt(m) times that, what a group moves
    the score by whose items turn, each by itself: the geometric mean of an item's and of a group's weight.
    """
    by_group = np.bincount(np.unique(groups, return_inverse=True)[1], weights)
    return float(np.sqrt(np.sum(weights**2) * np.sum(by_group**2)))


def with_floor(estimate: Estimate, weights: np.ndarray, groups: np.ndarray) -> Estimate:
    """Return the estimate with an interval of at least t(n - 1) times one test item's weight on either side.

    weights, groups: (I,) of the items that the estimate averages over. An interval that is wide enough stays as it is.
    Raises InputError for fewer than two trials.
    """
    check_trials(estimate.n)
    least_se, df = item_weight(weights, groups), estimate.n - 1
    half = float(scipy.stats.t.ppf((1 + estimate.level) / 2, df)) * least_se
    if half_width(estimate) >= half:
        return estimate
    return replace(estimate, low=estimate.mean - half, high=estimate.mean + half, se=least_se, df=float(df))


def items_needed(weights: np.ndarray, groups: np.ndarray, trials: int, rope: float, level: float = 0.95) -> int:
    """Return how many test items (or groups of them), shared among the classes as now, let the floor fit into `rope`.

    weights, groups: (I,) of the test items that there are. With fewer than needed, no study of so many trials can say
    "equivalent". Raises InputError for a rope that is not above 0.
    """
    check_trials(trials)
    check_level(level)
    if not (np.isfinite(rope) and rope > 0):
        raise InputError(f"rope is {rope}; it must be above 0 for a number of test items to reach it.")
    half = scipy.stats.t.ppf((1 + level) / 2, trials - 1) * item_weight(weights, groups)
    return int(np.ceil(len(np.unique(groups)) * half / rope - 1e-9))
