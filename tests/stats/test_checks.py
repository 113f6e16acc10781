"""What the statistics refuse, in one sentence each."""

from __future__ import annotations

import numpy as np
import pytest
from planted_differences import refused

from gannb.stats.checks import check_level, check_ratio, check_trials, checked_items, finite_values
from gannb.stats.intervals import crossed_t, paired_t

D = np.zeros((4, 6))
W, Y, G = np.full(6, 1 / 6), np.array([0, 0, 0, 1, 1, 1]), np.arange(6)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: paired_t([0.1]), "at least 2 trials"),
        (lambda: paired_t([0.1, np.nan]), "not finite"),
        (lambda: paired_t(D), "2 dimensions"),
        (lambda: paired_t(["a", "b"]), "numbers"),
        (lambda: paired_t([1, 2], -0.1), "test_train_ratio"),
        (lambda: paired_t([1, 2], level=1.0), "level"),
        (lambda: crossed_t(D[:1], W, Y, G), "at least 2 trials"),
        (lambda: crossed_t(D, W[:5], Y, G), "6 test items"),
        (lambda: crossed_t(D, 2 * W, Y, G), "sum to 1"),
        (lambda: crossed_t(D, np.array([1, 2, 3, 2, 2, 2]) / 12, Y, G), "equal within a class"),
        (lambda: crossed_t(D, W, Y, G[:5]), "groups has shape"),
        (lambda: crossed_t(D, W, Y, G + 0.5), "integer each"),
        (lambda: crossed_t(D + np.inf, W, Y, G), "not finite"),
        (lambda: check_trials(1), "there are 1; set trials to 2 or more"),
        (lambda: check_ratio(np.nan), "give n_test / n_train, or 0 for disjoint draws"),
        (lambda: check_level(95), "give a number between 0 and 1, such as 0.95"),
    ],
)
def test_bad_input_is_one_sentence(call, says):
    refused(call, says)


def test_what_is_sound_is_given_back_in_one_form():
    assert finite_values([1, 2], "the differences", 1).dtype == float
    weights, strata, groups = checked_items(6, W, np.array(list("bbbaaa")), np.array([7, 7, 3, 3, -1, -1]))
    assert weights.sum() == pytest.approx(1)
    assert strata.tolist() == [1, 1, 1, 0, 0, 0] and groups.tolist() == [2, 2, 1, 1, 0, 0]
