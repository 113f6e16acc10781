"""Scores of being new: by hand and against scikit-learn."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from sklearn.metrics import roc_curve

from gannb.stats.open_set import accepted_falsely, auroc, by_known, by_other


def test_auroc_counts_the_pairs_in_the_right_order_and_half_of_the_ties():
    rng = np.random.default_rng(0)
    known, unknown = rng.integers(0, 8, 40) / 8, rng.integers(2, 10, 30) / 8
    by_hand = np.mean([(u > k) + 0.5 * (u == k) for k, u in product(known, unknown)])
    assert auroc(known, unknown) == pytest.approx(by_hand, abs=1e-12)
    assert auroc(known, known) == 0.5 and auroc(known, known + 2) == 1.0


def test_the_false_accept_rate_is_that_of_the_roc_curve_and_its_threshold_that_of_the_known():
    rng = np.random.default_rng(1)
    known, unknown = rng.random(200), rng.random(150) + 0.3
    rate = accepted_falsely(known, unknown).mean()
    accepted, truly, _ = roc_curve(
        np.repeat([1, 0], [200, 150]), -np.concatenate([known, unknown]), drop_intermediate=False
    )
    assert rate == pytest.approx(accepted[np.flatnonzero(truly >= 0.95)[0]])
    bar = np.sort(known)[189]  # 190 of 200 are at or below it
    assert rate == np.mean(unknown <= bar)
    assert accepted_falsely(known, np.array([bar + 1e-9, bar])).tolist() == [False, True]


def test_scores_are_one_minus_the_largest_known_probability_and_that_of_other():
    p = np.array([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6]])
    np.testing.assert_allclose(by_known(p, 3), [0.3, 0.4])
    np.testing.assert_allclose(by_known(p, 2), [0.3, 0.7])  # the third is `other`
    np.testing.assert_allclose(by_other(p, 2), [0.1, 0.6])
    sure = np.array([[1, 1e-12, 0], [1, 1e-10, 0]], np.float32)
    assert 0 < by_known(sure, 3)[0] < by_known(sure, 3)[1]
