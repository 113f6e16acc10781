"""The decision rule, how many trials an answer takes, and sign flips."""

from __future__ import annotations

import math

import numpy as np
import pytest
from planted_differences import crossed_model, refused, rng, scaled, with_weights
from scipy import stats as scipy_stats

from gannb.stats.decision import (
    Answer,
    bonferroni_level,
    decide,
    half_width_after,
    sign_flip_p,
    trials_to_settle,
)
from gannb.stats.estimate import Estimate, could_settle
from gannb.stats.intervals import crossed_t, paired_t

# ---- the rule ----


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


# ---- how many trials ----


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


def test_half_width_after_as_many_trials_is_the_present_one_and_more_trials_narrow_it():
    d = np.random.default_rng(0).normal(size=8)
    for ratio in (0.0, 0.25):
        estimate = paired_t(d, ratio)
        assert half_width_after(estimate, 8) == pytest.approx(could_settle(estimate))
        assert half_width_after(estimate, 16) < half_width_after(estimate, 8)
    floor = 1.96 * d.std(ddof=1) * np.sqrt(0.25)  # of re-splits, which no number of them goes below
    assert half_width_after(paired_t(d, 0.25), 10**6) == pytest.approx(floor, rel=0.001)


# ---- sign flips ----


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


# ---- what test items add ----


# ---- bad input ----


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: decide(interval(0, 1), -0.01), "rope"),
        (lambda: bonferroni_level(0.95, 0), "at least 1"),
        (lambda: trials_to_settle(interval(0, 1), 0), "half_width"),
        (lambda: sign_flip_p([1.0]), "at least 2 trials"),
        (lambda: half_width_after(interval(0, 1), 1), "trials is 1"),
    ],
)
def test_bad_input_is_one_sentence(call, says):
    refused(call, says)
