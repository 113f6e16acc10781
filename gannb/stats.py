"""Intervals, the decision rule, and scores of predictions: arrays in, numbers out.

Touches no file and keeps no state. The unit of replication is the trial: a fresh draw of the small training
set. A difference is one arm's score minus the score of the arm it is compared with, in the same trial,
averaged over the classifier seeds before it comes here: seeds of one trial are not replicates.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from scipy import stats
from scipy.interpolate import PchipInterpolator
from sklearn import metrics

from gannb.errors import InputError

_MOST_TRIALS = 10**9  # beyond this a number of trials is no advice
_GRID_POINTS = 2000  # of the search for the ends of `worth_in_real`
_MOST_EXACT_TRIALS = 16  # 2**16 sign patterns are listed one by one
_RANDOM_FLIPS = 99_999
ECE_BINS = 15
_LEAST_PROBABILITY = float(np.finfo(np.float32).eps)  # what a float32 softmax can tell from 0 next to 1


@dataclass(frozen=True)
class Estimate:
    """A mean difference with its interval, all in the unit of the differences.

    `low` and `high` are `mean` -+ t(df) * `se`. With `sd` 0 (all trials alike) the interval of `paired_t` is
    the point `mean`: true to the data, though so few trials cannot show that further ones would agree too.
    """

    mean: float
    low: float
    high: float
    se: float
    df: float
    sd: float  # of the per-trial differences
    n: int  # trials
    level: float
    floor_se: float = 0.0  # the part of se that more trials cannot remove (test items, re-splits)
    test_train_ratio: float = 0.0  # of the re-split correction; then floor_se = sd * sqrt(test_train_ratio)


class Answer(StrEnum):
    """What the decision rule says about one contrast."""

    HELPS = "helps"
    HURTS = "hurts"
    EQUIVALENT = "equivalent"
    INCONCLUSIVE = "inconclusive"


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


# ------------------------------------------------------------------------------------------------------------
# Intervals


def paired_t(d: np.ndarray, test_train_ratio: float = 0.0, level: float = 0.95) -> Estimate:
    """Student's interval of the mean difference over trials.

    d: (R,) one difference per trial, R >= 2. `test_train_ratio` is 0 for disjoint draws; for repeated splits
    of one finite set it is n_test / n_train, and the variance of the mean becomes (1/R + ratio) s^2 (Nadeau
    and Bengio 2003, "Inference for the generalization error"), because the training sets overlap. Raises
    InputError for fewer than two trials, non-finite values, or a level outside (0, 1).
    """
    d = _finite(d, "the differences", 1)
    _check_trials(len(d))
    _check_level(level)
    _check_ratio(test_train_ratio)
    n, sd = len(d), _sd(d)
    floor = sd * np.sqrt(test_train_ratio)
    estimate = _estimate(d.mean(), np.hypot(sd / np.sqrt(n), floor), n - 1, sd, n, level, floor)
    return replace(estimate, test_train_ratio=float(test_train_ratio))


def crossed_t(
    d: np.ndarray, weights: np.ndarray, strata: np.ndarray, groups: np.ndarray, level: float = 0.95
) -> Estimate:
    """Interval of the mean difference that carries the sampling of trials and of test items.

    d: (R, I) difference in correctness, -1..1, per trial and test item, averaged over classifier seeds;
    weights: (I,) summing to 1 and equal within a stratum (`balanced_weights`, `equal_weights`); strata: (I,)
    the items' classes; groups: (I,) integers, items that share one (a patient's images, near duplicates) are
    one sampling unit, whatever their classes. The estimate is the mean over trials of sum_i weights[i] d[r, i].

    Two-way random effects, groups sampled within strata: d[r, i] = mu + trial_r + item_i + rest_ri, where items
    of one group may be alike in item and in rest. The mean's variance has three parts, estimated from mean
    squares (Searle, Casella and McCulloch 1992): V_trial (between trials) and V_item (between groups of items,
    see `_Cells`) each contain V_rest (the interaction) once, so the sum of all three is V_trial + V_item -
    V_rest. A part that comes out negative counts as 0, which keeps the variance at or above each of the three.
    Degrees of freedom after Satterthwaite 1946. Where these would make the interval narrower than `paired_t`
    on the trials' means (possible with few trials), R - 1 are used: taking more into account never makes it
    surer.

    Without bias where every item is its own group, or all groups of a stratum have one size. Approximate with
    unequal sizes, where a mean is a ratio of two random totals: in simulations with 30 to 200 groups, 95 %
    intervals covered 94 to 97 %, erring on the wide side where one group holds a large part of the items. With
    three groups in all, one of them alone in its class, they covered 88 %: have at least two in every class.
    Raises InputError as `paired_t`, for weights or groups that do not fit, and where every stratum is a single
    group.
    """
    d = _finite(d, "the differences", 2)
    _check_trials(len(d))
    weights, strata, groups = _checked_items(d.shape[1], weights, strata, groups)
    trials, by_trials = len(d), paired_t(d @ weights, level=level)
    (item, item_spread), (rest, rest_spread) = _item_variances(d, weights, strata, groups)
    trial = by_trials.se**2
    variance = max(trial - rest, 0) + max(item - rest, 0) + rest
    if variance == 0:
        return by_trials
    df = variance**2 / (trial**2 / (trials - 1) + item_spread + rest_spread)
    numbers = (by_trials.sd, trials, level, np.sqrt(max(item - rest, 0)))
    crossed = _estimate(by_trials.mean, np.sqrt(variance), df, *numbers)
    if could_settle(crossed) < could_settle(by_trials):
        return _estimate(by_trials.mean, np.sqrt(variance), trials - 1, *numbers)
    return crossed


def balanced_weights(y: np.ndarray) -> np.ndarray:
    """Weights that turn correctness into balanced accuracy: 1 / (K n_class). y: (I,) -> (I,)."""
    _, which, counts = np.unique(y, return_inverse=True, return_counts=True)
    return 1 / (len(counts) * counts[which])


def equal_weights(y: np.ndarray) -> np.ndarray:
    """Weights that turn correctness into accuracy: 1 / I. y: (I,) -> (I,)."""
    return np.full(len(y), 1 / len(y))


@dataclass(frozen=True)
class _Cells:
    """The items of one group in one stratum, P cells of K strata: what is summed before anything is squared.

    A stratum's mean is a ratio of totals over its groups, so what a group adds to the mean's error is its sum
    of weighted deviations from the stratum's mean (the linearisation of Cochran 1977, "Sampling techniques",
    ch. 6 and 11). Scaled by `scale`, its squares add up to the delete-one-group jackknife. Groups that span
    strata are added over these before squaring.
    """

    stratum: np.ndarray  # (P,) 0..K-1
    group: np.ndarray  # (P,)
    share: np.ndarray  # (P,) of the stratum's items; 1: its only group
    weight: np.ndarray  # (K,) the stratum's in the estimate

    @property
    def scale(self) -> np.ndarray:
        """(P,) sqrt((G - 1) / G) / (1 - share) with G the stratum's groups: leaving one out also moves the mean."""
        number = np.bincount(self.stratum)[self.stratum]
        return np.sqrt((number - 1) / number) / np.where(number == 1, 1, 1 - self.share)

    @property
    def effective(self) -> np.ndarray:
        """(K,) Groups of equal size that would be worth as much (Kish 1965): their number, if sizes are equal."""
        return 1 / np.bincount(self.stratum, self.share**2)

    @property
    def lone(self) -> np.ndarray:
        """(K,) Whether the stratum is a single group."""
        return np.bincount(self.stratum) == 1


def _item_variances(
    d: np.ndarray, weights: np.ndarray, strata: np.ndarray, groups: np.ndarray
) -> tuple[tuple[float, float], tuple[float, float]]:
    """The mean's variance from groups of items and from the interaction, each with variance^2 / df."""
    trials = len(d)
    pairs, cell, sizes = np.unique(strata * (groups.max() + 1) + groups, return_inverse=True, return_counts=True)
    stratum, group = np.divmod(pairs, groups.max() + 1)
    items = np.bincount(strata)
    cells = _Cells(stratum, group, sizes / items[stratum], np.bincount(strata, weights))
    if cells.lone.all():
        raise InputError(
            "Every class has a single test item or group of items, too few to estimate their sampling; add test items."
        )
    deviations = weights * (d - (_sums(d, strata) / items)[:, strata])
    sums = _sums(deviations, cell) * cells.scale
    by_group = sums.mean(axis=0, keepdims=True)
    rest, rest_spread = _group_variance((sums - by_group) / np.sqrt(trials * (trials - 1)), cells)
    return _group_variance(by_group, cells), (rest, rest_spread / (trials - 1))


def _group_variance(sums: np.ndarray, cells: _Cells) -> tuple[float, float]:
    """Variance of the total of `sums` (R, P) from its spread between groups, and variance^2 / df of the groups.

    A stratum that is a single group shows no spread of its own: its mean borrows the other strata's average
    variance of one group. Strata that share groups also share degrees of freedom, as far as they share.
    """
    parts = np.bincount(cells.stratum, np.sum(sums**2, axis=0))  # (K,) each stratum by itself
    effective, lone = cells.effective, cells.lone
    one_group = (parts * effective / cells.weight**2)[~lone].mean()
    parts[lone] = one_group * cells.weight[lone] ** 2
    if not parts.any():
        return 0.0, 0.0
    variance = np.sum(_sums(sums, cells.group) ** 2) + parts[lone].sum()
    load = parts * np.sqrt(effective / np.maximum(effective - 1, 1))
    by_group = np.bincount(cells.group, load[cells.stratum] * cells.share)
    return variance, variance**2 * np.sum(by_group**2) / parts.sum() ** 2


def _sums(values: np.ndarray, which: np.ndarray) -> np.ndarray:
    """Sum the columns that share a number: (R, I), (I,) -> (R, largest number + 1)."""
    return np.stack([np.bincount(which, row) for row in values])


def _estimate(mean: float, se: float, df: float, sd: float, n: int, level: float, floor_se: float) -> Estimate:
    half = stats.t.ppf((1 + level) / 2, df) * se
    numbers = (mean, mean - half, mean + half, se, df, sd)
    return Estimate(*map(float, numbers), n=int(n), level=float(level), floor_se=float(floor_se))


def _sd(d: np.ndarray) -> float:
    return 0.0 if np.ptp(d) == 0 else float(d.std(ddof=1))  # equal numbers: exactly 0, not rounding noise


# ------------------------------------------------------------------------------------------------------------
# The decision


def decide(estimate: Estimate, rope: float) -> Answer:
    """Interval within [-rope, rope]: equivalent; else above 0: helps; below 0: hurts; else inconclusive.

    `rope` is the half-width of practical equivalence, >= 0, in the unit of the differences, else InputError.
    """
    if not (np.isfinite(rope) and rope >= 0):
        raise InputError(f"rope is {rope}; give the half-width of practical equivalence, 0 or more.")
    if -rope <= estimate.low and estimate.high <= rope:
        return Answer.EQUIVALENT
    if estimate.low > 0:
        return Answer.HELPS
    if estimate.high < 0:
        return Answer.HURTS
    return Answer.INCONCLUSIVE


def bonferroni_level(level: float, m: int) -> float:
    """Level per interval for which m >= 1 intervals all hold at once with at least `level` (0..1), else InputError."""
    _check_level(level)
    if m < 1:
        raise InputError(f"The number of intervals is {m}; it must be at least 1.")
    return 1 - (1 - level) / m


def could_settle(estimate: Estimate) -> float:
    """Half-width of the interval: differences larger than about this would have been told from 0."""
    return (estimate.high - estimate.low) / 2


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
    _check_level(confidence)
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
    d = _finite(d, "the differences", 1)
    _check_trials(len(d))
    observed = abs(d.sum()) * (1 - 1e-12)  # ties must count, whatever the order of summation
    if len(d) <= _MOST_EXACT_TRIALS:
        patterns = np.arange(2 ** len(d))[:, None] >> np.arange(len(d))
        return float(np.mean(np.abs((1 - 2 * (patterns & 1)) @ d) >= observed))
    flips = np.random.default_rng(seed).integers(0, 2, (_RANDOM_FLIPS, len(d)), dtype=np.int8)
    reached = np.count_nonzero(np.abs((1 - 2 * flips) @ d) >= observed)
    return (reached + 1) / (_RANDOM_FLIPS + 1)


# ------------------------------------------------------------------------------------------------------------
# Worth in real items


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
    _check_level(level)
    _check_ratio(test_train_ratio)
    knots = np.log(curve_n)
    gap = arm[:, None] - curve  # (R, P)
    grid = np.union1d(np.linspace(knots[0], knots[-1], _GRID_POINTS), knots)
    crossings = _crossings(grid, _interpolated(grid, knots, gap).mean(axis=0))
    grid = np.union1d(grid, crossings)
    gaps = _interpolated(grid, knots, gap).T  # (G, R)
    scale = stats.t.ppf((1 + level) / 2, len(arm) - 1) * np.sqrt(1 / len(arm) + test_train_ratio)
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


def item_widening(crossed: Estimate) -> float:
    """By how much the crossed interval is wider than the paired t interval of its trials, which forgets the items.

    1 where the trials are all alike, of which no multiple would do.
    """
    by_trials = stats.t.ppf((1 + crossed.level) / 2, crossed.n - 1) * crossed.sd / np.sqrt(crossed.n)
    return could_settle(crossed) / by_trials if by_trials > 0 else 1.0


def _interpolated(grid: np.ndarray, knots: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Rows (R, P) at the knots, interpolated at a grid (G,) that holds these: (R, G)."""
    found = PchipInterpolator(knots, values, axis=1)(grid)
    found[:, np.searchsorted(grid, knots)] = values  # to the last digit, so that an arm on the curve meets it
    return found


def plateau(
    n: np.ndarray, gains: np.ndarray, test_train_ratio: float = 0.0, level: float = 0.95
) -> tuple[Estimate, float]:
    """What a gain goes towards as the number of items grows, and the number at which it has come half of the way.

    n: (P,) numbers of items, above 0 and rising, P >= 2; gains: (R, P), 0 where no item is added. Fitted is gain(n) =
    plateau * n / (n + half), the rectangular hyperbola of saturation (Michaelis and Menten 1913): `half` by least
    squares on the mean gains, within a tenth of the smallest to ten times the largest n, then each trial's plateau, and
    Student's interval of these. The interval takes `half` as known, so it is too narrow where the curve still rises
    steeply at the largest n; where the gain is about 0, `half` means nothing. Raises InputError as `paired_t`.
    """
    n, gains = _finite(n, "the numbers of items", 1), _finite(gains, "the gains", 2)
    if len(n) < 2 or n[0] <= 0 or (np.diff(n) <= 0).any() or gains.shape[1:] != n.shape:
        raise InputError(f"{n.size} numbers of items do not fit gains {gains.shape}; give two or more, rising.")
    halves = np.geomspace(n[0] / 10, n[-1] * 10, _GRID_POINTS)
    curves = n / (n + halves[:, None])  # (G, P)
    mean = gains.mean(axis=0)
    heights = curves @ mean / (curves**2).sum(axis=1)
    best = np.argmin(((mean - heights[:, None] * curves) ** 2).sum(axis=1))
    by_trial = gains @ curves[best] / (curves[best] ** 2).sum()
    return paired_t(by_trial, test_train_ratio, level), float(halves[best])


def _crossings(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Where the line through the points (x, y) is 0, ascending."""
    found = list(x[y == 0])
    for i in np.flatnonzero(y[:-1] * y[1:] < 0):
        found.append(x[i] + (x[i + 1] - x[i]) * y[i] / (y[i] - y[i + 1]))
    return np.sort(np.array(found, dtype=float))


# ------------------------------------------------------------------------------------------------------------
# Scores of predictions


def classification_scores(y: np.ndarray, p: np.ndarray, positive: int = 1) -> dict[str, float]:
    """Every score of one set of predictions. y: (I,) labels in 0..K-1; p: (I, K) probabilities, rows summing
    to 1.

    Larger is better for accuracy, balanced_accuracy (mean recall of the classes present), macro_f1, auroc
    (binary: of class `positive`; else macro one-against-the-rest), sensitivity and specificity (of
    `positive`, at argmax); smaller for log_loss (nats; probabilities under 1.2e-7 count as that) and ece.
    nan: auroc when a class has no item; sensitivity and specificity with more than two classes, or when no
    item could show them. Raises InputError for labels outside the columns, empty input, or rows that are no
    probabilities.
    """
    y, p = _checked_predictions(y, p)
    if not 0 <= positive < p.shape[1]:
        raise InputError(f"positive is {positive}, but the probabilities have {p.shape[1]} classes (from 0).")
    predicted = p.argmax(axis=1)
    present = np.unique(y)
    return {
        "accuracy": float(metrics.accuracy_score(y, predicted)),
        "balanced_accuracy": float(
            metrics.recall_score(y, predicted, labels=present, average="macro", zero_division=0)
        ),
        "macro_f1": float(metrics.f1_score(y, predicted, average="macro", zero_division=0)),
        "auroc": _auroc(y, p, positive),
        **_sensitivity_specificity(y == positive, predicted == positive, p.shape[1]),
        "log_loss": float(-np.log(np.maximum(p[np.arange(len(y)), y], _LEAST_PROBABILITY)).mean()),
        "ece": expected_calibration_error(p.max(axis=1), predicted == y),
    }


def expected_calibration_error(confidence: np.ndarray, correct: np.ndarray) -> float:
    """Mean gap of confidence and accuracy over 15 equal-width bins, weighted by items; 0..1. Both (I,).

    Guo et al. 2017, "On calibration of modern neural networks", eq. 3.
    """
    gap = np.bincount(confidence_bin(confidence), weights=correct - confidence, minlength=ECE_BINS)
    return float(np.abs(gap).sum() / len(confidence))


def confidence_bin(confidence: np.ndarray) -> np.ndarray:
    """Number of the equal-width bin, (b/15, (b+1)/15], that each confidence lies in. (I,) -> (I,) 0..14."""
    return np.clip(np.ceil(confidence * ECE_BINS).astype(int) - 1, 0, ECE_BINS - 1)


def _auroc(y: np.ndarray, p: np.ndarray, positive: int) -> float:
    classes = p.shape[1]
    if len(np.unique(y)) < classes:
        return float("nan")
    if classes == 2:
        return float(metrics.roc_auc_score(y == positive, p[:, positive]))
    return float(metrics.roc_auc_score(y, p, multi_class="ovr"))


def _sensitivity_specificity(truth: np.ndarray, said: np.ndarray, classes: int) -> dict[str, float]:
    def share(of: np.ndarray, hits: np.ndarray) -> float:
        return float(hits[of].mean()) if classes == 2 and of.any() else float("nan")

    return {"sensitivity": share(truth, said), "specificity": share(~truth, ~said)}


# ------------------------------------------------------------------------------------------------------------
# Checks


def _finite(values: np.ndarray, name: str, ndim: int) -> np.ndarray:
    try:
        values = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        raise InputError(f"{name.capitalize()} are not an array of numbers.") from None
    if values.ndim != ndim:
        raise InputError(f"{name.capitalize()} have {values.ndim} dimensions, where {ndim} are expected.")
    if not np.isfinite(values).all():
        raise InputError(f"{name.capitalize()} hold values that are not finite; leave the failed trials out.")
    return values


def _check_trials(n: int) -> None:
    if n < 2:
        raise InputError(f"An interval needs at least 2 trials, and there are {n}; set trials to 2 or more.")


def _check_ratio(ratio: float) -> None:
    if not (np.isfinite(ratio) and ratio >= 0):
        raise InputError(f"test_train_ratio is {ratio}; give n_test / n_train, or 0 for disjoint draws.")


def _check_level(level: float) -> None:
    if not 0 < level < 1:
        raise InputError(f"The level is {level}; give a number between 0 and 1, such as 0.95.")


def _checked_items(
    items: int, weights: np.ndarray, strata: np.ndarray, groups: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The weights, and strata and groups numbered from 0."""
    weights, strata, groups = _finite(weights, "the weights", 1), np.asarray(strata), np.asarray(groups)
    if not len(weights) == len(strata) == items or strata.ndim != 1 or items == 0:
        raise InputError(f"{items} test items have {len(weights)} weights and {strata.size} classes; each needs one.")
    if groups.shape != (items,) or groups.dtype.kind not in "iu":
        raise InputError(f"groups has shape {groups.shape} of {groups.dtype}; give {items} test items an integer each.")
    which, groups = (np.unique(a, return_inverse=True)[1] for a in (strata, groups))
    largest = np.full(which.max() + 1, -np.inf)
    np.maximum.at(largest, which, weights)
    if (weights <= 0).any() or abs(weights.sum() - 1) > 1e-6 or not np.allclose(weights, largest[which]):
        raise InputError("Weights must be above 0, sum to 1 and be equal within a class; see balanced_weights.")
    return weights, which, groups


def _checked_curve(
    curve_n: np.ndarray, curve: np.ndarray, arm: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    curve_n = _finite(curve_n, "the numbers of real items", 1)
    curve, arm = _finite(curve, "the curve's scores", 2), _finite(arm, "the arm's scores", 1)
    if curve.shape != (len(arm), len(curve_n)):
        raise InputError(f"The curve has shape {curve.shape}; {len(arm)} trials by {len(curve_n)} sizes are expected.")
    if len(curve_n) < 2 or curve_n[0] <= 0 or (np.diff(curve_n) <= 0).any():
        raise InputError("The numbers of real items must be at least two, above 0 and ascending.")
    _check_trials(len(arm))
    return curve_n, curve, arm


def _checked_predictions(y: np.ndarray, p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    y, p = np.asarray(y), _finite(p, "the probabilities", 2)
    if y.shape != p.shape[:1] or len(y) == 0 or p.shape[1] < 2 or not np.issubdtype(y.dtype, np.integer):
        raise InputError(f"Labels {y.shape} do not fit probabilities {p.shape}; give integers (I,) and (I, K).")
    if y.min() < 0 or y.max() >= p.shape[1]:
        raise InputError(f"Labels run from {y.min()} to {y.max()}; give 0 to {p.shape[1] - 1}.")
    sums = p.sum(axis=1, keepdims=True)
    if (p < 0).any() or (np.abs(sums - 1) > 5e-3).any():  # float16 rows are off by up to about 1e-3
        raise InputError("An item's probabilities must be 0 or more and sum to 1; apply the softmax first.")
    return y, p / sums
