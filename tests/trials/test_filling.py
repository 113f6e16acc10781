"""Draws filled with whole groups: their order, and how many there are."""

from __future__ import annotations

from collections import deque

import numpy as np
import pytest
from planted_sets import bursts, dataset

from gannb.trials.filling import TooFew, all_alone, block_of, blocks_there, fill, shuffled
from gannb.trials.filling import test_and_rest as set_apart


def test_large_groups_come_no_sooner_than_others():
    groups = np.concatenate([np.arange(60), 60 + np.arange(60) // 6])  # 60 alone, and 10 of six
    places = []
    for seed in range(200):
        order = shuffled(groups, np.random.default_rng(seed))
        assert sorted(np.concatenate(order)) == list(range(120))
        places.append(np.mean([at for at, members in enumerate(order) if len(members) == 6]))
    assert np.mean(places) == pytest.approx(34.5, abs=2.0)  # by their first items in a random order it was about 12


def test_a_class_is_filled_with_whole_groups_and_what_is_left_of_one_is_used_nowhere():
    data = dataset([6, 6], groups=bursts(12, 4))
    first, *others = (np.flatnonzero(data.pool.groups == group) for group in (2, 0, 1))
    order = deque([first, *others])
    taken = fill(order, data.pool, np.array([1, 1]), "draw")
    assert np.bincount(data.pool.y[taken]).tolist() == [1, 1] and set(data.pool.groups[taken]) == {2}
    assert [part.tolist() for part in order] == [part.tolist() for part in others]


def test_a_group_of_which_nothing_is_wanted_stays_where_it_is():
    data = dataset([4, 4])
    of_class = [np.flatnonzero(data.pool.y == k) for k in (0, 1)]
    order = deque(of_class[1][i : i + 1] for i in range(4))
    order.extend(of_class[0][i : i + 1] for i in range(4))
    taken = fill(order, data.pool, np.array([2, 0]), "draw")
    assert taken.tolist() == of_class[0][:2].tolist()
    assert np.concatenate(order).tolist() == [*of_class[1], *of_class[0][2:]]


def test_too_few_groups_are_told_with_the_class_that_lacks_most():
    data = dataset([9, 6], groups=bursts(15, 2))
    with pytest.raises(TooFew, match=r"separate items of class 'class 1' for the draw \(3 are missing\)") as error:
        fill(shuffled(data.pool.groups, np.random.default_rng(0)), data.pool, np.array([9, 9]), "draw")
    assert error.value.lacking == "class 1"


@pytest.mark.parametrize(
    ("size", "for_tuning", "ends"),
    [
        (1, 0, "class 2"),
        (1, 2, ""),
        (3, 0, "class 2"),
        (3, 2, ""),
        (7, 1, ""),
    ],  # the smallest class, or what is tuned on
)
def test_so_many_blocks_can_be_filled_and_no_more(size, for_tuning, ends):
    data = dataset([90, 100, 80], groups=bursts(270, size))
    there, lacking = blocks_there(data, 5, 0.25, 1, for_tuning)
    assert there > 0 and lacking == ends and all_alone(data) == (size == 1)
    _, order = set_apart(data, 0.25, 1)
    groups = data.pool.groups
    tuned = [part for number in range(for_tuning) for part in block_of(data, 5, reversed(order), number)]
    taken = set(groups[np.concatenate([np.empty(0, np.int64), *tuned])])

    def is_free(number: int) -> bool:
        return not taken & set(groups[np.concatenate(block_of(data, 5, order, number))])

    assert all(map(is_free, range(there)))
    if ends:
        with pytest.raises(TooFew):
            block_of(data, 5, order, there)
    else:
        assert not is_free(there)
