"""Draws filled with whole groups: their order, and how many there are."""

from __future__ import annotations

import numpy as np
import pytest
from planted_sets import bursts, dataset

from gannb.trials.filling import all_alone, block_of, blocks_there, fill, shuffled
from gannb.trials.filling import test_and_rest as set_apart
from gannb.utils.errors import InputError


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
    order = [np.flatnonzero(data.pool.groups == group) for group in (2, 0, 1)]
    taken, left = fill(order, data.pool, np.array([1, 1]), "draw")
    assert np.bincount(data.pool.y[taken]).tolist() == [1, 1] and set(data.pool.groups[taken]) == {2}
    assert [part.tolist() for part in left] == [order[1].tolist(), order[2].tolist()]
    with pytest.raises(InputError, match=r"separate items of class 'class [01]' for the draw \(\d are missing\)"):
        fill(order, data.pool, np.array([7, 6]), "draw")


@pytest.mark.parametrize(("size", "for_tuning"), [(1, 0), (1, 2), (3, 0), (3, 2), (7, 1)])
def test_so_many_blocks_can_be_filled_and_no_more(size, for_tuning):
    data = dataset([90, 100, 80], groups=bursts(270, size))
    there = blocks_there(data, 5, 0.25, 1, for_tuning)
    assert there > 0 and all_alone(data) == (size == 1)
    _, order = set_apart(data, 0.25, 1)
    tuned = [part for number in range(for_tuning) for part in block_of(data, 5, order[::-1], number)]
    tuned = data.pool.groups[np.concatenate([np.empty(0, np.int64), *tuned])]

    def is_free(number: int) -> bool:
        return not np.isin(data.pool.groups[np.concatenate(block_of(data, 5, order, number))], tuned).any()

    assert all(map(is_free, range(there)))
    try:
        assert not is_free(there)
    except InputError:
        assert not for_tuning or there > 1  # nothing is left to fill one with
