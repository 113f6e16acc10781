"""Intervals, the decision rule, worth in real items, and scores of predictions."""

from __future__ import annotations

import math
import warnings

import baycomp
import numpy as np
import pytest
from scipy import stats as scipy_stats
from scipy.interpolate import PchipInterpolator
from sklearn import metrics

from gannb.stats.decision import (
    Answer,
    bonferroni_level,
    decide,
    half_width_after,
    item_widening,
    sign_flip_p,
    trials_to_settle,
)
from gannb.stats.estimate import Estimate, could_settle
from gannb.stats.intervals import balanced_weights, crossed_t, equal_weights, paired_t
from gannb.stats.scores import classification_scores, expected_calibration_error
from gannb.stats.worth import plateau, worth_in_real
from gannb.utils.errors import InputError


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def scaled(n: int, mean: float = 0.0, sd: float = 1.0) -> np.ndarray:
    """n differences with exactly this mean and standard deviation."""
    d = rng(n).normal(size=n)
    return mean + sd * (d - d.mean()) / d.std(ddof=1)


# ------------------------------------------------------------------------------------------------------------
# paired_t


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
    assert could_settle(paired_t(scaled(8))) == pytest.approx(0.836, abs=5e-4)


@pytest.mark.parametrize("trials", [10, 100, 10_000])
def test_80_20_resplits_never_go_below_098_sd(trials):
    half = could_settle(paired_t(scaled(trials), test_train_ratio=0.25))
    assert half > 0.98
    assert trials < 10_000 or half == pytest.approx(0.98, abs=1e-3)


def test_40_training_and_156_test_items_have_a_half_width_of_47_sd():
    e = paired_t(scaled(8), test_train_ratio=156 / 40)
    assert could_settle(e) == pytest.approx(4.7, abs=0.05)
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


# ------------------------------------------------------------------------------------------------------------
# crossed_t

SCORES = (metrics.balanced_accuracy_score, metrics.accuracy_score)


def crossed_model(generator, trials=8, per_class=30, classes=4, s=(1.0, 2.0, 3.0)):
    """d[r, i] = trial + item + rest with these standard deviations; true mean 0. Returns d and y."""
    y = np.repeat(np.arange(classes), per_class)
    d = generator.normal(0, s[0], (trials, 1)) + generator.normal(0, s[1], len(y))
    return d + generator.normal(0, s[2], (trials, len(y))), y


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


def distinct(y):
    """Groups of one item each."""
    return np.arange(len(y))


def with_weights(d, y, groups=None):
    return d, balanced_weights(y), y, distinct(y) if groups is None else groups


def coverage(intervals):
    return np.mean([e.low <= 0 <= e.high for e in intervals])


def test_coverage_on_simulated_classifiers():
    """Trials and items carried: 94 to 97 %. Either alone, as if the other were not sampled: too few."""
    generator = rng(9)
    studies = [with_weights(*two_classifiers(generator)) for _ in range(1000)]
    assert 0.94 <= coverage(crossed_t(*study) for study in studies) <= 0.97
    assert coverage(paired_t(d @ w) for d, w, *_ in studies) < 0.92
    assert coverage(paired_t(d.mean(axis=0)) for d, *_ in studies) < 0.92


@pytest.mark.parametrize("trials, per_class", [(2, 10), (3, 30), (8, 5), (20, 40)])
@pytest.mark.parametrize("s", [(1, 0, 0), (0, 1, 0), (0, 0, 1), (0.1, 1, 1), (1, 0.3, 3)])
def test_never_narrower_than_the_paired_t_and_never_below_its_floor(trials, per_class, s):
    d, w, *items = with_weights(*crossed_model(rng(10), trials, per_class, s=s))
    e = crossed_t(d, w, *items)
    assert could_settle(e) >= could_settle(paired_t(d @ w)) - 1e-12
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


# ------------------------------------------------------------------------------------------------------------
# crossed_t with groups of test items


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


# ------------------------------------------------------------------------------------------------------------
# The decision


def interval(low: float, high: float) -> Estimate:
    return Estimate((low + high) / 2, low, high, se=1.0, df=7, sd=1.0, n=8, level=0.95)


@pytest.mark.parametrize(
    "low, high, answer",
    [
        (-0.005, 0.005, Answer.EQUIVALENT),
        (0.001, 0.009, Answer.EQUIVALENT),  # surely above 0, and surely too small to matter
        (-0.01, 0.01, Answer.EQUIVALENT),  # the margin belongs to the rope
        (0.0, 0.0, Answer.EQUIVALENT),
        (0.001, 0.02, Answer.HELPS),
        (0.02, 0.03, Answer.HELPS),
        (-0.02, -0.001, Answer.HURTS),
        (0.0, 0.02, Answer.INCONCLUSIVE),  # 0 itself is not above 0
        (-0.02, 0.0, Answer.INCONCLUSIVE),
        (-0.005, 0.011, Answer.INCONCLUSIVE),
        (-0.5, 0.5, Answer.INCONCLUSIVE),
    ],
)
def test_the_rule(low, high, answer):
    assert decide(interval(low, high), rope=0.01) is answer


def test_answers_are_plain_words_in_files():
    assert [f"{a}" for a in Answer] == ["helps", "hurts", "equivalent", "inconclusive"]


def test_equivalence_within_half_a_standard_deviation_is_rarely_shown_by_8_trials():
    """The 95 % interval asks for more than two one-sided tests at 5 % (a 90 % interval), which manage 4 %."""
    generator = rng(12)
    studies = generator.normal(0, 1, (3000, 8))
    met = {
        level: np.mean([decide(paired_t(d, level=level), 0.5) == "equivalent" for d in studies])
        for level in (0.9, 0.95)
    }
    assert met[0.9] == pytest.approx(0.04, abs=0.01)
    assert met[0.95] == pytest.approx(0.01, abs=0.005)


def test_bonferroni():
    assert bonferroni_level(0.95, 1) == pytest.approx(0.95)
    assert bonferroni_level(0.95, 2) == pytest.approx(0.975)
    assert bonferroni_level(0.9, 10) == pytest.approx(0.99)


# ------------------------------------------------------------------------------------------------------------
# How many trials


@pytest.mark.parametrize("target", [0.1, 0.3, 0.83])
def test_trials_to_settle_is_the_first_n_that_gets_there_at_either_end_of_s(target):
    found = trials_to_settle(paired_t(scaled(8)), target)
    for n, quantile in zip(found, [0.975, 0.025], strict=True):
        s = math.sqrt(7 / scipy_stats.chi2.ppf(quantile, 7))
        assert scipy_stats.t.ppf(0.975, n - 1) * s / math.sqrt(n) <= target
        assert scipy_stats.t.ppf(0.975, n - 2) * s / math.sqrt(n - 1) > target


def test_from_8_trials_the_range_is_044_to_41_times():
    n = (scipy_stats.norm.ppf(0.975) / 0.01) ** 2  # so large that t is normal
    low, high = trials_to_settle(paired_t(scaled(8)), 0.01)
    assert (low / n, high / n) == pytest.approx((0.437, 4.14), rel=0.01)


def test_no_number_of_resplits_goes_below_their_floor():
    e = paired_t(scaled(10, sd=0.02), test_train_ratio=0.25)
    assert trials_to_settle(e, 0.015) is None
    s = [0.02 * math.sqrt(9 / scipy_stats.chi2.ppf(q, 9)) for q in (0.975, 0.025)]
    low, high = trials_to_settle(e, 1.1 * 0.98 * s[1])  # above the floor even if s is as large as it may be
    assert low < 10 < high
    assert could_settle(paired_t(scaled(high, sd=s[1]), 0.25)) <= 1.1 * 0.98 * s[1]


def test_no_number_of_trials_goes_below_the_test_items_floor():
    e = crossed_t(*with_weights(*crossed_model(rng(13), s=(1.0, 8.0, 1.0))))
    assert trials_to_settle(e, 1.95 * e.floor_se) is None
    low, high = trials_to_settle(e, 2.1 * e.floor_se)
    assert 2 <= low < high


def test_equal_differences_need_two_trials():
    assert trials_to_settle(paired_t([0.1] * 4), 0.01) == (2, 2)


# ------------------------------------------------------------------------------------------------------------
# Sign flips


@pytest.mark.parametrize("n", [2, 5, 8, 12])
def test_sign_flip_p_is_scipys_exact_permutation_p(n):
    d = rng(14).normal(0.5, 1, n)
    expected = scipy_stats.permutation_test(
        (d, np.zeros(n)), lambda a, b: np.mean(a - b), permutation_type="samples", n_resamples=np.inf
    )
    assert sign_flip_p(d) == pytest.approx(expected.pvalue)


def test_sign_flip_p_by_hand():
    assert sign_flip_p([1, 2, 3]) == pytest.approx(2 / 8)
    assert sign_flip_p([1, 2, -3]) == 1
    assert sign_flip_p([0.1] * 8) == pytest.approx(2 / 256)
    assert sign_flip_p([0.0] * 8) == 1


def test_many_trials_are_sampled_and_repeatable():
    d = rng(15).normal(0.4, 1, 25)
    assert sign_flip_p(d) == sign_flip_p(d)
    assert sign_flip_p(d) == pytest.approx(scipy_stats.ttest_1samp(d, 0).pvalue, abs=0.02)
    assert sign_flip_p(np.ones(40)) == pytest.approx(1e-5)  # never 0


# ------------------------------------------------------------------------------------------------------------
# Worth in real items

SIZES = np.array([40, 80, 160, 320, 640])


def learning_curve(trials: int, noise: float = 0.0, generator: np.random.Generator | None = None):
    """Scores linear in log n, 3 points a doubling, with a shift per trial. (R, P)"""
    generator = generator or rng(16)
    shift = generator.normal(0, 0.02, (trials, 1))
    return 0.7 + 0.03 * np.log2(SIZES / 40) + shift + noise * generator.normal(size=(trials, len(SIZES)))


def arm_worth(n: float, curve: np.ndarray) -> np.ndarray:
    return curve[:, 0] + 0.03 * np.log2(n / 40)


@pytest.mark.parametrize("planted", [40, 57, 160, 231, 640])
def test_an_arm_on_the_curve_is_worth_its_n_exactly(planted):
    curve = learning_curve(8)
    found = worth_in_real(SIZES, curve, arm_worth(planted, curve))
    assert (found.worth, found.low, found.high) == pytest.approx((planted,) * 3)


def test_the_interval_is_the_inverted_paired_t_test():
    curve = learning_curve(8, noise=0.004)
    arm = arm_worth(200, curve) + 0.005 * rng(17).normal(size=8)
    found = worth_in_real(SIZES, curve, arm)
    assert found.low < found.worth < found.high and not (found.at_least or found.at_most)
    for n, p in [(found.low, 0.05), (found.high, 0.05), (found.worth, 1.0)]:
        at_n = PchipInterpolator(np.log(SIZES), curve, axis=1)(math.log(n))
        assert scipy_stats.ttest_rel(arm, at_n).pvalue == pytest.approx(p, abs=0.005)
    wider = worth_in_real(SIZES, curve, arm, test_train_ratio=0.25)
    assert wider.low < found.low and wider.high > found.high and wider.worth == found.worth


def test_test_items_widen_the_interval_and_not_the_worth():
    curve = learning_curve(8, noise=0.004)
    arm = arm_worth(200, curve) + 0.005 * rng(17).normal(size=8)
    narrow, wide = (worth_in_real(SIZES, curve, arm, widening=by) for by in (1.0, np.array([1, 1, 2, 2, 2])))
    assert wide.low < narrow.low < narrow.worth == wide.worth < narrow.high < wide.high


def test_the_widening_is_what_the_crossed_interval_adds_to_the_paired_one():
    d, w, *items = with_weights(*crossed_model(rng(12)))
    crossed = crossed_t(d, w, *items)
    assert item_widening(crossed) == pytest.approx(could_settle(crossed) / could_settle(paired_t(d @ w)))
    assert item_widening(paired_t(scaled(8))) == pytest.approx(1)
    assert item_widening(paired_t([0.1] * 5)) == 1


def test_beyond_the_curve_nothing_is_extrapolated():
    curve = learning_curve(8, noise=0.001)
    above = worth_in_real(SIZES, curve, arm_worth(5000, curve))
    assert (above.worth, above.low, above.high, above.at_least, above.at_most) == (
        None,
        640,
        640,
        True,
        False,
    )
    below = worth_in_real(SIZES, curve, arm_worth(10, curve))
    assert (below.worth, below.low, below.high, below.at_least, below.at_most) == (None, 40, 40, False, True)


def test_an_interval_that_runs_off_the_curve_says_so():
    curve = learning_curve(8, noise=0.004)
    arm = arm_worth(600, curve) + 0.01 * scaled(8)
    found = worth_in_real(SIZES, curve, arm)
    assert found.at_least and not found.at_most
    assert found.low < 600 and found.high == 640
    lost = worth_in_real(SIZES, curve, arm_worth(160, curve) + 0.5 * scaled(8))
    assert lost.at_least and lost.at_most and (lost.low, lost.high) == (40, 640)


def test_on_a_wobbling_curve_worth_is_the_fewest_items_that_do_as_well():
    curve = np.array([[0.0, 1.0, 0.4, 2.0, 3.0]] * 4) + np.array([[0], [0.1], [0.2], [0.3]])
    found = worth_in_real(SIZES, curve, curve[:, 0] + 0.5)
    assert 40 < found.worth < 80  # on the first step
    assert PchipInterpolator(np.log(SIZES), curve.mean(0))(math.log(found.worth)) == pytest.approx(0.65)
    assert found.high > 160  # the interval still tells that 160 did not


@pytest.mark.parametrize("planted", [50, 57, 100, 113, 140])
def test_a_curve_that_bends_is_followed(planted):
    """Errors that fall as a power of n, as learning curves do: straight lines would say 4 to 5 % more than planted."""
    sizes, trials = np.array([40, 80, 160]), 0.001 * scaled(8)[:, None]
    found = worth_in_real(
        sizes, 1 - 0.08 * (sizes / 40) ** -0.8 + trials, 1 - 0.08 * (planted / 40) ** -0.8 + trials[:, 0]
    )
    assert found.worth == pytest.approx(planted, rel=0.02)


def test_worth_covers_the_planted_number():
    generator, truth, hits = rng(18), 0.7 + 0.03 * np.log2(200 / 40), 0
    for _ in range(500):
        shift = generator.normal(0, 0.02, (8, 1))  # the same draws underlie curve and arm
        curve = 0.7 + 0.03 * np.log2(SIZES / 40) + shift + 0.01 * generator.normal(size=(8, 5))
        found = worth_in_real(SIZES, curve, truth + shift[:, 0] + 0.01 * generator.normal(size=8))
        hits += found.low <= 200 <= found.high
    assert hits / 500 == pytest.approx(0.95, abs=0.025)


# ------------------------------------------------------------------------------------------------------------
# Scores of predictions


def predictions(items=300, classes=4, seed=19):
    y = rng(seed).integers(0, classes, items)
    logits = rng(seed + 1).normal(size=(items, classes)) + 1.5 * np.eye(classes)[y]
    p = np.exp(logits)
    return y, p / p.sum(axis=1, keepdims=True)


def test_scores_of_many_classes_are_sklearns():
    y, p = predictions()
    found, said = classification_scores(y, p), p.argmax(axis=1)
    assert found["accuracy"] == pytest.approx(metrics.accuracy_score(y, said))
    assert found["balanced_accuracy"] == pytest.approx(metrics.balanced_accuracy_score(y, said))
    assert found["macro_f1"] == pytest.approx(metrics.f1_score(y, said, average="macro"))
    assert found["auroc"] == pytest.approx(metrics.roc_auc_score(y, p, multi_class="ovr"))
    assert found["log_loss"] == pytest.approx(metrics.log_loss(y, p))
    assert math.isnan(found["sensitivity"]) and math.isnan(found["specificity"])


def test_scores_of_two_classes():
    # label, probability of class 1: two of three positives found, one of two negatives kept
    y, p1 = np.array([1, 1, 1, 0, 0]), np.array([0.9, 0.8, 0.3, 0.6, 0.1])
    found = classification_scores(y, np.stack([1 - p1, p1], axis=1))
    assert found["sensitivity"] == pytest.approx(2 / 3)
    assert found["specificity"] == pytest.approx(1 / 2)
    assert found["balanced_accuracy"] == pytest.approx(7 / 12)
    assert found["accuracy"] == pytest.approx(3 / 5)
    assert found["auroc"] == pytest.approx(5 / 6)  # of six pairs only (.3, .6) is the wrong way round
    other = classification_scores(y, np.stack([1 - p1, p1], axis=1), positive=0)
    assert (other["sensitivity"], other["specificity"]) == (found["specificity"], found["sensitivity"])
    assert other["auroc"] == pytest.approx(found["auroc"])


def test_calibration_error_by_hand():
    # bins (.6, .667] and (.933, 1]: 2 items at .65, one right; 2 items at .95, both right
    error = expected_calibration_error(np.array([0.65, 0.65, 0.95, 0.95]), np.array([True, False, True, True]))
    assert error == pytest.approx(0.5 * 0.15 + 0.5 * 0.05)
    y, p = np.array([0, 1, 0, 0]), np.array([[0.65, 0.35], [0.65, 0.35], [0.95, 0.05], [0.95, 0.05]])
    assert classification_scores(y, p)["ece"] == pytest.approx(error)


def test_full_confidence_shares_the_last_bin():
    error = expected_calibration_error(np.array([0.95, 1.0]), np.array([True, False]))
    assert error == pytest.approx(0.475)  # |1 - 1.95| / 2; in bins of their own it would be .525


def test_calibration_error_of_a_calibrated_classifier_is_small_and_of_a_boastful_one_large():
    confidence = rng(20).uniform(0.5, 1, 20_000)
    correct = rng(21).random(20_000) < confidence
    assert expected_calibration_error(confidence, correct) < 0.02
    assert expected_calibration_error(np.ones(20_000), correct) == pytest.approx(0.25, abs=0.02)


def test_undefined_scores_are_nan_and_the_rest_stands():
    y, p = predictions(classes=3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = classification_scores(y[y < 2], p[y < 2])
    assert math.isnan(found["auroc"])
    expected = np.mean([(p.argmax(axis=1) == y)[y == k].mean() for k in (0, 1)])
    assert found["balanced_accuracy"] == pytest.approx(expected)
    only_positive = classification_scores(np.ones(3, int), np.array([[0.2, 0.8]] * 3))
    assert only_positive["sensitivity"] == 1 and math.isnan(only_positive["specificity"])


def test_a_sure_mistake_costs_much_but_not_everything():
    found = classification_scores(np.array([0, 1]), np.array([[1.0, 0.0], [1.0, 0.0]], dtype=np.float32))
    assert found["log_loss"] == pytest.approx(-math.log(np.finfo(np.float32).eps) / 2)


def test_half_precision_predictions_are_accepted():
    y, p = predictions(classes=10)
    found, exact = classification_scores(y, p.astype(np.float16)), classification_scores(y, p)
    assert found["log_loss"] == pytest.approx(exact["log_loss"], abs=1e-3)


# ------------------------------------------------------------------------------------------------------------
# Bad input

D = np.zeros((4, 6))
W, Y, G = np.full(6, 1 / 6), np.array([0, 0, 0, 1, 1, 1]), np.arange(6)
N, CURVE, ARM = np.array([10, 20]), np.zeros((4, 2)), np.zeros(4)


@pytest.mark.parametrize(
    "call, says",
    [
        (lambda: paired_t([0.1]), "at least 2 trials"),
        (lambda: paired_t([0.1, np.nan]), "not finite"),
        (lambda: paired_t(D), "2 dimensions"),
        (lambda: paired_t(["a", "b"]), "numbers"),
        (lambda: paired_t([1, 2], -0.1), "test_train_ratio"),
        (lambda: paired_t([1, 2], level=1.0), "level"),
        (lambda: crossed_t(D[:1], W, Y, G), "at least 2 trials"),
        (lambda: crossed_t(D, W[:5], Y, G), "6 test items"),
        (lambda: crossed_t(D, 2 * W, Y, G), "sum to 1"),
        (lambda: crossed_t(D, np.array([1, 2, 3, 2, 2, 2]) / 12, Y, G), "equal within a class"),
        (lambda: crossed_t(D, W, Y, G[:5]), "groups has shape"),
        (lambda: crossed_t(D, W, Y, G + 0.5), "integer each"),
        (lambda: crossed_t(D + np.inf, W, Y, G), "not finite"),
        (lambda: decide(interval(0, 1), -0.01), "rope"),
        (lambda: bonferroni_level(0.95, 0), "at least 1"),
        (lambda: trials_to_settle(interval(0, 1), 0), "half_width"),
        (lambda: sign_flip_p([1.0]), "at least 2 trials"),
        (lambda: worth_in_real(N[::-1], CURVE, ARM), "ascending"),
        (lambda: worth_in_real(N[:1], CURVE[:, :1], ARM), "at least two"),
        (lambda: worth_in_real(N, CURVE[:3], ARM), "shape"),
        (lambda: worth_in_real(N, CURVE[:1], ARM[:1]), "at least 2 trials"),
        (lambda: worth_in_real(N, CURVE, ARM + np.inf), "not finite"),
        (lambda: worth_in_real(N, CURVE, ARM, level=95), "level"),
        (lambda: classification_scores([0, 2], [[0.5, 0.5]] * 2), "Labels run"),
        (lambda: classification_scores([0.0, 1.0], [[0.5, 0.5]] * 2), "integers"),
        (lambda: classification_scores([0, 1], [[2.0, -1.0]] * 2), "softmax"),
        (lambda: classification_scores([0, 1], [[0.5, 0.6]] * 2), "softmax"),
        (lambda: classification_scores([0, 1], [[0.5, 0.5]] * 2, positive=2), "positive"),
        (lambda: classification_scores(np.zeros(0, int), np.zeros((0, 2))), "do not fit"),
    ],
)
def test_bad_input_is_one_sentence(call, says):
    with pytest.raises(InputError, match=says) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_half_width_after_as_many_trials_is_the_present_one_and_more_trials_narrow_it():
    d = np.random.default_rng(0).normal(size=8)
    for ratio in (0.0, 0.25):
        estimate = paired_t(d, ratio)
        assert half_width_after(estimate, 8) == pytest.approx(could_settle(estimate))
        assert half_width_after(estimate, 16) < half_width_after(estimate, 8)
    floor = 1.96 * d.std(ddof=1) * np.sqrt(0.25)  # of re-splits, which no number of them goes below
    assert half_width_after(paired_t(d, 0.25), 10**6) == pytest.approx(floor, rel=0.001)
    with pytest.raises(InputError, match="trials is 1"):
        half_width_after(paired_t(d), 1)


# ---- what a gain goes towards ----


@pytest.mark.parametrize(("height", "half"), [(0.08, 40.0), (-0.05, 300.0), (0.02, 2000.0)])
def test_the_plateau_of_a_saturating_curve_is_found(height, half):
    n = np.array([20.0, 80.0, 320.0, 1280.0])
    each = height + 0.01 * np.array([-1.5, -0.5, 0.5, 1.5])
    estimate, found = plateau(n, each[:, None] * n / (n + half))
    expected = paired_t(each)
    assert found == pytest.approx(half, rel=0.01)
    for name in ("mean", "low", "high"):
        assert getattr(estimate, name) == pytest.approx(getattr(expected, name), rel=0.01)


def test_no_gain_has_a_plateau_of_0():
    estimate, _ = plateau(np.array([50.0, 200.0]), np.zeros((5, 2)))
    assert (estimate.mean, estimate.low, estimate.high) == (0, 0, 0)


@pytest.mark.parametrize("n", [[50.0], [0.0, 50.0], [50.0, 50.0], [200.0, 50.0], [1.0, 2.0, 3.0]])
def test_numbers_of_items_that_do_not_fit_the_gains_are_refused(n):
    with pytest.raises(InputError, match="numbers of items do not fit gains"):
        plateau(np.array(n), np.zeros((4, 2 if len(n) != 1 else 1)))
