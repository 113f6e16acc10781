"""How trials and test items hang together: the interval of each protocol, and which trials it can use."""

from __future__ import annotations

import numpy as np
import pytest

from gannb.stats.intervals import balanced_weights, crossed_t
from gannb.stats.settling.cross_validation import cv_interval
from gannb.stats.settling.draws import draws_interval
from gannb.stats.tested import Tested, balanced, equal, only
from gannb.trials.folds import fold_numbers
from gannb.utils.errors import InputError

Y = np.repeat([0, 1, 2], [60, 40, 20])
GROUPS = np.arange(120) // 2
FOLDS = 4


def same(trials: int, per_block: int = 0) -> Tested:
    """The same test items in every trial, whose draws are so many a block (0: they share no block)."""
    every = range(trials)
    block = {t: t // per_block for t in every} if per_block else {}
    return Tested(*(dict.fromkeys(every, part) for part in (np.arange(120), Y, GROUPS)), block=block)


def cross_validated(repeats: int) -> tuple[Tested, np.ndarray]:
    """Test items of repeated cross-validation, and the folds (M, I) of all items."""
    fold = np.stack([fold_numbers(Y, GROUPS, FOLDS, 0, r) for r in range(repeats)])
    item = {t: np.flatnonzero(fold[t // FOLDS] == t % FOLDS) for t in range(repeats * FOLDS)}
    return Tested(item, {t: Y[i] for t, i in item.items()}, {t: GROUPS[i] for t, i in item.items()}, FOLDS), fold


def values_of(tested: Tested, seed: int = 0) -> dict[int, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {t: rng.normal(0.1, 1, len(y)) for t, y in tested.y.items()}


# ---- weightings ----


def test_weightings_give_classes_or_items_the_same_weight():
    for weighting in (balanced, equal, only(1), only(0, 2)):
        assert weighting(Y)[0].sum() == pytest.approx(1)
    assert balanced(Y)[0][Y == 2].sum() == pytest.approx(1 / 3)
    assert equal(Y)[0][Y == 2].sum() == pytest.approx(20 / 120) and len(np.unique(equal(Y)[1])) == 1
    assert only(1)(Y)[0][Y != 1].sum() == 0
    assert only(0, 2)(Y)[0][Y == 2].sum() == pytest.approx(0.5)


# ---- draws and given sets ----


def test_trials_on_the_same_items_are_crossed_with_them():
    tested = same(6)
    values = values_of(tested)
    d = np.stack(list(values.values()))
    assert tested.difference(values) == draws_interval(d, np.arange(6), balanced_weights(Y), Y, GROUPS)
    assert tested.difference(values).mean == pytest.approx((d @ balanced_weights(Y)).mean())


def test_one_class_alone_is_an_interval_over_its_items():
    tested = same(6)
    values, mine = values_of(tested), Y == 1
    d = np.stack(list(values.values()))[:, mine]
    found = tested.difference(values, only(1), level=0.9)
    plain = crossed_t(d, np.full(40, 1 / 40), np.zeros(40, int), np.unique(GROUPS[mine], return_inverse=True)[1], 0.9)
    assert (found.mean, found.low, found.high) == pytest.approx((plain.mean, plain.low, plain.high))


def test_two_swapped_draws_of_a_block_are_two_units_unless_an_arm_sees_both_halves():
    tested = same(8, per_block=2)
    values = values_of(tested)
    assert tested.difference(values).n == 8 and tested.difference(values, by_block=True).n == 4
    assert tested.difference(values, by_block=True).mean == pytest.approx(tested.difference(values).mean)


def test_draws_of_crowded_blocks_are_averaged_first():
    tested = same(12, per_block=4)
    assert tested.difference(values_of(tested)).n == 3


def test_a_single_block_is_taken_draw_by_draw_for_want_of_others():
    assert same(2, per_block=2).difference(values_of(same(2)), by_block=True).n == 2


# ---- cross-validation ----


@pytest.mark.parametrize("weighting", [balanced, equal])
def test_cross_validation_has_every_item_once_a_repeat(weighting):
    tested, fold = cross_validated(3)
    values = values_of(tested)
    d = np.zeros(fold.shape)
    for t, each in values.items():
        d[t // FOLDS, tested.item[t]] = each
    weights, strata = weighting(Y)
    assert tested.difference(values, weighting) == cv_interval(d, fold, weights, strata, GROUPS)


def test_one_class_alone_can_be_cross_validated():
    tested, fold = cross_validated(2)
    values, mine = values_of(tested), Y == 2
    d = np.zeros(fold.shape)
    for t, each in values.items():
        d[t // FOLDS, tested.item[t]] = each
    found = tested.difference(values, only(2))
    plain = cv_interval(d[:, mine], fold[:, mine], np.full(20, 1 / 20), np.zeros(20, int), GROUPS[mine] - 50)
    assert (found.mean, found.low, found.high) == pytest.approx((plain.mean, plain.low, plain.high))


def test_trials_of_an_incomplete_repeat_are_not_used():
    tested, _ = cross_validated(3)
    values = values_of(tested)
    whole = tested.difference(values)
    assert tested.usable([11, 3, 2, 1, 0, 4, 5, 6, 7, 8]) == list(range(8))
    without = {t: each for t, each in values.items() if t != 9}
    assert tested.difference(without) == tested.difference({t: values[t] for t in range(8)}) != whole


def test_too_few_trials_have_no_interval():
    tested, _ = cross_validated(2)
    assert tested.usable(range(7)) == [] and same(3).usable([2]) == [] and same(3).usable([2, 0]) == [0, 2]
    with pytest.raises(InputError, match="2 whole repeats of 4 folds"):
        tested.difference({t: each for t, each in values_of(tested).items() if t < 7})
    with pytest.raises(InputError, match="2 trials"):
        same(1).difference(values_of(same(1)))


# ---- trial by trial ----


def test_trials_on_the_same_items_have_their_own_weighted_results():
    tested = same(6, per_block=2)
    values = values_of(tested)
    assert tested.results(values) == pytest.approx([each @ balanced_weights(Y) for each in values.values()])
    assert tested.results(values, equal).mean() == pytest.approx(tested.difference(values, equal).mean)


def test_trainings_of_whole_repeats_have_their_own_results():
    tested, _ = cross_validated(3)
    values = values_of(tested)
    expected = [np.mean([values[t][tested.y[t] == k].mean() for k in range(3)]) for t in range(8)]
    assert tested.results({t: each for t, each in values.items() if t != 9}) == pytest.approx(expected)
    with pytest.raises(InputError, match="2 whole repeats of 4 folds"):
        tested.results({0: values[0]})


@pytest.mark.parametrize("tested", [same(4), cross_validated(2)[0]], ids=["the same", "folds"])
def test_the_items_that_count_have_their_weights_and_groups(tested):
    weights, groups = tested.items(values_of(tested), only(1))
    assert weights == pytest.approx(np.full(40, 1 / 40)) and set(groups) == set(GROUPS[Y == 1])
    weights, groups = tested.items(values_of(tested))
    assert weights == pytest.approx(balanced_weights(Y)) and (groups == GROUPS).all()
