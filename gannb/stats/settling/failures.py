"""What a GAN that fails now and then would do to the answer.

If one GAN in ten costs 12 points and none of eight happened to, nothing in the eight differences says so, and no
interval from them alone can cover the mean (61 to 65 % instead of 95, simulated). What can be said needs an assumption
about how often GANs fail and how much it costs; it is made here, openly, for a row beside the answer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy

from gannb.stats.checks import check_level, finite_values
from gannb.stats.settling.floor import LEAST_TRIALS
from gannb.utils.errors import InputError

PRIOR = (1.0, 9.0)  # of the share of GANs that fail, a beta distribution: one in ten on average
HARM = 0.08  # mean of the exponential prior of what a failing GAN costs, in the unit of the differences (a share)
_SHARES, _HARMS, _MEANS, _SPREADS = 10, 10, 97, 10  # points of the grid
_BINS = 500  # of the distribution of the mean difference


@dataclass(frozen=True, eq=False)
class WithFailures:
    """The mean difference, GANs that fail now and then included."""

    mean: float
    low: float
    high: float
    failed: np.ndarray  # (R,) probability that each trial's GAN has failed
    rate_not_excluded: float  # share of failing GANs, 0..1, up to which the trials exclude none


def rate_not_excluded(failed: int, trials: int, level: float = 0.95) -> float:
    """Return the largest share of failing GANs that is compatible with so many failures in so many trials.

    The upper bound of Clopper and Pearson 1934: with none in 8 trials, .31. Raises InputError for impossible counts.
    """
    check_level(level)
    if not 0 <= failed <= trials or trials < 1:
        raise InputError(f"{failed} of {trials} GANs cannot have failed.")
    return 1.0 if failed == trials else float(scipy.stats.beta.ppf(level, failed + 1, trials - failed))


def with_failures(
    d: np.ndarray, floor_se: float, least_sd: float, level: float = 0.95, harm: float = HARM
) -> WithFailures:
    """Return the mean difference and its interval if GANs may fail: a mixture of two normals, integrated on a grid.

    d: (R,) the trials' differences, R >= 3. d_r ~ (1 - q) N(m, s^2) + q N(m - h, s^2), with priors q ~ Beta(1, 9), h
    exponential of mean `harm`, m flat, s ~ 1 / s: what is asked for is m - q h, the mean over GANs that fail and that
    do not. floor_se: standard error from test items (`Estimate.floor_se`), added as a normal. least_sd: s is taken to
    be no smaller (one test item's weight), for trials that are all alike. The answer stands on the prior as far as
    few trials can tell nothing of rare failures; that is its point. Raises InputError for fewer than three trials.
    """
    d = finite_values(d, "the differences", 1)
    check_level(level)
    if len(d) < LEAST_TRIALS or not (least_sd > 0 and floor_se >= 0 and harm > 0):
        raise InputError("A row for failing GANs needs three trials or more and scales above 0.")
    q, h, m, s = _grid(d, least_sd, harm)
    usual = _normal(d, m[:, None], s)  # (R, m, s)
    failing = _normal(d, m[:, None] - h[:, None, None], s)  # (R, h, m, s)
    share = q[:, None, None, None]
    weight = np.ones((len(q), *failing.shape[1:]))  # (q, h, m, s)
    for right, wrong in zip(usual, failing, strict=True):
        weight *= (1 - share) * right + share * wrong
        weight /= weight.max()
    weight /= weight.sum()
    failed = [np.sum(weight * share * b / ((1 - share) * a + share * b)) for a, b in zip(usual, failing, strict=True)]
    effect = m - (q[:, None] * h)[..., None]  # (q, h, m)
    mean, low, high = _interval(effect.ravel(), weight.sum(axis=-1).ravel(), floor_se, level)
    return WithFailures(
        mean, low, high, np.array(failed), rate_not_excluded(sum(p > 0.5 for p in failed), len(d), level)
    )


def _grid(d: np.ndarray, least_sd: float, harm: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return points of q and h that are alike in prior probability, of m at even and of s at even logarithmic steps."""
    sd = max(float(d.std(ddof=1)), least_sd)
    q = scipy.stats.beta.ppf((np.arange(_SHARES) + 0.5) / _SHARES, *PRIOR)
    h = harm * scipy.stats.expon.ppf((np.arange(_HARMS) + 0.5) / _HARMS)
    m = np.median(d) + sd * max(3.0, 24 / len(d)) * np.linspace(-1, 1, _MEANS)
    s = np.geomspace(max(least_sd, sd / 10), 3 * sd, _SPREADS)
    return q, h, m, s


def _normal(d: np.ndarray, mean: np.ndarray, sd: np.ndarray) -> np.ndarray:
    """Return the density of each difference (R, ...) without its constant factor, which cancels; never quite 0."""
    z = (d.reshape(-1, *[1] * max(mean.ndim, sd.ndim)) - mean) / sd
    return np.maximum(np.exp(-0.5 * z**2), 1e-300) / sd


def _interval(values: np.ndarray, weight: np.ndarray, se: float, level: float) -> tuple[float, float, float]:
    """Return mean and both ends of the central interval of weighted values plus a normal number of sd `se`."""
    sums, edges = np.histogram(values, _BINS, weights=weight)
    middles, width = (edges[1:] + edges[:-1]) / 2, edges[1] - edges[0]
    spread = max(se, width)  # smooths over the bins too
    x = np.linspace(edges[0] - 4 * spread, edges[-1] + 4 * spread, 2 * _BINS)
    below = scipy.stats.norm.cdf((x[:, None] - middles) / spread) @ sums
    low, high = np.interp([(1 - level) / 2, (1 + level) / 2], below, x)
    return float(values @ weight), float(low), float(high)
