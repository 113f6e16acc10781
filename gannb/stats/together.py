"""Many intervals at once: how wide each has to be for all of them to hold together."""

from __future__ import annotations

import numpy as np
import scipy

from gannb.stats.checks import check_level
from gannb.stats.decision import bonferroni_level
from gannb.stats.estimate import Interval

MOST = 1e6  # degrees of freedom that are told from infinitely many


def for_all(interval: Interval, se: float, level: float, m: int) -> Interval:
    """Return the interval at which m such hold together with the level that one has by itself (Bonferroni).

    The interval is mean -+ t(df) * se at its level; the degrees of freedom follow from its width. An interval that was
    held wider than that, at a floor, counts as one of fewer degrees: it is widened more, never less.

    level: 0..1, m: 1 or more, else InputError.
    """
    check_level(level)
    one = bonferroni_level(level, m)
    half = (interval.high - interval.low) / 2
    if not (se > 0 and half > 0):
        return interval
    df = _degrees(half / se, level)
    wider = half * float(scipy.stats.t.ppf((1 + one) / 2, df) / scipy.stats.t.ppf((1 + level) / 2, df))
    return Interval(interval.mean, interval.mean - wider, interval.mean + wider)


def _degrees(times: float, level: float) -> float:
    """Return the degrees of freedom of which t at a level is so many standard errors, 1 at least."""
    reach = lambda df: float(scipy.stats.t.ppf((1 + level) / 2, df)) - times  # noqa: E731
    if reach(1.0) <= 0:
        return 1.0
    if reach(MOST) >= 0:
        return MOST
    return float(np.exp(scipy.optimize.brentq(lambda x: reach(float(np.exp(x))), 0.0, np.log(MOST))))
