"""The interval of repeated K-fold: by the formula written out, by hand, and what it must never do."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from gannb.stats.estimate import half_width
from gannb.stats.intervals import balanced_weights, equal_weights
from gannb.stats.settling.cross_validation import cv_interval, in_repeats, training_results
from gannb.stats.settling.planning import power_after, power_to_tell
from gannb.trials.folds import fold_numbers
from gannb.utils.errors import InputError


def planted(seed=0, sizes=(30, 90), repeats=3, folds=4, group=1, training=0.05, item=0.3, rest=0.2):
    """Differences and folds (M, I), labels and groups of a normal model of trainings, items and the rest."""
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(len(sizes)), sizes)
    groups = np.arange(len(y)) // group
    fold = np.stack([fold_numbers(y, groups, folds, seed, r) for r in range(repeats)])
    by_training = np.take_along_axis(rng.normal(0, training, (repeats, folds)), fold, axis=1)
    return by_training + rng.normal(0, item, len(y)) + rng.normal(0, rest, fold.shape), fold, y, groups


def written_out(d, fold, weights, y, groups):
    """V and df of the docstring, in loops."""
    repeats, folds = len(d), fold.max() + 1
    trainings = repeats * folds
    share = {k: weights[y == k].sum() for k in np.unique(y)}
    results = [
        sum(share[k] * d[r, (fold[r] == f) & (y == k)].mean() for k in share)
        for r, f in itertools.product(range(repeats), range(folds))
    ]
    u = np.zeros((repeats, groups.max() + 1))
    for r, k in itertools.product(range(repeats), share):
        members = np.unique(groups[y == k])
        for g in members:
            of = (groups == g) & (y == k)
            size, everyone = len(members), np.sum(y == k)
            deviation = np.sum(weights[of] * (d[r, of] - d[r, y == k].mean()))
            u[r, g] += deviation * np.sqrt((size - 1) / size) / (1 - of.sum() / everyone)
    mean = u.mean(axis=0)
    total = np.sum(mean**2)
    persistent = max(0, total - np.sum((u - mean) ** 2) / (repeats * (repeats - 1)))
    by_training = np.var(results, ddof=1) / trainings
    item = (trainings - folds) / (trainings - 1) * persistent
    df_items = max(1, total**2 / np.sum(mean**4) - len(share))
    if total > by_training + item:
        return total, df_items
    return by_training + item, (by_training + item) ** 2 / (by_training**2 / (trainings - 1) + item**2 / df_items)


@pytest.mark.parametrize("weigh", [balanced_weights, equal_weights])
@pytest.mark.parametrize(
    "model", [{}, {"training": 0.0, "rest": 0.02}, {"group": 5}, {"sizes": (20, 30, 40), "repeats": 10}]
)
def test_it_is_the_formula(weigh, model):
    d, fold, y, groups = planted(**model)
    weights = weigh(y)
    strata = y if weigh is balanced_weights else np.zeros_like(y)
    e = cv_interval(d, fold, weights, strata, groups)
    variance, df = written_out(d, fold, weights, strata, groups)
    assert (e.mean, e.se, e.df) == pytest.approx(((d @ weights).mean(), np.sqrt(variance), df))
    assert e.high - e.mean == pytest.approx(stats.t.ppf(0.975, df) * np.sqrt(variance))
    assert e.n == fold.size // len(y) * (fold.max() + 1)


def test_numbers_of_another_program():
    # tools/inference_oracle.py of the project's references, cv_interval(d, fold, weights, y): mean, se, df
    d, fold, y, groups = planted(11)
    e = cv_interval(d, fold, balanced_weights(y), y, groups)
    assert (e.mean, e.se, e.df) == pytest.approx(
        (0.008284659607678263, 0.03761940998728727, 29.883139289420185), rel=1e-9
    )


def test_its_mean_is_the_mean_difference_over_repeats_and_its_trainings_are_the_folds():
    d, fold, y, groups = planted(1)
    weights = balanced_weights(y)
    results = training_results(d, fold, weights, y)
    one = fold[1] == 2
    by_class = [d[1, one & (y == k)].mean() for k in (0, 1)]
    assert results.shape == (12,)
    assert results[1 * 4 + 2] == pytest.approx(np.mean(by_class))
    assert cv_interval(d, fold, weights, y, groups).mean == pytest.approx(
        np.mean([d[:, y == k].mean() for k in (0, 1)])
    )


def test_a_class_that_a_fold_lacks_leaves_its_share_to_the_others():
    d, y = np.array([[0.0, 1, 2, 3]] * 2), np.array([0, 0, 1, 1])
    fold = np.array([[0, 0, 0, 1], [0, 0, 1, 0]])
    assert training_results(d, fold, balanced_weights(y), y) == pytest.approx([1.25, 3, 1.75, 2])


def test_what_trials_narrow_and_what_they_do_not_add_up():
    d, fold, y, groups = planted(2, repeats=5, training=0.15)
    e = cv_interval(d, fold, balanced_weights(y), y, groups)
    assert e.se**2 == pytest.approx(e.sd**2 / e.n + e.floor_se**2)
    now, later = (power_after(e, n, power_to_tell, half_width(e)) for n in (e.n, 4 * e.n))
    assert later > now


@pytest.mark.parametrize("training, rest", [(0.0, 0.0), (0.0, 0.3), (0.2, 0.1)])
def test_never_below_the_standard_error_over_items(training, rest):
    for seed in range(10):
        d, fold, y, groups = planted(seed, training=training, rest=rest)
        by_class = [d[:, y == k].mean(axis=0) for k in (0, 1)]
        naive = np.sqrt(sum(x.var(ddof=1) / len(x) for x in by_class)) / 2
        assert cv_interval(d, fold, balanced_weights(y), y, groups).se >= naive * (1 - 1e-12)


def test_no_difference_at_all_is_as_wide_as_one_item():
    d, fold, y, groups = planted(training=0, item=0, rest=0)
    e = cv_interval(d, fold, equal_weights(y), np.zeros_like(y), groups)
    assert (e.low, e.high) == pytest.approx((-stats.t.ppf(0.975, 11) / 120, stats.t.ppf(0.975, 11) / 120))


def test_repeats_come_from_a_row_per_tested_item_in_any_order():
    d, fold, *_ = planted(3)
    trial = (np.arange(3)[:, None] * 4 + fold).ravel()
    item = np.tile(np.arange(120), 3)
    order = np.random.default_rng(0).permutation(360)
    found = in_repeats(trial[order], item[order], d.ravel()[order], 4)
    assert np.array_equal(found[0], d) and np.array_equal(found[1], fold)


def test_a_repeat_that_is_not_whole_is_left_out():
    d, fold, *_ = planted(3)
    trial, item = (np.arange(3)[:, None] * 4 + fold).ravel(), np.tile(np.arange(120), 3)
    there = trial != 6  # the third training of the second repeat has failed
    found = in_repeats(trial[there], item[there], d.ravel()[there], 4)
    assert np.array_equal(found[0], d[[0, 2]])


def test_fewer_than_two_whole_repeats_or_items_tested_twice_are_refused():
    d, fold, *_ = planted(3, repeats=2)
    trial, item = (np.arange(2)[:, None] * 4 + fold).ravel(), np.tile(np.arange(120), 2)
    with pytest.raises(InputError, match="needs 8 trials, two whole repeats, and 1 are whole"):
        in_repeats(trial[trial != 6], item[trial != 6], d.ravel()[trial != 6], 4)
    item[0] = item[1]
    with pytest.raises(InputError, match="never or twice"):
        in_repeats(trial, item, d.ravel(), 4)


@pytest.mark.parametrize(
    "change, says",
    [
        (lambda d, fold, y, g: (d[:1], fold[:1], y, g), "two or more"),
        (lambda d, fold, y, g: (d, np.zeros_like(fold), y, g), "the same folds"),
        (lambda d, fold, y, g: (d, fold[:, :5], y, g), "do not fit"),
        (lambda d, fold, y, g: (d, fold, y, y), "single test item or group"),
        (lambda d, fold, y, g: (d * np.nan, fold, y, g), "not finite"),
    ],
)
def test_bad_input_is_one_sentence(change, says):
    d, fold, y, groups = change(*planted())
    with pytest.raises(InputError, match=says):
        cv_interval(d, fold, balanced_weights(y), y, groups)


def test_coverage_where_trainings_items_and_rest_all_vary():
    held = [abs(e.mean) <= half_width(e) for e in map(interval_of, range(600))]
    assert np.mean(held) >= 0.94 - 3 * np.sqrt(0.94 * 0.06 / 600)


def interval_of(seed: int):
    """The interval of one planted study whose true mean is 0."""
    d, fold, y, groups = planted(seed, training=0.08)
    return cv_interval(d, fold, balanced_weights(y), y, groups)
