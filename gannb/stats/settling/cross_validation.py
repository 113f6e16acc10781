"""Intervals from repeated K-fold cross-validation of one small set: paired differences of single items.

What is estimated: the mean effect of classifiers and GANs trained anew on random (K - 1) / K of these items, on new
items of the same source. It is no statement about other sets of that size: the set itself is taken as given.
"""

from __future__ import annotations

import numpy as np
import scipy

from gannb.stats.checks import check_level, checked_items, finite_values
from gannb.stats.estimate import Estimate
from gannb.stats.settling.floor import with_floor
from gannb.utils.errors import InputError

LEAST_REPEATS = 2  # whole ones: what persists between them tells items from trainings


def in_repeats(trial: np.ndarray, item: np.ndarray, d: np.ndarray, folds: int) -> tuple[np.ndarray, np.ndarray]:
    """Return differences and folds by repeat and item, (M, I) each, from a row per tested item of every trial.

    trial: (N,) number of the training, repeat * folds + fold; item: (N,) its number in 0..I-1; d: (N,) the item's
    difference, averaged over classifier seeds. A repeat of which trials are missing is left out: it would weigh items
    unequally. Raises InputError where a whole repeat tests an item never or twice, or fewer than two are whole.
    """
    trial, item, d = np.asarray(trial), np.asarray(item), finite_values(d, "the differences", 1)
    if not trial.shape == item.shape == d.shape:
        raise InputError(f"{len(d)} differences have {trial.size} trials and {item.size} items; each needs one.")
    repeat, fold = np.divmod(trial, folds)
    there = np.bincount(np.unique(trial) // folds) == folds if len(trial) else np.zeros(0, dtype=bool)
    whole = np.flatnonzero(there)
    if len(whole) < LEAST_REPEATS:
        raise InputError(
            f"Repeated {folds}-fold cross-validation needs {LEAST_REPEATS * folds} trials, two whole repeats, and "
            f"{len(whole)} are whole; set trials to {LEAST_REPEATS * folds} or more."
        )
    use, items = there[repeat], int(item.max()) + 1
    cell = np.searchsorted(whole, repeat[use]) * items + item[use]
    if not np.array_equal(np.sort(cell), np.arange(len(whole) * items)):
        raise InputError("A repeat tests some item never or twice; every item is to be tested once a repeat.")
    by_cell = np.argsort(cell)
    return tuple(values[use][by_cell].reshape(len(whole), items) for values in (d, fold))


def cv_interval(
    d: np.ndarray, fold: np.ndarray, weights: np.ndarray, strata: np.ndarray, groups: np.ndarray, level: float = 0.95
) -> Estimate:
    """Return the mean difference with an interval that carries trainings and items.

    d: (M, I) difference of every item in each of M >= 2 repeats, averaged over classifier seeds; fold: (M, I) 0..K-1
    in which it was tested, so T = K M trainings; weights: (I,) summing to 1 and equal within a stratum
    (`balanced_weights`, `equal_weights`); strata: (I,) classes; groups: (I,) integers, items that share one are one
    sampling unit. The estimate is the mean over repeats of sum_i weights[i] d[r, i].

    V = s_T^2 / T + (T - K) / (T - 1) V_item. s_T is the standard deviation of the trainings' own results, whose
    square holds K V_item (T - M) / (T - 1) of the items as well as the trainings' noise, so that V is noise / T +
    V_item. V_item = sum_g (mean_r u_rg)^2 - sum_rg (u_rg - mean_r u_rg)^2 / (M (M - 1)) is what persists of the
    groups' weighted deviations u from repeat to repeat: of one test set there is only one, however many trainings
    (the two-way random effects of Searle, Casella and McCulloch 1992; u as the delete-one-group jackknife has it).
    V is never below sum_g (mean_r u_rg)^2, the plain squared standard error over items (Bayle et al. 2020,
    "Cross-validation confidence intervals for test error", which leaves the trainings' noise out), and the interval
    never below the floor of `with_floor`. Degrees of freedom after Satterthwaite 1946, the items' by the effective
    number of groups, (sum_g u_g^2)^2 / sum_g u_g^4 less one a stratum, so that a few items in dispute are not taken
    for many.

    `sd` is of the trainings' noise without the items, `floor_se` the root of V_item: what `trials` can and cannot
    narrow. Raises InputError for fewer than two repeats, for weights or groups that do not fit, and for a class whose
    items are a single group.
    """
    d, fold = _checked_repeats(d, fold)
    check_level(level)
    weights, strata, groups = checked_items(d.shape[1], weights, strata, groups)
    repeats, folds = len(d), int(fold.max()) + 1
    trainings = repeats * folds
    results = training_results(d, fold, weights, strata)
    u = _group_deviations(d, weights, strata, groups)
    total, persistent = _item_variances(u)
    df_items = _effective_groups(u) - len(np.unique(strata))
    by_training = results.var(ddof=1) / trainings
    item = persistent * (trainings - folds) / (trainings - 1)
    noise = trainings * by_training - folds * persistent * (trainings - repeats) / (trainings - 1)
    variance, df = by_training + item, float(trainings - 1)
    if total > variance:
        variance, df = total, max(1.0, df_items)
    elif variance > 0:
        df = variance**2 / (by_training**2 / (trainings - 1) + item**2 / max(1.0, df_items))
    mean, se = float((d @ weights).mean()), float(np.sqrt(variance))
    half = float(scipy.stats.t.ppf((1 + level) / 2, df)) * se
    sd, floor_se = float(np.sqrt(max(noise, 0.0))), float(np.sqrt(persistent))
    estimate = Estimate(mean, mean - half, mean + half, se, float(df), sd, trainings, level, floor_se)
    return with_floor(estimate, weights, groups)


def training_results(d: np.ndarray, fold: np.ndarray, weights: np.ndarray, strata: np.ndarray) -> np.ndarray:
    """Return (T,) each training's own weighted difference, in the order of trials.

    Arguments as for `cv_interval`. Within a fold every class keeps its share of the weight, though its number of items
    varies; a class without items in a fold leaves its share to the others.
    """
    repeats, folds = len(d), int(fold.max()) + 1
    which = np.unique(strata, return_inverse=True)[1]
    classes = which.max() + 1
    cell = ((np.arange(repeats)[:, None] * folds + fold) * classes + which).ravel()
    size = repeats * folds * classes
    sums, items = np.bincount(cell, d.ravel(), size), np.bincount(cell, minlength=size)
    share = np.tile(np.bincount(which, weights), repeats * folds) * (items > 0)
    parts = (share * sums / np.maximum(items, 1)).reshape(-1, classes).sum(axis=1)
    return parts / share.reshape(-1, classes).sum(axis=1)


def _checked_repeats(d: np.ndarray, fold: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    d, fold = finite_values(d, "the differences", 2), np.asarray(fold)
    if fold.shape != d.shape or fold.dtype.kind not in "iu" or d.shape[1] == 0:
        raise InputError(f"Folds {fold.shape} of {fold.dtype} do not fit differences {d.shape}; give integers (M, I).")
    if len(d) < LEAST_REPEATS:
        raise InputError(f"There are {len(d)} whole repeats of cross-validation, and an interval needs two or more.")
    folds = int(fold.max()) + 1
    if fold.min() < 0 or folds < 2 or any(len(np.unique(row)) != folds for row in fold):
        raise InputError("Every repeat must have the same folds, numbered from 0, two or more, each with test items.")
    return d, fold


def _group_deviations(d: np.ndarray, weights: np.ndarray, strata: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Return u (M, G): each group's weighted deviations from the means of its strata, as the jackknife scales them.

    A stratum's mean is a ratio of totals over its groups; leaving out a group with share s of its items moves it by
    the group's deviation / (1 - s), and the squares of G moves add up to G / (G - 1) times the variance.
    """
    n_groups = int(groups.max()) + 1
    u = np.zeros((len(d), n_groups))
    for k in np.unique(strata):
        of_class = strata == k
        group = groups[of_class]
        share = np.bincount(group, minlength=n_groups) / len(group)
        number = np.count_nonzero(share)
        if number < 2:
            raise InputError("A class has a single test item or group of items, which shows no spread; add items.")
        deviations = weights[of_class] * (d[:, of_class] - d[:, of_class].mean(axis=1, keepdims=True))
        sums = np.stack([np.bincount(group, row, n_groups) for row in deviations])
        u += sums * np.sqrt((number - 1) / number) / (1 - share)
    return u


def _item_variances(u: np.ndarray) -> tuple[float, float]:
    """Return the mean's variance from items: in all, and what of it persists over repeats. u: (M, G)."""
    repeats, mean = len(u), u.mean(axis=0)
    total = float(np.sum(mean**2))
    rest = float(np.sum((u - mean) ** 2)) / (repeats * (repeats - 1))
    return total, max(total - rest, 0.0)


def _effective_groups(u: np.ndarray) -> float:
    """Return how many groups of equal deviations would have the same kurtosis. u: (M, G)."""
    mean = u.mean(axis=0)
    fourth = np.sum(mean**4)
    return float(np.sum(mean**2) ** 2 / fourth) if fourth > 0 else 0.0
