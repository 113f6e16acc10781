"""Levels for looking more than once."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from gannb.stats.settling.looks import Look, level_of_last, look_levels, looks_until, went_back
from gannb.utils.errors import InputError


def test_the_levels_of_the_references():
    assert 1 - np.array(look_levels((4, 8, 16, 32), 32)) == pytest.approx([0.00625, 0.0077, 0.0154, 0.0319], abs=1e-4)
    assert 1 - np.array(look_levels((8, 20, 40), 40)) == pytest.approx([0.0100, 0.0174, 0.0323], abs=1e-4)


@pytest.mark.parametrize("looks, most", [((8,), 8), ((4, 8, 16), 32), ((3, 4, 30), 32), ((10, 20, 30, 40), 40)])
def test_alpha_is_spent_by_the_share_of_trials(looks, most):
    bounds = stats.norm.isf((1 - np.array(look_levels(looks, most))) / 2)
    times = np.array(looks) / most
    together = np.sqrt(np.minimum.outer(times, times) / np.maximum.outer(times, times))  # correlation of the means
    inside = stats.multivariate_normal(cov=together, allow_singular=True).cdf(bounds, lower_limit=-bounds, rng=0)
    assert 1 - inside == pytest.approx(0.05 * looks[-1] / most, abs=2e-4)


def test_one_look_at_the_end_is_the_plain_interval():
    assert [look_levels((n,), n) for n in (3, 8, 40)] == [(0.95,)] * 3
    assert look_levels((8,), 8, 0.1) == pytest.approx((0.9,))


def test_many_looks_close_together_hold_together():
    z = np.random.default_rng(0).standard_normal((4000, 50)).cumsum(axis=1) / np.sqrt(np.arange(1, 51))
    reach = stats.norm.isf((1 - np.array(look_levels(tuple(range(1, 51)), 50))) / 2)
    assert np.mean(np.all(np.abs(z) <= reach, axis=1)) == pytest.approx(0.95, abs=3 * np.sqrt(0.05 * 0.95 / 4000))


def test_the_looks_of_a_study():
    assert looks_until(32) == (4, 8, 16, 32)
    assert looks_until(20) == (4, 8, 16, 20)
    assert looks_until(4) == (4,)
    assert looks_until(40, folds=4) == (8, 20, 40)
    assert looks_until(80, folds=4) == (8, 20, 40, 80)
    assert looks_until(12, folds=4) == (8, 12)


@pytest.mark.parametrize("most, folds", [(3, 0), (4, 4), (10, 4)])
def test_numbers_of_trials_without_a_look_are_refused(most, folds):
    with pytest.raises(InputError, match="trials_most"):
        looks_until(most, folds)


@pytest.mark.parametrize("looks", [(), (8, 8), (8, 4), (40,), (0, 4)])
def test_looks_that_do_not_rise_are_refused(looks):
    with pytest.raises(InputError, match="rising"):
        look_levels(looks, 32)


def test_all_looks_together_hold_and_peeking_does_not():
    rng, looks = np.random.default_rng(0), (4, 8, 16, 32)
    d = rng.standard_normal((4000, 32))
    t = [np.abs(d[:, :n].mean(axis=1)) / (d[:, :n].std(axis=1, ddof=1) / np.sqrt(n)) for n in looks]

    def together(levels):
        reach = [stats.t.ppf((1 + level) / 2, n - 1) for n, level in zip(looks, levels, strict=True)]
        return np.mean(np.all([a <= b for a, b in zip(t, reach, strict=True)], axis=0))

    assert together(look_levels(looks, 32)) >= 0.94
    assert together([0.95] * 4) < 0.88


# ---- the ledger ----


def level(*looks: Look) -> float:
    return level_of_last(looks).level


def test_a_planned_study_spends_as_planned():
    history = [Look(n, "a", 32) for n in (4, 8, 16, 32)]
    for k in range(4):
        spent = level_of_last(history[: k + 1])
        assert spent.level == pytest.approx(look_levels((4, 8, 16, 32), 32)[k])
        assert (spent.looks, spent.plans, spent.together) == (k + 1, 1, 0.95)


def test_a_plain_study_has_its_95_percent_and_the_same_look_again_costs_nothing():
    assert level(Look(8, "a", 8)) == pytest.approx(0.95)
    assert level_of_last([Look(8, "a", 8)] * 5) == level_of_last([Look(8, "a", 8)])


def test_trials_beyond_the_plan_and_other_rules_are_counted():
    first, more, other = Look(8, "rope=.01", 8), Look(16, "rope=.01", 16), Look(16, "rope=.02", 16)
    spent = level_of_last([first, more, other])
    assert level(first, more) == pytest.approx(1 - 0.05 / 4)
    assert spent.level == pytest.approx(1 - 0.05 / 9)
    assert (spent.looks, spent.plans) == (3, 3)
    assert spent.together == pytest.approx(1 - 0.05 * (1 + 1 / 4 + 1 / 9))


def test_going_back_to_a_rule_finds_its_level_again():
    first, other = Look(8, "a", 8), Look(8, "b", 8)
    assert level(first, other, first) == pytest.approx(0.95)
    assert level(first, other, first, other) == level(first, other)


def test_going_back_to_fewer_trials_is_a_plan_of_its_own():
    four, ten, eight = (Look(n, "a", 10) for n in (4, 10, 8))
    spent = level_of_last([four, ten, eight])
    assert spent.level == pytest.approx(look_levels((8,), 10, 0.05 / 4)[0]) and spent.plans == 2
    assert spent.together == pytest.approx(1 - 0.05 * 1.25)
    assert went_back([four, ten, eight]) and not went_back([four, ten]) and not went_back([four, ten, four])
    assert level(four, ten, eight, ten) == level(four, ten)  # what was seen again


def test_looks_in_any_order_err_no_more_than_said():
    """Sorted by trials instead of by time the order below erred in 10 % of studies."""
    order = (32, 30, 28, 24, 20, 16, 12, 8, 4)
    history = [Look(n, "a", 32) for n in order]
    d = np.random.default_rng(2).standard_normal((20_000, 32))
    wrong = np.zeros(len(d), bool)
    for k, n in enumerate(order):
        reach = stats.norm.ppf((1 + level_of_last(history[: k + 1]).level) / 2)
        wrong |= np.abs(d[:, :n].mean(axis=1)) * np.sqrt(n) > reach
    assert wrong.mean() <= 1 - level_of_last(history).together


def test_without_a_look_there_is_no_level():
    with pytest.raises(InputError, match="looks so far"):
        level_of_last([])


def test_twenty_rules_until_one_helps_err_no_more_than_said():
    rng, rules, error = np.random.default_rng(1), 20, []
    history = [Look(8, str(k), 8) for k in range(rules)]
    reach = [stats.t.ppf((1 + level_of_last(history[: k + 1]).level) / 2, 7) for k in range(rules)]
    for _ in range(2000):
        d = rng.standard_normal((rules, 8)) * np.sqrt(0.3) + rng.standard_normal(8) * np.sqrt(0.7)  # rules are alike
        t = np.abs(d.mean(axis=1)) / (d.std(axis=1, ddof=1) / np.sqrt(8))
        error.append((t > stats.t.ppf(0.975, 7)).any() * 1j + (t > reach).any())
    naive, counted = np.mean(error).imag, np.mean(error).real
    assert naive > 0.15
    assert counted <= 1 - level_of_last(history).together
