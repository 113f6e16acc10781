"""No answer from no spread: the cases of few trials and few test items."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from gannb.stats.decision import Answer, decide
from gannb.stats.estimate import half_width
from gannb.stats.intervals import balanced_weights, crossed_t, equal_weights, paired_t
from gannb.stats.settling.draws import draws_interval
from gannb.stats.settling.floor import LEAST_TRIALS, item_weight, items_needed, with_floor
from gannb.utils.errors import InputError


def test_one_items_weight_is_one_in_so_many():
    assert item_weight(equal_weights(np.zeros(40)), np.arange(40)) == pytest.approx(1 / 40)
    y = np.repeat([0, 1], [10, 30])  # balanced: 10 items weigh 1 / 20, 30 weigh 1 / 60
    assert item_weight(balanced_weights(y), np.arange(40)) == pytest.approx(0.5 / 20 + 0.5 / 60)


def test_items_of_a_group_turn_each_by_itself():
    assert item_weight(equal_weights(np.zeros(40)), np.arange(40) // 4) == pytest.approx(np.sqrt(4) / 40)


@pytest.mark.parametrize("trials", [2, 3, 8])
def test_ten_test_items_all_right_are_no_answer(trials):
    d, y, groups = np.zeros((trials, 10)), np.repeat([0, 1], 5), np.arange(10)
    bare = crossed_t(d, balanced_weights(y), y, groups)
    assert bare.low == bare.high == 0 and (trials < 3 or decide(bare, 0.01) == Answer.EQUIVALENT)  # must not be said
    floored = draws_interval(d, np.arange(trials), balanced_weights(y), y, groups)
    assert decide(floored, 0.01) == Answer.INCONCLUSIVE
    assert half_width(floored) == pytest.approx(stats.t.ppf(0.975, trials - 1) / 10)


def test_two_trials_are_below_the_least():
    assert LEAST_TRIALS == 3


def test_trials_that_are_all_alike_on_many_items_still_settle():
    d, y, groups = np.zeros((8, 1000)), np.arange(1000) % 2, np.arange(1000)
    assert decide(draws_interval(d, np.arange(8), balanced_weights(y), y, groups), 0.01) == Answer.EQUIVALENT


def test_an_interval_that_is_wide_enough_stays_as_it_is():
    e = paired_t(np.array([0.1, 0.2, 0.3]))
    assert with_floor(e, equal_weights(np.zeros(100)), np.arange(100)) is e


def nothing_differs(trials: int, items: int):
    """The interval of arms that are right on the same items in every trial."""
    strata = np.zeros(items, dtype=int)
    return draws_interval(np.zeros((trials, items)), np.arange(trials), equal_weights(strata), strata, np.arange(items))


@pytest.mark.parametrize("trials, needed", [(8, 237), (3, 431), (40, 203)])
def test_how_many_test_items_are_needed(trials, needed):
    y = np.arange(10) % 2
    assert items_needed(balanced_weights(y), np.arange(10), trials, 0.01) == needed
    answers = [decide(nothing_differs(trials, n), 0.01) for n in (needed, needed - 1)]
    assert answers == [Answer.EQUIVALENT, Answer.INCONCLUSIVE]


def test_a_margin_of_nothing_needs_no_number_of_items():
    with pytest.raises(InputError, match="above 0"):
        items_needed(np.full(4, 0.25), np.arange(4), 8, 0.0)
