"""From an interval to an answer."""

from __future__ import annotations

from enum import StrEnum

import numpy as np

from gannb.stats.checks import check_level, check_trials, finite_values
from gannb.stats.estimate import Estimate
from gannb.stats.settling.floor import LEAST_TRIALS
from gannb.utils.errors import InputError

_MOST_EXACT_TRIALS = 16  # 2**16 sign patterns are listed one by one
_RANDOM_FLIPS = 99_999


class Answer(StrEnum):
    """What the decision rule says about one contrast."""

    HELPS = "helps"
    HURTS = "hurts"
    EQUIVALENT = "equivalent"
    INCONCLUSIVE = "inconclusive"


def decide(estimate: Estimate, rope: float) -> Answer:
    """Interval within [-rope, rope]: equivalent; else above 0: helps; below 0: hurts; else inconclusive.

    Fewer than `LEAST_TRIALS` trials have no answer, whatever their interval. `rope` is the half-width of practical
    equivalence, >= 0, in the unit of the differences, else InputError.
    """
    if not (np.isfinite(rope) and rope >= 0):
        raise InputError(f"rope is {rope}; give the half-width of practical equivalence, 0 or more.")
    if estimate.n < LEAST_TRIALS:
        return Answer.INCONCLUSIVE
    if -rope <= estimate.low and estimate.high <= rope:
        return Answer.EQUIVALENT
    if estimate.low > 0:
        return Answer.HELPS
    if estimate.high < 0:
        return Answer.HURTS
    return Answer.INCONCLUSIVE


def bonferroni_level(level: float, m: int) -> float:
    """Level per interval for which m >= 1 intervals all hold at once with at least `level` (0..1), else InputError."""
    check_level(level)
    if m < 1:
        raise InputError(f"The number of intervals is {m}; it must be at least 1.")
    return 1 - (1 - level) / m


def sign_flip_p(d: np.ndarray, seed: int = 0) -> float:
    """Two-sided p of the sign-flip permutation test of a zero mean difference. d: (R,).

    Exact for up to 16 trials (the smallest p is 2 / 2^R); beyond, 99,999 random flips, the data counted among
    them.
    """
    d = finite_values(d, "the differences", 1)
    check_trials(len(d))
    observed = abs(d.sum()) * (1 - 1e-12)  # ties must count, whatever the order of summation
    if len(d) <= _MOST_EXACT_TRIALS:
        patterns = np.arange(2 ** len(d))[:, None] >> np.arange(len(d))
        return float(np.mean(np.abs((1 - 2 * (patterns & 1)) @ d) >= observed))
    flips = np.random.default_rng(seed).integers(0, 2, (_RANDOM_FLIPS, len(d)), dtype=np.int8)
    reached = np.count_nonzero(np.abs((1 - 2 * flips) @ d) >= observed)
    return (reached + 1) / (_RANDOM_FLIPS + 1)
