"""From an interval to an answer, and how many trials an answer takes."""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from scipy import stats

from gannb.stats.checks import check_level, check_trials, finite_values
from gannb.stats.estimate import Estimate
from gannb.stats.settling.floor import LEAST_TRIALS
from gannb.utils.errors import InputError

_MOST_TRIALS = 10**9  # beyond this a number of trials is no advice
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


def trials_to_settle(estimate: Estimate, half_width: float, confidence: float = 0.95) -> tuple[int, int] | None:
    """Trials after which the interval's half-width would be `half_width`: fewest and most.

    The range comes from not knowing the differences' standard deviation: it spans its chi-squared interval of
    level `confidence` (8 trials: n between .44 and 4.1 times). It is about a new study, so the lower end may
    lie below the present number of trials. None where, at the upper end of that range, no number of trials
    gets there because test items or overlapping splits set a floor. Raises InputError for a half_width that
    is not above 0.
    """
    if not (np.isfinite(half_width) and half_width > 0):
        raise InputError(f"half_width is {half_width}; it must be above 0.")
    check_level(confidence)
    df = estimate.n - 1
    tails = np.array([(1 + confidence) / 2, (1 - confidence) / 2])
    low, high = estimate.sd * np.sqrt(df / stats.chi2.ppf(tails, df))
    fewest, most = _trials(estimate, low, half_width), _trials(estimate, high, half_width)
    return None if fewest is None or most is None else (fewest, most)


def _trials(estimate: Estimate, sd: float, half_width: float) -> int | None:
    """Smallest n >= 2 with a half-width of at most `half_width`; the half-width falls with n, so bisect."""
    if _half_width(estimate, sd, _MOST_TRIALS) > half_width:
        return None
    low, high = 1, 2
    while _half_width(estimate, sd, high) > half_width:
        low, high = high, min(2 * high, _MOST_TRIALS)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _half_width(estimate, sd, middle) <= half_width else (middle, high)
    return high


def half_width_after(estimate: Estimate, trials: int) -> float:
    """Half-width that the interval would have after so many trials (2 or more, else InputError) of the same spread."""
    if trials < 2:
        raise InputError(f"trials is {trials}; an interval needs at least 2.")
    return _half_width(estimate, estimate.sd, trials)


def _half_width(estimate: Estimate, sd: float, n: int) -> float:
    """What the estimate's interval would be after n trials whose differences had this standard deviation."""
    by_trials, ratio = sd**2 / n, estimate.test_train_ratio
    if ratio > 0:  # Nadeau-Bengio: the floor is a multiple of the same standard deviation
        variance, df = by_trials + ratio * sd**2, n - 1
    else:  # the items' part stays, with far more degrees of freedom than trials have
        variance = by_trials + estimate.floor_se**2
        df = n - 1 if by_trials == 0 else (n - 1) * (variance / by_trials) ** 2
    return float(stats.t.ppf((1 + estimate.level) / 2, df) * np.sqrt(variance))


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
