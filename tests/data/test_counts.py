"""How many items of each class: in proportion, equally often, up to the largest."""

from __future__ import annotations

import numpy as np
import pytest

from gannb.data.counts import equally_often, first_of_each, labels_to_make, proportional_labels


@pytest.mark.parametrize("counts", [[8] * 10, [3, 7, 11], [1, 1], [147, 399]])
@pytest.mark.parametrize("times", [1, 2, 7, 25])
def test_multiples_of_the_draw_are_exact(counts, times):
    labels = proportional_labels(np.array(counts), times * sum(counts))
    assert np.bincount(labels).tolist() == [times * n for n in counts]


@pytest.mark.parametrize(
    ("counts", "total"), [([10, 1], 7), ([1000, 1, 1], 6), ([5, 5, 5], 7), ([100, 1, 1, 1], 8), ([3, 2], 2)]
)
def test_there_is_at_least_one_item_of_each_class_and_as_many_as_asked_for(counts, total):
    labels = proportional_labels(np.array(counts), total)
    assert len(labels) == total
    assert np.bincount(labels, minlength=len(counts)).min() >= 1


def test_proportions_are_kept_to_within_one():
    labels = proportional_labels(np.array([30, 50, 21]), 77)
    assert np.abs(np.bincount(labels) - np.array([30, 50, 21]) * 77 / 101).max() < 1


def test_for_balance_every_class_is_made_as_large_as_the_largest():
    assert np.bincount(labels_to_make(np.array([3, 7, 1]), "balance")).tolist() == [7, 7, 7]
    assert np.bincount(labels_to_make(np.array([2, 6]), 8)).tolist() == [4, 12]


@pytest.mark.parametrize(("n", "m"), [(5, 12), (5, 5), (5, 3), (1, 4)])
def test_positions_come_equally_often_to_within_one(n, m):
    counts = np.bincount(equally_often(n, m, np.random.default_rng(0)), minlength=n)
    assert counts.sum() == m and counts.max() - counts.min() <= 1


def test_the_first_of_each_class_are_taken_in_their_order():
    assert first_of_each(np.array([1, 0, 1, 0, 1, 0]), np.array([1, 2])).tolist() == [0, 1, 2]
