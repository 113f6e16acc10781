"""The row for GANs that fail now and then."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from gannb.stats.intervals import paired_t
from gannb.stats.settling.failures import PRIOR, rate_not_excluded, with_failures
from gannb.utils.errors import InputError


def test_none_of_eight_does_not_exclude_31_percent():
    assert rate_not_excluded(0, 8) == pytest.approx(1 - 0.05 ** (1 / 8))
    assert rate_not_excluded(0, 8) == pytest.approx(0.312, abs=5e-4)
    assert stats.binom.cdf(2, 20, rate_not_excluded(2, 20)) == pytest.approx(0.05)
    assert rate_not_excluded(3, 3) == 1


@pytest.mark.parametrize("failed, trials", [(-1, 8), (9, 8), (0, 0)])
def test_impossible_counts_are_refused(failed, trials):
    with pytest.raises(InputError, match="cannot have failed"):
        rate_not_excluded(failed, trials)


D = np.random.default_rng(3).normal(0.01, 0.01, 8)


def test_without_a_failure_the_row_reaches_further_down_than_up():
    row, plain = with_failures(D, 0.0, 1e-3), paired_t(D)
    assert row.low < plain.low
    assert row.high <= plain.high + 0.002
    assert row.rate_not_excluded == pytest.approx(0.312, abs=5e-4)
    assert row.failed.max() < 0.5


def test_a_trial_that_lost_12_points_is_found_and_the_others_are_not():
    d = D.copy()
    d[2] -= 0.12
    row = with_failures(d, 0.0, 1e-3)
    assert row.failed[2] > 0.9 and np.delete(row.failed, 2).max() < 0.1
    assert row.rate_not_excluded == rate_not_excluded(1, 8)
    share = (PRIOR[0] + 1) / (sum(PRIOR) + 8)
    assert row.mean == pytest.approx(np.delete(D, 2).mean() - share * 0.12, abs=0.004)


def test_it_is_the_same_as_by_sampling():
    rng = np.random.default_rng(0)
    many = 400_000
    q, h = rng.beta(*PRIOR, many), 0.08 * rng.exponential(size=many)
    m, s = rng.normal(D.mean(), 0.02, many), np.exp(rng.uniform(np.log(0.002), np.log(0.04), many))
    log = -stats.norm.logpdf(m, D.mean(), 0.02)  # m is flat
    for d in D:
        log += np.log(1e-300 + (1 - q) * stats.norm.pdf(d, m, s) + q * stats.norm.pdf(d, m - h, s))
    weight, effect = np.exp(log - log.max()), m - q * h
    order = np.argsort(effect)
    below = np.cumsum(weight[order]) / weight.sum()
    low, high = (effect[order][np.searchsorted(below, p)] for p in (0.025, 0.975))
    row = with_failures(D, 0.0, 2e-3)
    assert (row.mean, row.low, row.high) == pytest.approx((weight @ effect / weight.sum(), low, high), abs=0.0015)


def test_test_items_widen_it():
    bare, wider = with_failures(D, 0.0, 1e-3), with_failures(D, 0.02, 1e-3)
    assert wider.high - wider.low > 1.5 * (bare.high - bare.low)
    assert wider.mean == pytest.approx(bare.mean)


def test_trials_that_are_all_alike_have_a_row():
    row = with_failures(np.zeros(8), 0.0, 0.01)
    assert row.low < 0 < row.high


def test_two_trials_have_none():
    with pytest.raises(InputError, match="three trials"):
        with_failures(np.zeros(2), 0.0, 0.01)


def test_it_covers_where_the_trials_alone_do_not():
    rng, held = np.random.default_rng(5), []
    for _ in range(50):
        d = rng.normal(0, 0.01, 8) - 0.12 * (rng.random(8) < 0.1)
        row, plain = with_failures(d, 0.0, 1e-3), paired_t(d)
        held.append([row.low <= -0.012 <= row.high, plain.low <= -0.012 <= plain.high])
    row, plain = np.mean(held, axis=0)
    assert row >= 0.9 and plain < 0.8
