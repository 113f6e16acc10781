"""The answers of several studies together: what a GAN brings on average, and on the next data set."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy

from gannb.stats.checks import check_level, finite_values
from gannb.utils.errors import InputError


@dataclass(frozen=True, eq=False)
class Pooled:
    """The mean effect over data sets, and what the next data set's true effect may be; in the unit of the effects."""

    mean: float
    low: float  # of the mean
    high: float
    next_low: float  # of the next data set's effect; -inf and inf with two studies
    next_high: float
    se: float
    between_sd: float  # of the studies' true effects
    share_between: float  # I^2, 0..1: the part of the estimates' spread that is not their own uncertainty
    weights: np.ndarray  # (k,) of the studies, summing to 1
    level: float


def pooled(effects: np.ndarray, ses: np.ndarray, level: float = 0.95) -> Pooled:
    """Pool independent studies by random effects: effect_j ~ N(theta_j, se_j^2), theta_j ~ N(mean, tau^2).

    effects, ses: (k,) each study's primary difference and its standard error, k >= 2, ses above 0. tau^2 by Paule and
    Mandel 1982 (the value at which the weighted squares equal their degrees of freedom). Interval of the mean by
    Hartung and Knapp 2001, "A refined method for the meta-analysis of controlled clinical trials", eq. 7: mean +- t(k -
    1) sqrt(q / sum w), q = sum w (effect - mean)^2 / (k - 1), w = 1 / (se^2 + tau^2), with q at least 1 (Knapp and
    Hartung 2003), without which studies that agree by chance would give too narrow an interval. Prediction interval
    for the effect on the next data set: mean +- t(k - 2) sqrt(tau^2 + se_mean^2) (Higgins, Thompson and Spiegelhalter
    2009, "A re-evaluation of random-effects meta-analysis", eq. 12). Studies that share items are not independent and
    must not be pooled: that is the caller's to see. Raises InputError for fewer than two studies, or ses not above 0.
    """
    effects, ses = finite_values(effects, "the effects", 1), finite_values(ses, "the standard errors", 1)
    check_level(level)
    if len(effects) < 2 or ses.shape != effects.shape or (ses <= 0).any():
        raise InputError(
            f"{len(effects)} effects with {len(ses)} standard errors cannot be pooled; give two studies or more, "
            "each with a standard error above 0."
        )
    k, between = len(effects), between_variance(effects, ses)
    w = 1 / (ses**2 + between)
    mean = float(w @ effects / w.sum())
    q = max(1.0, float(w @ (effects - mean) ** 2) / (k - 1))
    se = float(np.sqrt(q / w.sum()))
    half = float(scipy.stats.t.ppf((1 + level) / 2, k - 1)) * se
    reach = (
        float(scipy.stats.t.ppf((1 + level) / 2, k - 2)) * float(np.hypot(np.sqrt(between), se)) if k > 2 else np.inf
    )
    return Pooled(
        mean, mean - half, mean + half, mean - reach, mean + reach, se, float(np.sqrt(between)),
        _share_between(effects, ses), w / w.sum(), level,
    )  # fmt: skip


def between_variance(effects: np.ndarray, ses: np.ndarray) -> float:
    """Return tau^2, the variance of the studies' true effects after Paule and Mandel 1982; 0 where they agree.

    effects, ses: (k,) as for `pooled`.
    """

    def excess(between: float) -> float:
        w = 1 / (ses**2 + between)
        return float(w @ (effects - w @ effects / w.sum()) ** 2) - (len(effects) - 1)

    if excess(0.0) <= 0:
        return 0.0
    most = float(np.ptp(effects) ** 2)
    while excess(most) > 0:
        most *= 2
    return float(scipy.optimize.brentq(excess, 0.0, most))


def _share_between(effects: np.ndarray, ses: np.ndarray) -> float:
    """Return I^2 = 1 - (k - 1) / Q, at least 0 (Higgins and Thompson 2002)."""
    w = 1 / ses**2
    squares = float(w @ (effects - w @ effects / w.sum()) ** 2)
    return max(0.0, 1 - (len(effects) - 1) / squares) if squares > 0 else 0.0
