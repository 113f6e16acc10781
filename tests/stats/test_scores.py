"""Scores of predictions: by hand and against scikit-learn."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from planted_differences import refused, rng
from sklearn import metrics

from gannb.stats.scores import classification_scores, expected_calibration_error


def predictions(items=300, classes=4, seed=19):
    y = rng(seed).integers(0, classes, items)
    logits = rng(seed + 1).normal(size=(items, classes)) + 1.5 * np.eye(classes)[y]
    p = np.exp(logits)
    return y, p / p.sum(axis=1, keepdims=True)


def test_scores_of_many_classes_are_sklearns():
    y, p = predictions()
    found, said = classification_scores(y, p), p.argmax(axis=1)
    assert found["accuracy"] == pytest.approx(metrics.accuracy_score(y, said))
    assert found["balanced_accuracy"] == pytest.approx(metrics.balanced_accuracy_score(y, said))
    assert found["macro_f1"] == pytest.approx(metrics.f1_score(y, said, average="macro"))
    assert found["auroc"] == pytest.approx(metrics.roc_auc_score(y, p, multi_class="ovr"))
    assert found["log_loss"] == pytest.approx(metrics.log_loss(y, p))
    assert math.isnan(found["sensitivity"]) and math.isnan(found["specificity"])


def test_scores_of_two_classes():
    # label, probability of class 1: two of three positives found, one of two negatives kept
    y, p1 = np.array([1, 1, 1, 0, 0]), np.array([0.9, 0.8, 0.3, 0.6, 0.1])
    found = classification_scores(y, np.stack([1 - p1, p1], axis=1))
    assert found["sensitivity"] == pytest.approx(2 / 3)
    assert found["specificity"] == pytest.approx(1 / 2)
    assert found["balanced_accuracy"] == pytest.approx(7 / 12)
    assert found["accuracy"] == pytest.approx(3 / 5)
    assert found["auroc"] == pytest.approx(5 / 6)  # of six pairs only (.3, .6) is the wrong way round
    other = classification_scores(y, np.stack([1 - p1, p1], axis=1), positive=0)
    assert (other["sensitivity"], other["specificity"]) == (found["specificity"], found["sensitivity"])
    assert other["auroc"] == pytest.approx(found["auroc"])


def test_calibration_error_by_hand():
    # bins (.6, .667] and (.933, 1]: 2 items at .65, one right; 2 items at .95, both right
    error = expected_calibration_error(np.array([0.65, 0.65, 0.95, 0.95]), np.array([True, False, True, True]))
    assert error == pytest.approx(0.5 * 0.15 + 0.5 * 0.05)
    y, p = np.array([0, 1, 0, 0]), np.array([[0.65, 0.35], [0.65, 0.35], [0.95, 0.05], [0.95, 0.05]])
    assert classification_scores(y, p)["ece"] == pytest.approx(error)


def test_full_confidence_shares_the_last_bin():
    error = expected_calibration_error(np.array([0.95, 1.0]), np.array([True, False]))
    assert error == pytest.approx(0.475)  # |1 - 1.95| / 2; in bins of their own it would be .525


def test_calibration_error_of_a_calibrated_classifier_is_small_and_of_a_boastful_one_large():
    confidence = rng(20).uniform(0.5, 1, 20_000)
    correct = rng(21).random(20_000) < confidence
    assert expected_calibration_error(confidence, correct) < 0.02
    assert expected_calibration_error(np.ones(20_000), correct) == pytest.approx(0.25, abs=0.02)


def test_undefined_scores_are_nan_and_the_rest_stands():
    y, p = predictions(classes=3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = classification_scores(y[y < 2], p[y < 2])
    assert math.isnan(found["auroc"])
    expected = np.mean([(p.argmax(axis=1) == y)[y == k].mean() for k in (0, 1)])
    assert found["balanced_accuracy"] == pytest.approx(expected)
    only_positive = classification_scores(np.ones(3, int), np.array([[0.2, 0.8]] * 3))
    assert only_positive["sensitivity"] == 1 and math.isnan(only_positive["specificity"])


def test_a_sure_mistake_costs_much_but_not_everything():
    found = classification_scores(np.array([0, 1]), np.array([[1.0, 0.0], [1.0, 0.0]], dtype=np.float32))
    assert found["log_loss"] == pytest.approx(-math.log(np.finfo(np.float32).eps) / 2)


def test_half_precision_predictions_are_accepted():
    y, p = predictions(classes=10)
    found, exact = classification_scores(y, p.astype(np.float16)), classification_scores(y, p)
    assert found["log_loss"] == pytest.approx(exact["log_loss"], abs=1e-3)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: classification_scores([0, 2], [[0.5, 0.5]] * 2), "Labels run"),
        (lambda: classification_scores([0.0, 1.0], [[0.5, 0.5]] * 2), "integers"),
        (lambda: classification_scores([0, 1], [[2.0, -1.0]] * 2), "softmax"),
        (lambda: classification_scores([0, 1], [[0.5, 0.6]] * 2), "softmax"),
        (lambda: classification_scores([0, 1], [[0.5, 0.5]] * 2, positive=2), "positive"),
        (lambda: classification_scores(np.zeros(0, int), np.zeros((0, 2))), "do not fit"),
    ],
)
def test_bad_input_is_one_sentence(call, says):
    refused(call, says)
