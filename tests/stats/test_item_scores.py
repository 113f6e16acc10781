"""AUROC item by item: its mean is scikit-learn's, its spread that of the AUROC."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from gannb.stats.intervals import balanced_weights
from gannb.stats.item_scores import auroc_values, placements
from gannb.stats.settling.cross_validation import cv_interval
from gannb.trials.folds import fold_numbers
from gannb.utils.errors import InputError


def planted(sizes: tuple[int, ...], seed: int, digits: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """Labels, and probabilities that tell the classes in part; with few digits they have ties."""
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(len(sizes)), sizes)
    logits = rng.normal(0, 1, (len(y), len(sizes))) + 0.8 * np.eye(len(sizes))[y]
    p = np.exp(logits)
    return y, np.round(p / p.sum(axis=1, keepdims=True), digits)


@pytest.mark.parametrize("digits", [12, 1])
@pytest.mark.parametrize("sizes", [(30, 90), (20, 30, 70)])
def test_the_balanced_mean_is_scikit_learns_area(sizes, digits):
    y, p = planted(sizes, 0, digits)
    mean = balanced_weights(y) @ auroc_values(y, p)
    assert mean == pytest.approx(np.mean([metrics.roc_auc_score(y == k, p[:, k]) for k in range(len(sizes))]))


def test_placements_by_hand():
    positive = np.array([True, True, False, False, False])
    assert placements(positive, np.array([3.0, 1, 2, 1, 0])) == pytest.approx([1, 0.5, 0.5, 0.75, 1])


def test_of_two_classes_the_spread_is_delongs():
    y, p = planted((40, 90), 1)
    values, positive = auroc_values(y, p), y == 1
    placed = placements(positive, p[:, 1])
    delong = sum(placed[side].var(ddof=1) / side.sum() for side in (positive, ~positive))
    ours = sum(values[y == k].var(ddof=1) / np.sum(y == k) for k in (0, 1)) / 4
    assert ours == pytest.approx(delong)


@pytest.mark.parametrize("sizes", [(40, 80), (20, 40, 80)])
def test_the_spread_over_items_is_that_of_the_area_over_samples(sizes):
    areas, variances = [], []
    for seed in range(600):
        y, p = planted(sizes, seed)
        values = auroc_values(y, p)
        areas.append(balanced_weights(y) @ values)
        classes = range(len(sizes))
        variances.append(sum(values[y == k].var(ddof=1) / np.sum(y == k) for k in classes) / len(sizes) ** 2)
    assert np.mean(variances) == pytest.approx(np.var(areas, ddof=1), rel=0.2)


def test_differences_go_into_the_interval_of_k_fold():
    y, groups = np.repeat([0, 1], [40, 120]), np.arange(160)
    fold = np.stack([fold_numbers(y, groups, 4, 0, r) for r in range(3)])
    d = np.zeros(fold.shape)
    for r in range(3):
        for k in range(4):
            test = fold[r] == k
            arms = [planted((10, 30), 100 * r + 10 * k + arm)[1] for arm in range(2)]
            d[r, test] = np.subtract(*(auroc_values(y[test], p) for p in arms))
    e = cv_interval(d, fold, balanced_weights(y), y, groups)
    assert e.low < 0 < e.high


@pytest.mark.parametrize(
    "y, says",
    [([0, 0, 0], "every class"), ([0, 1, 2], "give 0 to 1"), ([0, 1], "do not fit")],
)
def test_labels_that_do_not_fit_are_refused(y, says):
    with pytest.raises(InputError, match=says):
        auroc_values(np.array(y), np.full((3, 2), 0.5))
