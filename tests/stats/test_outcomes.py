"""Outcomes of the primary contrast: against scikit-learn, and by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from planted_predictions import certain, of, predictions, probabilities
from sklearn import metrics

from gannb.analysis.to_json import to_json
from gannb.media.image import IMAGE
from gannb.report import tables
from gannb.stats import outcomes
from gannb.stats.estimate import Interval
from gannb.stats.intervals import paired_t
from gannb.stats.outcomes import (
    OUTCOMES,
    Predictions,
    confusion,
    confusion_change,
    direction,
    measure,
    measured,
    reliability,
)
from gannb.stats.scores import classification_scores, expected_calibration_error
from gannb.trials.arms import PRIMARY

# ---- one classifier ----


@pytest.mark.parametrize("positive", [0, 1])
def test_two_classes_are_measured_as_scikit_learn_does(positive):
    rng = np.random.default_rng(positive)
    y = (rng.random(200) < 0.3).astype(int)
    p = probabilities(rng, y, 2)
    found = dict(zip(measured(2, positive), measure(y, p, positive), strict=True))
    said = p.argmax(1)
    assert found["sensitivity", positive] == pytest.approx(metrics.recall_score(y, said, pos_label=positive))
    assert found["specificity", 1 - positive] == pytest.approx(metrics.recall_score(y, said, pos_label=1 - positive))
    assert found["auroc", None] == pytest.approx(metrics.roc_auc_score(y == positive, p[:, positive]))
    assert found["accuracy", None] == pytest.approx(metrics.accuracy_score(y, said))
    assert found["macro_f1", None] == pytest.approx(metrics.f1_score(y, said, average="macro"))
    assert found["log_loss", None] == pytest.approx(metrics.log_loss(y, p))
    assert found["ece", None] == pytest.approx(expected_calibration_error(p.max(1), said == y))


def test_many_classes_have_a_recall_each():
    rng = np.random.default_rng(0)
    y = np.arange(200) % 4
    p = probabilities(rng, y, 4)
    found = dict(zip(measured(4, 1), measure(y, p, 1), strict=True))
    recalls = [found["recall", k] for k in range(4)]
    assert recalls == pytest.approx(metrics.recall_score(y, p.argmax(1), average=None))
    assert found["auroc", None] == pytest.approx(metrics.roc_auc_score(y, p, multi_class="ovr"))
    assert ("sensitivity", 1) not in found


@pytest.mark.parametrize("classes", [2, 5])
def test_the_confusion_is_scikit_learns_with_rows_as_shares(classes):
    y = np.arange(100) % classes
    p = probabilities(np.random.default_rng(1), y, classes)
    np.testing.assert_allclose(confusion(y, p), metrics.confusion_matrix(y, p.argmax(1), normalize="true"))


def test_a_class_without_test_items_has_no_numbers():
    y, p = np.array([0, 0, 1]), certain([0, 1, 1], 3)
    found = dict(zip(measured(3, 1), measure(y, p, 1), strict=True))
    assert (found["recall", 0], found["recall", 1]) == (0.5, 1.0)
    assert np.isnan([found["recall", 2], found["auroc", None]]).all() and found["balanced_accuracy", None] == 0.75
    shares = confusion(y, p)
    assert np.isnan(shares[2]).all() and shares[:2].tolist() == [[0.5, 0.5, 0], [0, 1, 0]]


# ---- rows with intervals ----


@pytest.mark.parametrize("ratio", [0.0, 0.4])
def test_intervals_are_those_of_the_paired_t_over_trials(ratio):
    planted = predictions()
    row = of(outcomes.rows(planted, ratio), "log_loss")
    values = np.array([
        [np.mean([metrics.log_loss(planted.y[t], p) for p in arm[t]]) for t in planted.y]
        for arm in (planted.arm, planted.against)
    ])  # fmt: skip
    for found, expected in ((row.arm, values[0]), (row.against, values[1])):
        estimate = paired_t(expected, ratio)
        assert (found.mean, found.high) == pytest.approx((estimate.mean, estimate.high))
        assert found.low == pytest.approx(max(0, estimate.low))
    estimate, change = paired_t(values[0] - values[1], ratio), row.change
    assert (change.mean, change.low, change.high) == pytest.approx((estimate.mean, estimate.low, estimate.high))
    assert row.trials == 4


def test_intervals_stay_within_what_there_can_be():
    found = outcomes.rows(predictions(trials=2), 3.0)
    for row in found:
        most = OUTCOMES[row.outcome].most
        assert all(0 <= level.low <= level.mean <= level.high <= most for level in (row.arm, row.against))
        assert -most <= row.change.low <= row.change.mean <= row.change.high <= most
    assert any(row.arm.high == 1 for row in found)


def test_the_positive_class_swaps_sensitivity_and_specificity():
    first, second = (outcomes.rows(predictions(positive=k)) for k in (0, 1))
    for name, other in (("sensitivity", "specificity"), ("specificity", "sensitivity")):
        for k in range(2):
            one = [r for r in first if (r.outcome, r.class_name) == (name, f"class {k}")]
            two = [r for r in second if (r.outcome, r.class_name) == (other, f"class {k}")]
            assert [replace(r, outcome="") for r in one] == [replace(r, outcome="") for r in two]
    assert of(first, "sensitivity", "class 0").arm != of(second, "sensitivity", "class 1").arm
    assert of(first, "auroc").change.mean == pytest.approx(of(second, "auroc").change.mean)


def test_trials_without_a_class_do_not_count_for_it():
    y = {0: np.array([0, 1, 2]), 1: np.array([0, 1, 2]), 2: np.array([0, 1, 1])}
    right = {t: certain(labels, 3)[None] for t, labels in y.items()}
    wrong = {t: certain([0, 1, 1], 3)[None] for t in y}
    found = outcomes.rows(Predictions(("a", "b", "c"), 1, y, right, wrong, PRIMARY))
    row = of(found, "recall", "c")
    assert (row.trials, row.change.mean, row.arm.mean) == (2, 1.0, 1.0)
    assert of(found, "recall", "a").trials == of(found, "accuracy").trials == 3
    assert of(found, "auroc").trials == 2


def test_with_fewer_than_two_trials_there_is_no_number():
    y = {0: np.array([0, 1, 2]), 1: np.array([0, 1, 1])}
    said = {t: certain(labels, 3)[None] for t, labels in y.items()}
    row = of(outcomes.rows(Predictions(("a", "b", "c"), 1, y, said, said, PRIMARY)), "recall", "c")
    assert row.trials == 1 and np.isnan([row.change.mean, row.change.low, row.arm.mean]).all()
    listed = tables.outcomes({"outcomes": [to_json(row)]}, IMAGE.nouns)
    assert listed.loc["recall: c"].tolist() == ["–", "–", "–", "1"]


# ---- calibration and confusion ----


def test_the_bins_of_the_reliability_diagram_add_up_to_the_ece_of_a_single_classifier():
    planted = predictions(classes=3, trials=1, seeds=1)
    table = reliability(planted)
    for arm, said in zip(planted.arms, (planted.arm, planted.against), strict=True):
        rows = table[table["arm"] == arm]
        ece = (rows["share"] * (rows["accuracy"] - rows["confidence"]).abs()).sum()
        assert ece == pytest.approx(classification_scores(planted.y[0], said[0][0])["ece"])
        assert rows["share"].sum() == pytest.approx(1) and (rows["share"] > 0).all()
        assert rows["confidence"].is_monotonic_increasing


def test_the_reliability_is_that_of_all_predictions_together():
    y = {0: np.array([0, 0, 1, 1]), 1: np.array([0, 0, 1, 1])}
    said = {0: np.stack([certain([0, 0, 1, 1], sure=0.9)]), 1: np.stack([certain([0, 1, 1, 1], sure=0.9)])}
    rows = reliability(Predictions(("a", "b"), 1, y, said, said, PRIMARY))
    assert rows["confidence"].tolist() == pytest.approx([0.9, 0.9])
    assert rows["accuracy"].tolist() == pytest.approx([7 / 8, 7 / 8])


def test_the_change_of_the_confusion_is_that_of_the_shares_by_true_class():
    y = {t: np.array([0, 0, 1, 1]) for t in range(2)}
    before = {t: certain([0, 0, 1, 0])[None] for t in y}
    after = {0: certain([0, 1, 1, 1])[None], 1: certain([0, 0, 1, 1])[None]}
    change = confusion_change(Predictions(("a", "b"), 1, y, after, before, PRIMARY))
    assert list(change.index) == list(change.columns) == ["a", "b"]
    np.testing.assert_allclose(change.to_numpy(), [[-0.25, 0.25], [-0.5, 0.5]])


def test_the_diagonal_of_the_change_is_that_of_the_recalls_and_rows_sum_to_nothing():
    planted = predictions(classes=4)
    change, rows = confusion_change(planted).to_numpy(), outcomes.rows(planted)
    np.testing.assert_allclose(change.sum(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(np.diag(change), [of(rows, "recall", f"class {k}").change.mean for k in range(4)])


def test_a_class_that_is_in_no_test_set_has_no_change():
    y = {t: np.array([0, 1]) for t in range(2)}
    said = {t: certain([0, 1], 3)[None] for t in y}
    change = confusion_change(Predictions(("a", "b", "c"), 1, y, said, said, PRIMARY))
    assert change.loc["c"].isna().all() and (change.loc[["a", "b"]] == 0).all(axis=None)


# ---- metrics that disagree ----


def changed(low: float, high: float) -> Interval:
    return Interval((low + high) / 2, low, high)


def test_lower_is_better_for_some():
    assert [direction("auroc", changed(*ends)) for ends in ((0.1, 0.2), (-0.2, -0.1), (-0.1, 0.1))] == [1, -1, 0]
    assert [direction("log_loss", changed(*ends)) for ends in ((0.1, 0.2), (-0.2, -0.1), (-0.1, 0.1))] == [-1, 1, 0]
