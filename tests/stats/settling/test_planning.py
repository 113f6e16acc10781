"""Numbers of trials for 80 % power."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from gannb.stats.estimate import Estimate
from gannb.stats.settling.planning import (
    difference_to_tell,
    power_after,
    power_to_equate,
    power_to_tell,
    trials_to_equate,
    trials_to_tell,
)
from gannb.utils.errors import InputError


def known(sd: float = 1.0, floor_se: float = 0.0, n: int = 10**6) -> Estimate:
    """An estimate from so many trials that their standard deviation is known."""
    return Estimate(0.0, 0.0, 0.0, sd / np.sqrt(n), n - 1, sd, n, 0.95, floor_se)


def test_eight_trials_have_80_percent_power_at_116_sd():
    assert power_to_tell(1 / np.sqrt(8), 7, 1.16) == pytest.approx(0.8, abs=0.005)
    assert trials_to_tell(known(), 1.16) == (8, 8)


@pytest.mark.parametrize("n", [3, 8, 40])
@pytest.mark.parametrize("shift", [0.5, 2.0, 4.0])
def test_power_to_tell_is_the_non_central_t_distributions(n, shift):
    expected = stats.nct.sf(stats.t.ppf(0.975, n - 1), n - 1, shift)
    assert power_to_tell(0.1, n - 1, 0.1 * shift) == pytest.approx(expected, abs=2e-3)


def test_equivalence_within_half_a_standard_deviation_is_rarely_shown_by_8_trials():
    # with sd 1 and a margin of .5, a study of 8 trials shows it in a few percent (the t interval is .84 wide)
    assert power_to_equate(1 / np.sqrt(8), 7, 0.5) == pytest.approx(simulated_equivalence(8, 0.5), abs=0.006)


def simulated_equivalence(n: int, margin: float) -> float:
    d = np.random.default_rng(0).standard_normal((20_000, n))
    half = stats.t.ppf(0.975, n - 1) * d.std(axis=1, ddof=1) / np.sqrt(n)
    return float(np.mean(np.abs(d.mean(axis=1)) + half <= margin))


@pytest.mark.parametrize("n, margin", [(20, 0.5), (40, 0.5), (8, 1.5)])
def test_power_to_equate_is_what_simulation_finds(n, margin):
    assert power_to_equate(1 / np.sqrt(n), n - 1, margin) == pytest.approx(simulated_equivalence(n, margin), abs=0.013)


@pytest.mark.parametrize("difference", [0.3, 0.5, 2.0])
def test_the_planned_number_is_the_first_that_is_enough(difference):
    _, n = trials_to_tell(known(), difference)
    assert power_after(known(), n, power_to_tell, difference) >= 0.8
    assert n == 2 or power_after(known(), n - 1, power_to_tell, difference) < 0.8


def test_80_percent_takes_twice_the_trials_of_half_the_studies():
    half = next(n for n in range(3, 1000) if stats.t.ppf(0.975, n - 1) / np.sqrt(n) <= 0.3)
    assert power_after(known(), half, power_to_tell, 0.3) == pytest.approx(0.5, abs=0.03)
    assert trials_to_tell(known(), 0.3)[1] / half == pytest.approx(2, abs=0.1)


def test_what_a_study_tells_in_80_percent_is_more_than_its_half_width():
    e = Estimate(0.0, -0.836, 0.836, 1 / np.sqrt(8), 7, 1.0, 8, 0.95)
    assert difference_to_tell(e) == pytest.approx(1.16, abs=0.005)
    assert difference_to_tell(e, 0.5) == pytest.approx(0.836, abs=0.04)
    assert difference_to_tell(Estimate(0.0, 0.0, 0.0, 0.0, 7, 0.0, 8, 0.95)) == 0


def test_from_eight_trials_the_range_is_wide_and_numbers_are_whole_repeats():
    low, high = trials_to_tell(known(n=8), 0.5, step=4)
    assert low % 4 == high % 4 == 0
    assert low <= trials_to_tell(known(), 0.5)[0] + 3 < high
    assert high / low == pytest.approx((2.035 / 0.661) ** 2, rel=0.25)


def test_test_items_set_a_floor_that_no_number_of_trials_gets_below():
    assert trials_to_tell(known(floor_se=0.5), 1.0) is None
    assert trials_to_tell(known(floor_se=0.2), 1.0)[0] > trials_to_tell(known(), 1.0)[0]
    assert trials_to_equate(known(floor_se=0.5), 0.5) is None


def test_trials_that_are_all_alike_need_two():
    assert trials_to_tell(known(sd=0.0), 0.5) == (2, 2)


@pytest.mark.parametrize("call", [lambda: trials_to_tell(known(), 0.0), lambda: trials_to_equate(known(), np.nan)])
def test_nothing_to_plan_for_is_refused(call):
    with pytest.raises(InputError, match="must not be 0"):
        call()
