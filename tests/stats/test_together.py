"""Intervals that all hold together: against t quantiles, and by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from gannb.stats.estimate import Interval
from gannb.stats.together import for_all
from gannb.utils.errors import InputError


@pytest.mark.parametrize("df", [1, 3, 15, 200])
@pytest.mark.parametrize("m", [1, 7, 400])
def test_the_interval_is_that_of_the_t_quantile_at_the_adjusted_level(df, m):
    se, mean = 0.02, 0.1
    half = stats.t.ppf(0.975, df) * se
    found = for_all(Interval(mean, mean - half, mean + half), se, 0.95, m)
    wider = stats.t.ppf(1 - 0.025 / m, df) * se
    assert (found.mean, found.low, found.high) == pytest.approx((mean, mean - wider, mean + wider))


@pytest.mark.slow
def test_all_hold_together_as_often_as_one_does_by_itself():
    rng, m, n = np.random.default_rng(0), 12, 6
    held = []
    for _ in range(300):
        x = rng.normal(size=(m, n))
        mean, se = x.mean(1), x.std(1, ddof=1) / np.sqrt(n)
        half = stats.t.ppf(0.975, n - 1) * se
        each = [for_all(Interval(a, a - h, a + h), s, 0.95, m) for a, h, s in zip(mean, half, se, strict=True)]
        held.append(all(i.low <= 0 <= i.high for i in each))
    assert 0.92 <= np.mean(held) <= 0.99


def test_one_held_at_a_floor_or_without_spread_is_never_narrowed():
    point = Interval(0.1, 0.1, 0.1)
    assert for_all(point, 0.0, 0.95, 10) == point
    wide = for_all(Interval(0.0, -1.0, 1.0), 0.01, 0.95, 10)  # a hundred standard errors: as of one degree of freedom
    assert wide.high > 9
    sharp = for_all(Interval(0.0, -0.0195, 0.0195), 0.01, 0.95, 10)  # narrower than of infinitely many
    assert sharp.high > 0.0195


@pytest.mark.parametrize(("level", "m"), [(0.0, 3), (1.0, 3), (0.95, 0)])
def test_levels_and_numbers_that_make_no_sense_are_refused(level, m):
    with pytest.raises(InputError):
        for_all(Interval(0.0, -1.0, 1.0), 0.1, level, m)
