"""What synthetic items are worth in real ones: the real-only learning curve inverted."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy

from gannb.stats.checks import check_level, check_ratio, check_trials, finite_values
from gannb.stats.estimate import Estimate
from gannb.stats.intervals import paired_t
from gannb.utils.errors import InputError

_GRID_POINTS = 2000  # of the search for the ends of `worth_in_real`


@dataclass(frozen=True)
class Worth:
    """The number of real items that does as well as an arm, in items.

    `worth` is None where the mean curve does not meet the arm within its range. `at_least`: the interval goes
    on beyond the curve's largest n, so read it as "low or more" (`high` is that n). `at_most`: it goes on
    below the smallest n, so read it as "high or fewer" (`low` is that n). Both: the curve cannot tell.
    """

    worth: float | None
    low: float
    high: float
    at_least: bool
    at_most: bool


def worth_in_real(
    curve_n: np.ndarray,
    curve: np.ndarray,
    arm: np.ndarray,
    test_train_ratio: float = 0.0,
    level: float = 0.95,
    widening: np.ndarray | float = 1.0,
) -> Worth:
    """How many real items alone do as well as the arm: the inverse of the real-only learning curve.

    curve_n: (P,) numbers of real items, ascending, P >= 2; curve: (R, P) the real-only score of each trial at
    each; arm: (R,) the arm's score in the same trials. Each trial's curve is interpolated in log n by monotone
    cubics (Fritsch and Butland 1984, "A method for constructing local monotone piecewise cubic interpolants"):
    learning curves bend, and straight lines between points an octave apart run below them, which overstates the
    arm's worth (by 4 % on simulated curves like that of digits, and an interval from 20 trials then covered 87 %
    instead of 95 %). With two points there is only the line.
    The interval spans every n in the curve's range whose paired t test of arm - curve(n) does not reject at 1
    - level (its hull, where the mean curve is not monotone). `widening`: (P,) by how many times the paired t
    interval of arm - curve is to be wider at each n, for the sampling of test items (`item_widening`).
    `worth` is the first n at which the mean curve reaches the arm's mean: on a curve that wobbles around it, the
    fewest real items that do as well, so that noise never adds to the arm's worth. Nothing is extrapolated.
    Raises InputError for shapes that do not fit or n that do not ascend.
    """
    curve_n, curve, arm = _checked_curve(curve_n, curve, arm)
    check_level(level)
    check_ratio(test_train_ratio)
    knots = np.log(curve_n)
    gap = arm[:, None] - curve  # (R, P)
    grid = np.union1d(np.linspace(knots[0], knots[-1], _GRID_POINTS), knots)
    crossings = _crossings(grid, _interpolated(grid, knots, gap).mean(axis=0))
    grid = np.union1d(grid, crossings)
    gaps = _interpolated(grid, knots, gap).T  # (G, R)
    scale = scipy.stats.t.ppf((1 + level) / 2, len(arm) - 1) * np.sqrt(1 / len(arm) + test_train_ratio)
    half = scale * gaps.std(axis=1, ddof=1) * np.interp(grid, knots, np.broadcast_to(widening, knots.shape))
    apart = ~np.isin(grid, crossings)  # at a crossing the mean is 0 but for rounding
    above = (gaps.mean(axis=1) > half) & apart  # the arm is better than this many real items
    below = (gaps.mean(axis=1) < -half) & apart
    fits = ~(above | below)
    at_least, at_most = bool(not below[-1]), bool(not above[0])
    if not fits.any():
        end = float(curve_n[-1] if at_least else curve_n[0])
        return Worth(None, end, end, at_least, at_most)
    low = curve_n[0] if at_most else np.exp(grid[fits][0])
    high = curve_n[-1] if at_least else np.exp(grid[fits][-1])
    worth = np.exp(crossings[0]) if len(crossings) and gap[:, 0].mean() >= 0 else None
    return Worth(None if worth is None else float(worth), float(low), float(high), at_least, at_most)


def _interpolated(grid: np.ndarray, knots: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Rows (R, P) at the knots, interpolated at a grid (G,) that holds these: (R, G)."""
    between = scipy.interpolate.PchipInterpolator(knots, values, axis=1)(grid)
    between[:, np.searchsorted(grid, knots)] = values  # to the last digit, so that an arm on the curve meets it
    return between


def plateau(
    n: np.ndarray, gains: np.ndarray, test_train_ratio: float = 0.0, level: float = 0.95
) -> tuple[Estimate, float] | None:
    """What a gain goes towards as the number of items grows, and the number at which it has come half of the way.

    n: (P,) numbers of items, above 0 and rising, P >= 2; gains: (R, P), 0 where no item is added. Fitted is gain(n) =
    plateau * n / (n + half), the rectangular hyperbola of saturation (Michaelis and Menten 1913): `half` by least
    squares on the mean gains, within a tenth of the smallest to ten times the largest n, then each trial's plateau, and
    Student's interval of these, for every `half` that the data allow (see `_allowed`): its ends are the outermost.

    None where nothing is known of a plateau: where the best `half` lies at an edge of the search or beyond the largest
    n, or where the data allow one beyond the largest n, so that the curve may rise as far again as was measured. Where
    `half` was taken as known, intervals of such fits covered 0 to 80 %; those that are left cover 95 % and more.
    Raises InputError as `paired_t`.
    """
    n, gains = finite_values(n, "the numbers of items", 1), finite_values(gains, "the gains", 2)
    if len(n) < 2 or n[0] <= 0 or (np.diff(n) <= 0).any() or gains.shape[1:] != n.shape:
        raise InputError(f"{n.size} numbers of items do not fit gains {gains.shape}; give two or more, rising.")
    halves = np.geomspace(n[0] / 10, n[-1] * 10, _GRID_POINTS)
    curves = n / (n + halves[:, None])  # (G, P)
    by_trial = gains @ (curves / (curves**2).sum(axis=1, keepdims=True)).T  # (R, G) each trial's plateau, given `half`
    misfit = ((gains.mean(axis=0) - by_trial.mean(axis=0)[:, None] * curves) ** 2).sum(axis=1)
    best = int(np.argmin(misfit))
    found, half = paired_t(by_trial[:, best], test_train_ratio, level), float(halves[best])
    scale = float(scipy.stats.t.ppf((1 + level) / 2, len(gains) - 1)) * np.sqrt(1 / len(gains) + test_train_ratio)
    allowed = _allowed(n, halves, curves, gains, scale)
    if best in (0, len(halves) - 1) or (allowed & (halves > n[-1])).any() or half > n[-1]:
        return None
    allowed[best] = True
    middle, around = by_trial.mean(axis=0)[allowed], scale * by_trial.std(axis=0, ddof=1)[allowed]
    return replace(found, low=float((middle - around).min()), high=float((middle + around).max())), half


def _allowed(n: np.ndarray, halves: np.ndarray, curves: np.ndarray, gains: np.ndarray, scale: float) -> np.ndarray:
    """Tell which of the `halves` (G,) of `plateau` the gains (R, P) allow, (G,) bool. curves: (G, P) of these.

    A paired t test each, of what would improve the fit if `half` were moved: the curve's slope in `half`, less what the
    height takes up of it. scale: times the standard deviation over trials it is the half-width of an interval.
    """
    slopes = -n / (n + halves[:, None]) ** 2
    slopes -= ((slopes * curves).sum(axis=1) / (curves**2).sum(axis=1))[:, None] * curves
    improvement = gains @ slopes.T  # (R, G)
    return np.abs(improvement.mean(axis=0)) <= scale * improvement.std(axis=0, ddof=1)


def _crossings(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Where the line through the points (x, y) is 0, ascending."""
    zeros = list(x[y == 0])
    for i in np.flatnonzero(y[:-1] * y[1:] < 0):
        zeros.append(x[i] + (x[i + 1] - x[i]) * y[i] / (y[i] - y[i + 1]))
    return np.sort(np.array(zeros, dtype=float))


def _checked_curve(
    curve_n: np.ndarray, curve: np.ndarray, arm: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    curve_n = finite_values(curve_n, "the numbers of real items", 1)
    curve, arm = finite_values(curve, "the curve's scores", 2), finite_values(arm, "the arm's scores", 1)
    if curve.shape != (len(arm), len(curve_n)):
        raise InputError(f"The curve has shape {curve.shape}; {len(arm)} trials by {len(curve_n)} sizes are expected.")
    if len(curve_n) < 2 or curve_n[0] <= 0 or (np.diff(curve_n) <= 0).any():
        raise InputError("The numbers of real items must be at least two, above 0 and ascending.")
    check_trials(len(arm))
    return curve_n, curve, arm
