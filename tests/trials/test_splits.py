"""From a data set to trials: given sets, draws and their reserves, cross-validation, groups, and what is refused."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from planted_sets import bursts, dataset, refusal

from gannb.study.model import make_study
from gannb.trials.design import Design, settle
from gannb.trials.splits import (
    Draw,
    check_room,
    final_items,
    judged_elsewhere,
    labels_of,
    make_draw,
    take,
    train_counts,
    unseen,
)
from gannb.utils.errors import InputError


def draw_design(n: int, seed: int = 0, test_share: float = 0.25, blocks: int = 10) -> Design:
    return Design("draw", n, test_share, seed, blocks=blocks)


def folds_design(seed: int = 0, folds: int = 4) -> Design:
    return Design("folds", None, 1 / folds, seed, folds=folds)


def given_design(n: int | None = None, seed: int = 0) -> Design:
    return Design("given", n, 0.25, seed)


# ---- draw ----


def test_draws_and_the_test_set_are_disjoint_over_all_trials():
    data = dataset([60, 70, 80])
    draws = [make_draw(data, draw_design(5), t) for t in range(8)]
    parts = [draws[0].test] + [d.train for d in draws]
    for a, b in combinations(parts, 2):
        assert not set(a) & set(b)
    assert all(len(np.unique(p)) == len(p) for p in parts)


def test_two_trials_share_a_block_with_train_and_reserve_swapped():
    data, design = dataset([60, 70, 80]), draw_design(5)
    for block in range(4):
        first, second = (make_draw(data, design, 2 * block + i) for i in range(2))
        assert np.array_equal(first.train, second.reserve) and np.array_equal(first.reserve, second.train)
        assert design.block_of(2 * block) == design.block_of(2 * block + 1) == block


def test_beyond_its_two_draws_a_block_is_divided_anew():
    data, design = dataset([60, 70, 80]), draw_design(5, blocks=3)
    draws = [make_draw(data, design, t) for t in range(18)]  # three rounds
    assert [design.block_of(t) for t in range(8)] == [0, 0, 1, 1, 2, 2, 0, 0]
    halves = set()
    for t, d in enumerate(draws):
        first = draws[2 * design.block_of(t)]
        assert set(d.train) | set(d.reserve) == set(first.train) | set(first.reserve)
        assert not set(d.train) & set(d.reserve)
        assert np.bincount(data.pool.y[d.train]).tolist() == [5, 5, 5]
        halves.add(frozenset(d.train))
    assert len(halves) == 18  # and no two draws are the same


@pytest.mark.parametrize("size", [2, 3])
def test_a_block_that_is_divided_anew_keeps_groups_on_one_side(size):
    data, design = dataset([100, 100], groups=bursts(200, size)), draw_design(6, blocks=3)
    for t in range(6, 12):
        d = make_draw(data, design, t)
        assert not set(data.pool.groups[d.train]) & set(data.pool.groups[d.reserve])
    counts = train_counts(data, design, range(12))
    assert [row.tolist() for row in counts] == [
        np.bincount(data.pool.y[make_draw(data, design, t).train]).tolist() for t in range(12)
    ]


def test_a_draw_and_its_reserve_are_equal_in_every_class():
    data = dataset([60, 70, 80])
    for t in range(4):
        d = make_draw(data, draw_design(5), t)
        for part in (d.train, d.reserve):
            assert np.bincount(data.pool.y[part]).tolist() == [5, 5, 5]


def test_all_trials_share_a_test_set_in_the_proportions_of_the_classes():
    data = dataset([60, 80, 100])
    tests = [make_draw(data, draw_design(5), t).test for t in range(3)]
    assert np.bincount(data.pool.y[tests[0]]).tolist() == [15, 20, 25]
    assert all(np.array_equal(tests[0], other) for other in tests)


def test_a_trial_depends_on_no_later_one_and_on_the_seed():
    data = dataset([60, 70, 80])
    for t in range(3):
        first, again = (make_draw(data, replace(draw_design(5), trials=n), t) for n in (3, 100))
        assert np.array_equal(first.train, again.train) and np.array_equal(first.reserve, again.reserve)
        assert not np.array_equal(first.train, make_draw(data, draw_design(5, seed=1), t).train)


def test_every_item_has_the_same_chance_of_being_drawn():
    data = dataset([20, 20])
    seeds = range(300)
    drawn = np.bincount(np.concatenate([make_draw(data, draw_design(3, s), 0).train for s in seeds]), minlength=40)
    assert drawn.sum() == 300 * 6
    assert 20 < drawn.min() and drawn.max() < 75  # each 45 on average, with a standard deviation of about 6


def test_a_given_test_set_is_used_as_it_is():
    data = dataset([30, 30], test=[7, 9])
    d = make_draw(data, draw_design(5), 1)
    assert d.test.tolist() == list(range(60, 76))
    assert max(d.train.max(), d.reserve.max()) < 60
    assert take(data, d.test).ids.tolist() == data.test.ids.tolist()


def test_more_than_the_pool_holds_cannot_be_drawn():
    with pytest.raises(InputError, match="too few separate items of class 'class 0' for the second half of block 1"):
        make_draw(dataset([20, 20]), draw_design(4), 2)


# ---- groups ----


@pytest.mark.parametrize("size", [2, 3, 7])
def test_in_draws_a_group_is_never_on_two_sides(size):
    data = dataset([100, 100], groups=bursts(200, size))
    draws = [make_draw(data, draw_design(4), t) for t in range(6)]
    sides = [draws[0].test] + [d.train for d in draws]
    for a, b in combinations(sides, 2):
        assert not set(data.pool.groups[a]) & set(data.pool.groups[b])


def test_a_group_larger_than_a_draw_fills_it_and_the_rest_is_used_nowhere():
    groups = np.arange(80)
    data = dataset([40, 40], groups=groups)
    large = np.flatnonzero(data.pool.y == 0)[:20]  # one burst of 20 items in class 0
    groups[large] = large[0]
    draws = [make_draw(data, draw_design(3), t) for t in range(4)]
    used = np.concatenate([draws[0].test] + [d.train for d in draws])
    assert len(np.unique(used)) == len(used)
    sides = [set(data.pool.groups[part]) for part in (draws[0].test, *(d.train for d in draws))]
    assert sum(large[0] in side for side in sides) <= 1
    for d in draws:
        assert np.bincount(data.pool.y[d.train]).tolist() == [3, 3]


@pytest.mark.parametrize("size", [2, 3, 5])
def test_in_cross_validation_a_group_is_never_on_two_sides(size):
    data = dataset([60, 30], groups=bursts(90, size))
    for t in range(8):
        d = make_draw(data, folds_design(), t)
        assert not set(data.pool.groups[d.train]) & set(data.pool.groups[d.test])


def test_a_class_that_is_one_group_cannot_be_divided():
    y = dataset([20, 20]).pool.y
    data = dataset([20, 20], groups=np.where(y == 0, 0, np.arange(40) + 1))
    with pytest.raises(InputError) as error:
        make_draw(data, folds_design(), 0)
    assert str(error.value) == (
        "Class 'class 0' falls wholly on one side of every split, since its 20 images belong to one group, by groups "
        "or as near duplicates: use finer groups, or leave the class out."
    )


def test_identical_items_are_called_that():
    data = dataset([20, 20], groups=np.zeros(40, np.int64))
    same = replace(data, pool=replace(data.pool, x=np.zeros_like(data.pool.x)))
    with pytest.raises(InputError, match="since its 20 images are identical: give images that differ, or leave the cl"):
        make_draw(same, folds_design(), 0)


@pytest.mark.parametrize(
    ("size", "says"),
    [
        (
            10,
            "tested in 4 parts in turn, and the 20 images of class 'class 0' are in 3 groups .* fewer than these; use",
        ),
        (8, "Whole groups make no 4 parts that all have 2 of each class: the 20 images of class 'class 0' are in 4"),
    ],
)
def test_fewer_groups_than_folds_are_refused_with_what_would_do(size, says):
    """The class, what is missing, and a share of test items that works where there is one."""
    y = np.repeat([0, 1], 20)
    members = np.arange(20)
    groups = np.concatenate(
        [np.minimum(members // (20 // 3 + 1), 2) if size == 10 else np.minimum(members, 3), members + 9]
    )
    data = dataset([20, 20], groups=groups)
    data = replace(data, pool=replace(data.pool, y=y))
    with pytest.raises(InputError, match=says) as error:
        make_draw(data, folds_design(), 0)
    if way := re.search(r"use test_share=(\S+) \((\d) parts", str(error.value)):
        make_draw(data, folds_design(folds=round(1 / float(way[1]))), 0)
    assert ("one group of it at a time" in str(error.value)) == (size == 10)


# ---- folds ----


@pytest.mark.parametrize("folds", [2, 4, 10])
def test_every_item_is_tested_once_a_repeat(folds):
    data = dataset([80, 40, 20])
    for repeat in range(3):
        draws = [make_draw(data, folds_design(folds=folds), repeat * folds + k) for k in range(folds)]
        assert sorted(np.concatenate([d.test for d in draws])) == list(range(140))
        for d in draws:
            assert sorted([*d.train, *d.test]) == list(range(140)) and len(d.reserve) == 0


@pytest.mark.parametrize("folds", [10, 5, 4, 2])
def test_a_fold_keeps_the_proportions_of_the_classes(folds):
    data = dataset([80, 40, 20])
    for t in range(5):
        d = make_draw(data, folds_design(folds=folds), t)
        assert np.abs(np.bincount(data.pool.y[d.test]) - np.array([80, 40, 20]) / folds).max() <= 1


def test_repeats_differ_and_so_do_seeds_and_all_are_the_same_again():
    data = dataset([60, 30])
    tests = [tuple(make_draw(data, folds_design(seed), t).test) for seed in (0, 1) for t in range(8)]
    assert len(set(tests)) == len(tests)
    assert tuple(make_draw(data, folds_design(1), 7).test) == tests[-1]


def test_a_given_test_set_takes_part_in_cross_validation_where_that_is_asked_for():
    data = dataset([30, 30], test=[10, 10])
    design = settle(data, make_study(data="photos", protocol="folds"))
    assert "the given test set is part of it" in design.why
    d = make_draw(data, design, 0)
    assert sorted([*d.train, *d.test]) == list(range(80))
    assert min(d.train) < 60 <= max(d.train)


# ---- given ----


def test_a_given_test_set_stays_what_it_is_and_every_trial_trains_on_the_whole_train_side():
    data = dataset([30, 20], test=[7, 9])
    design = settle(data, make_study(data="photos"))
    assert (design.protocol, design.n_per_class, design.folds, design.most_trials) == ("given", None, 0, None)
    orders = set()
    for t in range(4):
        d = make_draw(data, design, t)
        assert d.test.tolist() == list(range(50, 66)) and sorted(d.train) == list(range(50)) and not len(d.reserve)
        orders.add(tuple(d.train))
    assert len(orders) == 4  # so that "the first half" is another one in every trial
    assert train_counts(data, design, range(3)).tolist() == [[30, 20]] * 3
    assert final_items(data, design).tolist() == list(range(50))


def test_draws_of_a_given_training_set():
    data = dataset([30, 20], test=[7, 9], groups=bursts(50, 2))
    design = settle(data, make_study(data="photos", n_per_class=6))
    assert (design.protocol, design.n_per_class) == ("given", 6)
    draws = [make_draw(data, design, t) for t in range(6)]
    for d in draws:
        assert d.test.tolist() == list(range(50, 66))
        assert d.train.max() < 50 and np.bincount(data.pool.y[d.train]).tolist() == [6, 6]
    assert len({frozenset(d.train) for d in draws}) == 6
    drawn = np.bincount(np.concatenate([make_draw(data, design, t).train for t in range(200)]), minlength=50)
    of_class = drawn / np.where(data.pool.y == 0, 200 * 6 / 30, 200 * 6 / 20)
    assert 0.6 < of_class.min() and of_class.max() < 1.5  # every item about equally often


@pytest.mark.parametrize(
    ("counts", "test", "asked", "said"),
    [
        ([30, 20], None, {"protocol": "given"}, "needs a test set of its own"),
        ([30, 3], [5, 5], {}, "'class 1' has 3 images to train on, too few; .* at least 4"),
        ([30, 20], [5, 5], {"n_per_class": 21}, "at most n_per_class=20"),
    ],
)
def test_what_a_given_set_cannot_do_is_refused_with_the_way_out(counts, test, asked, said):
    assert re.search(said, refusal(dataset(counts, test=test), data="photos", **asked))


# ---- what copying is judged by ----


@pytest.mark.parametrize("design", [draw_design(5), folds_design()], ids=["draw", "folds"])
def test_copying_is_judged_by_the_test_items_where_they_are_of_the_pool(design):
    data = dataset([60, 70, 80])
    draw = make_draw(data, design, 1)
    assert np.array_equal(unseen(data, draw), draw.test) and not judged_elsewhere(data, draw)


@pytest.mark.parametrize("design", [draw_design(5), given_design(6)], ids=["draw", "given"])
def test_beside_a_given_test_set_copying_is_judged_by_the_pool_s_other_items_of_other_groups(design):
    data = dataset([60, 40], test=[7, 9], groups=bursts(100, 3))
    draw = make_draw(data, design, 1)
    others, used = unseen(data, draw), np.concatenate([draw.train, draw.reserve])
    of_group = data.pool.groups
    assert not judged_elsewhere(data, draw) and set(of_group[others]).isdisjoint(of_group[used])
    assert set(of_group[others]) | set(of_group[used]) == set(of_group[:100])


@pytest.mark.parametrize(("n", "few"), [(None, True), (20, True), (14, False)])
def test_where_a_class_has_too_few_others_the_given_test_set_judges_and_that_is_said(n, few):
    data = dataset([60, 30], test=[7, 9])
    draw = make_draw(data, given_design(n), 0)
    assert judged_elsewhere(data, draw) == few == np.array_equal(unseen(data, draw), draw.test)


def test_a_given_test_set_that_takes_part_in_cross_validation_is_of_the_same_origin():
    data = dataset([30, 30], test=[20, 20])
    assert not judged_elsewhere(data, make_draw(data, folds_design(), 0))


# ---- items, counts ----


def test_items_are_taken_in_order_from_pool_and_given_test_set():
    data = dataset([30, 30], test=[10, 10])
    index = np.array([65, 3, 79, 0, 61, 59])
    assert take(data, index).ids.tolist() == ["test-5", "pool-3", "test-19", "pool-0", "test-1", "pool-59"]
    assert take(data, index).y.tolist() == labels_of(data)[index].tolist()
    assert len(take(data, np.empty(0, np.int64))) == 0


@pytest.mark.parametrize("size", [1, 3])
def test_counts_of_many_trials_are_those_of_their_draws(size):
    data = dataset([60, 30, 25], groups=bursts(115, size))
    found = train_counts(data, folds_design(), range(6))
    assert [row.tolist() for row in found] == [
        np.bincount(data.pool.y[make_draw(data, folds_design(), t).train]).tolist() for t in range(6)
    ]
    assert train_counts(data, draw_design(5), range(2)).tolist() == [[5, 5, 5]] * 2


def test_groups_that_leave_too_little_for_any_trial_are_refused_for_all_at_once():
    y = dataset([20, 20]).pool.y
    one_group = dataset([20, 20], groups=np.where(y == 0, 0, np.arange(40) + 1))
    with pytest.raises(InputError, match="(?i)groups"):
        check_room(one_group, folds_design(), 5)
    with pytest.raises(InputError, match=r"too few separate items of class 'class \d' for the .* \(\d are missing\)"):
        check_room(dataset([20, 20], groups=bursts(40, 8)), draw_design(4), 4)
    check_room(dataset([20, 20], groups=bursts(40, 2)), folds_design(), 5)


def test_without_groups_there_is_room_without_a_split(monkeypatch):
    monkeypatch.setattr("gannb.trials.splits.fold_numbers", lambda *_: pytest.fail("it was divided"))
    check_room(dataset([20, 20]), folds_design(), 400)


# ---- half of the draw ----


def test_fewer_is_half_of_every_class():
    data = dataset([60, 70])
    d = make_draw(data, draw_design(5), 0)
    half = d.fewer(labels_of(data))
    assert np.bincount(data.pool.y[half]).tolist() == [2, 2]
    assert set(half) <= set(d.train)


def test_fewer_keeps_at_least_one_item_of_a_class():
    y = np.array([0, 1, 1, 1])
    assert sorted(Draw(np.arange(4), np.empty(0, int), np.empty(0, int)).fewer(y)) == [0, 1]


def test_fewer_of_a_fold_keeps_the_proportions():
    data = dataset([80, 40])
    d = make_draw(data, folds_design(), 0)
    assert np.bincount(data.pool.y[d.fewer(data.pool.y)]).tolist() == [30, 15]


def test_fewer_of_a_fold_is_a_random_half():
    data = dataset([200, 200])
    halves = [make_draw(data, folds_design(), t).fewer(data.pool.y).mean() for t in range(20)]
    assert 170 < np.mean(halves) < 230  # the first half in the order of the files would give about 100
