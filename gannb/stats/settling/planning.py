"""How many trials an answer takes: with 80 % power, not in half of the studies.

A study whose expected half-width is just the difference that is there finds it in about half of all cases. So planning
asks for the number of trials after which the interval excludes 0 (or lies within the margin) with a stated probability.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy

from gannb.stats.checks import check_level
from gannb.stats.estimate import Estimate
from gannb.utils.errors import InputError

POWER = 0.8
_MOST_TRIALS = 10**7  # beyond this a number of trials is no advice
_QUANTILES = (np.arange(400) + 0.5) / 400  # of the chance in an estimated standard deviation


def power_to_tell(se: float, df: float, difference: float, level: float = 0.95) -> float:
    """Return the probability that an interval of this standard error excludes 0 on the side of a true difference.

    The mean over the chance in the estimated standard error of P(mean > t s), which is the non-central t distribution
    (Cohen 1988, "Statistical power analysis", ch. 2). se, difference: in one unit, se above 0.
    """
    return float(np.mean(scipy.stats.norm.cdf(abs(difference) / se - _reach(df, level))))


def power_to_equate(se: float, df: float, margin: float, level: float = 0.95) -> float:
    """Return the probability that an interval of this standard error lies within +-margin when there is no difference.

    The mean over the same chance of P(|mean| <= margin - t s) (Schuirmann 1987, "A comparison of the two one-sided
    tests procedure", with the interval of the decision rule).
    """
    room = margin / se - _reach(df, level)
    return float(np.mean(np.where(room > 0, 2 * scipy.stats.norm.cdf(room) - 1, 0.0)))


def _reach(df: float, level: float) -> np.ndarray:
    """Return the interval's half-width in true standard errors, at even quantiles of its distribution."""
    return scipy.stats.t.ppf((1 + level) / 2, df) * np.sqrt(scipy.stats.chi2.ppf(_QUANTILES, df) / df)


def trials_to_tell(
    estimate: Estimate, difference: float, power: float = POWER, step: int = 1, confidence: float = 0.95
) -> tuple[int, int] | None:
    """Return the fewest and the most trials with which a study would tell a true `difference` from 0, with `power`.

    The range comes from not knowing the trials' standard deviation: it spans its chi-squared interval of level
    `confidence`. step: numbers of trials are multiples of it (the folds of cross-validation). None where, at the upper
    end, no number of trials gets there, because the test items set a floor. Raises InputError for a difference of 0.
    """
    return _range(estimate, power_to_tell, difference, power, step, confidence)


def trials_to_equate(
    estimate: Estimate, margin: float, power: float = POWER, step: int = 1, confidence: float = 0.95
) -> tuple[int, int] | None:
    """Return the same for an interval within +-margin when there is truly no difference. Arguments as `trials_to_tell`.

    Raises InputError for a margin of 0.
    """
    return _range(estimate, power_to_equate, margin, power, step, confidence)


def difference_to_tell(estimate: Estimate, power: float = POWER) -> float:
    """Return the smallest true difference that a study like this one tells from 0 with `power`; 0 without any spread.

    About 1.4 half-widths of its interval; a difference of one half-width is found in about half of the studies.
    """
    check_level(power)
    if estimate.se == 0:
        return 0.0
    most = 2 * (float(_reach(estimate.df, estimate.level).max()) + 10) * estimate.se
    found = scipy.optimize.brentq(
        lambda d: power_to_tell(estimate.se, estimate.df, d, estimate.level) - power, 0.0, most
    )
    return float(found)


def power_after(
    estimate: Estimate, trials: int, power: Callable[..., float], value: float, sd: float | None = None
) -> float:
    """Return `power_to_tell` or `power_to_equate` at `value` after so many trials, of spread `sd` or as before."""
    return power(*_se_after(estimate, estimate.sd if sd is None else sd, trials), value, estimate.level)


def _se_after(estimate: Estimate, sd: float, trials: int) -> tuple[float, float]:
    """Return standard error and degrees of freedom after so many trials, the test items' part as it is."""
    by_trials = sd**2 / trials
    variance = by_trials + estimate.floor_se**2
    if by_trials == 0:
        return float(np.sqrt(max(variance, 1e-30))), trials - 1
    return float(np.sqrt(variance)), (trials - 1) * (variance / by_trials) ** 2


def _range(
    estimate: Estimate, power_at: Callable[..., float], value: float, power: float, step: int, confidence: float
) -> tuple[int, int] | None:
    if not (np.isfinite(value) and value != 0):
        raise InputError(f"The difference to plan for is {value}; it must not be 0.")
    check_level(power)
    check_level(confidence)
    df = estimate.n - 1
    tails = np.array([(1 + confidence) / 2, (1 - confidence) / 2])
    ends = estimate.sd * np.sqrt(df / scipy.stats.chi2.ppf(tails, df))
    found = [_fewest(lambda n, sd=sd: power_after(estimate, n, power_at, abs(value), sd) >= power, step) for sd in ends]
    return None if None in found else (found[0], found[1])


def _fewest(enough: Callable[[int], bool], step: int) -> int | None:
    """Return the smallest multiple of `step`, 2 or more, that is enough; None where none is. Power grows with n."""
    low, high = 0, -(-2 // step)  # in steps; two trials are the least
    while not enough(high * step):
        if high * step > _MOST_TRIALS:
            return None
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if middle * step >= 2 and enough(middle * step) else (middle, high)
    return high * step
