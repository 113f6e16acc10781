"""Intervals of a mean difference: by hand, against a known library, and by simulated coverage."""

from __future__ import annotations

import math
import warnings

import baycomp
import numpy as np
import pytest
from planted_differences import crossed_model, distinct, rng, scaled, with_weights
from scipy import stats as scipy_stats
from sklearn import metrics

from gannb.stats.estimate import half_width
from gannb.stats.intervals import balanced_weights, crossed_t, equal_weights, paired_t
from gannb.utils.errors import InputError

# ---- paired_t ----


def test_paired_t_by_hand():
    # mean 2.5, s^2 = 5/3, se = sqrt(5/12), t(3, .975) = 3.182446
    e = paired_t([1, 2, 3, 4])
    assert (e.mean, e.df, e.n, e.level, e.floor_se) == (2.5, 3, 4, 0.95, 0)
    assert e.sd == pytest.approx(math.sqrt(5 / 3))
    assert e.se == pytest.approx(math.sqrt(5 / 12))
    assert e.high - e.mean == pytest.approx(3.182446 * math.sqrt(5 / 12), rel=1e-6)
    assert e.mean - e.low == pytest.approx(e.high - e.mean)


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.99])
@pytest.mark.parametrize("n", [2, 5, 8, 30])
def test_paired_t_is_scipys(n, level):
    a, b = rng(1).normal(0.85, 0.02, n), rng(2).normal(0.84, 0.02, n)
    expected = scipy_stats.ttest_rel(a, b).confidence_interval(level)
    e = paired_t(a - b, level=level)
    assert (e.low, e.high) == pytest.approx((expected.low, expected.high))


@pytest.mark.parametrize("folds, runs", [(5, 1), (5, 10), (10, 3)])
def test_corrected_t_is_the_posterior_of_baycomps_correlated_t_test(folds, runs):
    a, b = rng(3).normal(0.85, 0.02, folds * runs), rng(4).normal(0.84, 0.02, folds * runs)
    mean, variance, df = baycomp.single.CorrelatedTTest.compute_statistics(b, a, runs=runs)
    e = paired_t(a - b, test_train_ratio=1 / (folds - 1))
    assert (e.mean, e.se, e.df) == pytest.approx((mean, math.sqrt(variance), df))
    worse, better = baycomp.two_on_single(b, a, runs=runs)  # the posterior's tails are the t test's
    assert worse == pytest.approx(scipy_stats.t.sf(e.mean / e.se, e.df), abs=1e-9)
    assert worse + better == pytest.approx(1)


def test_eight_trials_reach_a_half_width_of_084_sd():
    assert half_width(paired_t(scaled(8))) == pytest.approx(0.836, abs=5e-4)


@pytest.mark.parametrize("trials", [10, 100, 10_000])
def test_80_20_resplits_never_go_below_098_sd(trials):
    half = half_width(paired_t(scaled(trials), test_train_ratio=0.25))
    assert half > 0.98
    assert trials < 10_000 or half == pytest.approx(0.98, abs=1e-3)


def test_40_training_and_156_test_items_have_a_half_width_of_47_sd():
    e = paired_t(scaled(8), test_train_ratio=156 / 40)
    assert half_width(e) == pytest.approx(4.7, abs=0.05)
    assert e.floor_se == pytest.approx(math.sqrt(156 / 40))


@pytest.mark.parametrize("value", [0.0, 0.1, -0.3])
@pytest.mark.parametrize("ratio", [0.0, 0.25])
def test_equal_differences_give_their_point_without_a_warning(value, ratio):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        e = paired_t([value] * 7, ratio)
    assert (e.low, e.high) == pytest.approx((value, value), abs=1e-15)
    assert e.sd == e.se == 0


def nested(generator, trials=8, seeds=3, s_draw=1.0, s_init=1.0):
    """Differences (R, C) under no effect: a draw's effect, shared by the classifier seeds, and each seed's
    own.
    """
    draws = generator.normal(0, s_draw, (trials, 1))
    return draws + generator.normal(0, s_init, (trials, seeds))


def rejections(differences_of, studies=2000):
    generator = rng(5)
    found = [paired_t(differences_of(nested(generator))) for _ in range(studies)]
    return np.mean([e.low > 0 or e.high < 0 for e in found])


def test_type_one_error_is_5_percent():
    assert rejections(lambda d: d.mean(axis=1)) == pytest.approx(0.05, abs=0.0096)


def test_classifier_seeds_as_replicates_would_fail_the_same_check():
    assert rejections(np.ravel) > 0.05 + 5 * 0.0096


# ---- crossed_t ----

SCORES = (metrics.balanced_accuracy_score, metrics.accuracy_score)


def two_classifiers(generator, trials=8, per_class=40, classes=10, seeds=2, draw=0.1):
    """Differences in correctness of two arms that are equally good (91 %) on the items' population.

    An answer is right when item difficulty + the arm's own liking of the item + the draw's effect on the arm
    + noise per draw and item + noise per seed is above 0. At draw .1 the trials' differences have sd 1.4
    points.
    """
    y = np.repeat(np.arange(classes), per_class)
    ease = 3.5 + generator.normal(0, 0.7, classes)[y] + generator.normal(0, 2.2, len(y))

    def correct():  # (R, I), averaged over classifier seeds
        arm = ease + generator.normal(0, 0.5, len(y)) + generator.normal(0, draw, (trials, 1))
        arm = arm + generator.normal(0, 0.8, (trials, len(y)))
        return (arm[:, None] + generator.normal(0, 0.8, (trials, seeds, len(y))) > 0).mean(axis=1)

    return correct() - correct(), y


def test_crossed_t_by_hand():
    # 2 trials x 2 items, d = [[1, 3], [2, 8]]: trial means 2, 5; item means 1.5, 5.5; grand mean 3.5.
    # V_trial = 4.5/2 = 2.25; V_item = 8/2 = 4, as sum w^2 = 1/2; residuals +-1, mean square 4, V_rest = 1.
    e = crossed_t([[1, 3], [2, 8]], [0.5, 0.5], [0, 0], [0, 1])
    assert (e.mean, e.n) == (3.5, 2)
    assert e.se == pytest.approx(math.sqrt(2.25 + 4 - 1))
    assert e.floor_se == pytest.approx(math.sqrt(4 - 1))
    assert e.sd == pytest.approx(math.sqrt(4.5))


def test_its_mean_is_the_mean_difference_of_balanced_accuracy():
    y = np.repeat([0, 1, 2], [5, 20, 60])
    first, second = rng(6).integers(0, 3, (2, 4, len(y)))  # what two arms said in 4 trials
    d = (first == y) * 1.0 - (second == y)
    gain = [[score(y, said) for said in trials] for score in SCORES for trials in (first, second)]
    assert crossed_t(*with_weights(d, y)).mean == pytest.approx(np.mean(gain[0]) - np.mean(gain[1]))
    assert crossed_t(d, equal_weights(y), y, distinct(y)).mean == pytest.approx(np.mean(gain[2]) - np.mean(gain[3]))


def test_components_are_unbiased():
    generator, s = rng(8), (1.0, 2.0, 3.0)
    found = [crossed_t(*with_weights(*crossed_model(generator, s=s))) for _ in range(400)]
    item, rest, trial = s[1] ** 2 / 120, s[2] ** 2 / (120 * 8), s[0] ** 2 / 8
    assert np.mean([e.floor_se**2 for e in found]) == pytest.approx(item, rel=0.03)
    assert np.mean([e.se**2 for e in found]) == pytest.approx(trial + item + rest, rel=0.08)


def coverage(intervals):
    return np.mean([e.low <= 0 <= e.high for e in intervals])


def test_coverage_on_simulated_classifiers():
    """Trials and items carried: 94 to 97 %. Either alone, as if the other were not sampled: too few."""
    generator = rng(9)
    studies = [with_weights(*two_classifiers(generator)) for _ in range(1000)]
    assert 0.94 <= coverage(crossed_t(*study) for study in studies) <= 0.97
    assert coverage(paired_t(d @ w) for d, w, *_ in studies) < 0.92
    assert coverage(paired_t(d.mean(axis=0)) for d, *_ in studies) < 0.92


@pytest.mark.parametrize("s", [(0, 1, 1), (0.05, 1, 1), (0, 0.1, 1)])
def test_a_higher_level_is_wider_and_never_by_a_jump(s):
    """Once the degrees of freedom fell from 88 to 2 at some level, and the interval was three times as wide."""
    levels = 1 - np.geomspace(0.2, 0.002, 60)
    for seed in range(20):
        d, w, *items = with_weights(*crossed_model(rng(seed), 3, 30, s=s))
        width = np.array([half_width(crossed_t(d, w, *items, level=level)) for level in levels])
        steps = width[1:] / width[:-1]
        assert (steps >= 1 - 1e-9).all() and steps.max() < 1.09  # t of one degree of freedom widens by 1.08


@pytest.mark.parametrize("trials, per_class", [(2, 10), (3, 30), (8, 5), (20, 40)])
@pytest.mark.parametrize("s", [(1, 0, 0), (0, 1, 0), (0, 0, 1), (0.1, 1, 1), (1, 0.3, 3)])
def test_never_narrower_than_the_paired_t_and_never_below_its_floor(trials, per_class, s):
    d, w, *items = with_weights(*crossed_model(rng(10), trials, per_class, s=s))
    e = crossed_t(d, w, *items)
    assert half_width(e) >= half_width(paired_t(d @ w)) - 1e-12
    assert e.floor_se <= e.se
    assert e.high - e.mean == pytest.approx(scipy_stats.t.ppf(0.975, e.df) * e.se)


def test_without_item_effects_it_is_the_paired_t():
    d = np.repeat(scaled(8)[:, None], 40, axis=1)
    e, paired = crossed_t(d, *with_weights(d, np.arange(40) % 4)[1:]), paired_t(scaled(8))
    assert (e.low, e.high, e.floor_se) == pytest.approx((paired.low, paired.high, 0))


def test_no_difference_at_all_is_a_point_at_zero_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        e = crossed_t(np.zeros((8, 6)), np.full(6, 1 / 6), [0, 0, 0, 1, 1, 1], np.arange(6))
    assert (e.low, e.high, e.floor_se) == (0, 0, 0)


def test_a_class_with_one_item_borrows_the_others_spread():
    y = np.array([0] * 20 + [1] * 20 + [2])
    d = rng(11).normal(size=(6, 41))
    e = crossed_t(*with_weights(d, y))
    assert e.se > crossed_t(*with_weights(d[:, :40], y[:40])).se
    with pytest.raises(InputError, match="single test item"):
        crossed_t(d[:, :3], [1 / 3] * 3, [0, 1, 2], [0, 1, 2])


# ---- crossed_t with groups of test items ----


def by_mean_squares(d, weights, y):
    """Standard error and degrees of freedom of the crossed interval by the textbook, each item by itself."""
    trials, items, rests, dfs = len(d), [], [], []
    for k in np.unique(y):
        cell, w2 = d[:, y == k], np.sum(weights[y == k] ** 2)
        residual = cell - cell.mean(0) - cell.mean(1, keepdims=True) + cell.mean()
        dfs.append(cell.shape[1] - 1)
        items.append(w2 * cell.mean(0).var(ddof=1))
        rests.append(w2 * np.sum(residual**2) / (dfs[-1] * (trials - 1)) / trials)
    trial, item, rest, dfs = (d @ weights).var(ddof=1) / trials, np.array(items), np.array(rests), np.array(dfs)
    variance = max(trial - rest.sum(), 0) + max(item.sum() - rest.sum(), 0) + rest.sum()
    spread = trial**2 / (trials - 1) + np.sum(item**2 / dfs) + np.sum(rest**2 / dfs) / (trials - 1)
    return math.sqrt(variance), variance**2 / spread


def numbers(e):
    return e.mean, e.low, e.high, e.se, e.df, e.floor_se


@pytest.mark.parametrize("trials, sizes", [(4, [30, 30]), (8, [5, 40, 100]), (8, [2, 300])])
def test_distinct_groups_are_the_interval_of_independent_items(trials, sizes):
    y = rng(30).permutation(np.repeat(np.arange(len(sizes)), sizes))
    d = rng(31).normal(0, 1, (trials, 1)) + rng(32).normal(0, 8, len(y)) + rng(33).normal(size=(trials, len(y)))
    e = crossed_t(*with_weights(d, y, rng(34).permutation(len(y)) * 3 - 50))  # any integers
    assert (e.se, e.df) == pytest.approx(by_mean_squares(d, balanced_weights(y), y))


def test_groups_of_one_size_count_as_their_means():
    y, per_group = np.repeat([0, 0, 1], 30), 5
    d = rng(35).normal(size=(6, len(y))) + rng(36).normal(0, 2, (6, len(y) // per_group)).repeat(per_group, axis=1)
    means = d.reshape(6, -1, per_group).mean(axis=2)
    e = crossed_t(*with_weights(d, y, np.arange(len(y)) // per_group))
    assert numbers(e) == pytest.approx(numbers(crossed_t(*with_weights(means, y[::per_group]))))


def test_groups_of_unequal_sizes_are_left_out_one_by_one():
    """Without interaction the items' part is the jackknife's: (G - 1) / G sum (mean without g - mean)^2."""
    sizes = np.array([1, 1, 2, 3, 5, 8, 13])
    groups = np.repeat(np.arange(len(sizes)), sizes)
    item = rng(37).normal(size=len(sizes))[groups] + 0.3 * rng(38).normal(size=len(groups))
    without = np.array([item[groups != g].mean() for g in range(len(sizes))])
    e = crossed_t(*with_weights(scaled(5)[:, None] + item, np.zeros(len(item), int), groups))
    assert e.floor_se**2 == pytest.approx(6 / 7 * np.sum((without - item.mean()) ** 2))


def test_a_group_in_two_classes_is_one_group():
    """Two classes seen on the same patients: alike they say no more than one, opposed they cancel out."""
    item, trial = rng(39).normal(size=20), scaled(6, sd=0.1)[:, None]
    groups, y = np.arange(40) % 20, np.repeat([0, 1], 20)
    one = crossed_t(*with_weights(trial + item, y[:20]))
    alike = crossed_t(*with_weights(trial + np.tile(item, 2), y, groups))
    assert numbers(alike) == pytest.approx(numbers(one))
    assert crossed_t(*with_weights(trial + np.tile(item, 2), y)).se < 0.8 * one.se  # taken for 40 patients
    opposed = crossed_t(*with_weights(trial + np.append(item, -item), y, groups))
    assert numbers(opposed) == pytest.approx(numbers(paired_t(trial[:, 0])), abs=1e-12)


def grouped_study(generator, sizes, spanning, trials=8):
    """Items of a group share an effect (sd .25); residuals .3, trials .02; true mean 0. A group lies in one of
    two classes, or its items in either.
    """
    groups = np.repeat(np.arange(len(sizes)), sizes)
    y = generator.integers(0, 2, len(groups)) if spanning else groups % 2
    d = generator.normal(0, 0.02, (trials, 1)) + generator.normal(0, 0.25, len(sizes))[groups]
    return with_weights(d + generator.normal(0, 0.3, (trials, len(groups))), y, groups)


FIVES, MIXED = [5] * 80, [1, 1, 2, 2, 3, 4, 5, 7, 10, 15] * 8  # 400 items in 80 groups


@pytest.mark.parametrize("sizes, spanning", [(FIVES, False), (FIVES, True), (MIXED, False), (MIXED, True)])
def test_coverage_with_groups_of_test_items(sizes, spanning):
    """Groups carried: 93 to 97.5 %. Items of a group taken as independent: far too few."""
    generator = rng(40)
    studies = [grouped_study(generator, rng(41).permutation(sizes), spanning) for _ in range(800)]
    assert 0.93 <= coverage(crossed_t(*study) for study in studies) <= 0.975
    assert coverage(crossed_t(*with_weights(d, y)) for d, _, y, _ in studies) < 0.8


@pytest.mark.parametrize("spanning", [False, True])
def test_coverage_with_few_groups(spanning):
    generator = rng(42)
    studies = [grouped_study(generator, [10] * 8, spanning) for _ in range(800)]
    assert 0.93 <= coverage(crossed_t(*study) for study in studies) <= 0.985


def test_a_class_with_one_group_borrows_the_others_spread():
    groups = np.append(np.arange(40) // 2, [20, 20])
    y = np.array([0] * 20 + [1] * 20 + [2] * 2)
    d = rng(43).normal(size=21)[groups] + rng(44).normal(0, 0.1, (6, 42))
    e, two = crossed_t(*with_weights(d, y, groups)), crossed_t(*with_weights(d[:, :40], y[:40], groups[:40]))
    # Two classes of 10 groups: s^2 / 20. A third of one group: (s^2 / 10 + s^2 / 10 + s^2) / 9.
    assert e.floor_se**2 == pytest.approx(two.floor_se**2 * 20 * 1.2 / 9)
    with pytest.raises(InputError, match="group of items"):
        crossed_t(*with_weights(d, y, y))


# ---- weights ----


def test_weights_turn_correctness_into_the_metric():
    y, said = np.array([0, 0, 0, 1]), np.array([0, 1, 0, 1])
    assert balanced_weights(y).tolist() == pytest.approx([1 / 6, 1 / 6, 1 / 6, 1 / 2])
    assert (said == y) @ balanced_weights(y) == pytest.approx(metrics.balanced_accuracy_score(y, said))
    assert (said == y) @ equal_weights(y) == pytest.approx(metrics.accuracy_score(y, said))
