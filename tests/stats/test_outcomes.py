"""Outcomes of the primary contrast: against scikit-learn, and by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from planted_predictions import certain, of, predictions, probabilities, same_items
from sklearn import metrics

from gannb.analysis.to_json import to_json
from gannb.media.image import IMAGE
from gannb.report import tables
from gannb.stats import outcomes
from gannb.stats.estimate import Interval
from gannb.stats.intervals import paired_t
from gannb.stats.item_scores import log_loss_values
from gannb.stats.outcomes import (
    OUTCOMES,
    Predictions,
    confusion,
    confusion_change,
    direction,
    item_values,
    measured,
    reliability,
    weighting_of,
)
from gannb.stats.scores import classification_scores, expected_calibration_error
from gannb.stats.settling.draws import draws_interval
from gannb.trials.arms import PRIMARY

# ---- one classifier ----


def measured_on(y: np.ndarray, p: np.ndarray, positive: int = 1) -> dict[tuple[str, int | None], float]:
    """Every outcome of one classifier, as the weighted mean over the test items."""
    found = {}
    for name, k in measured(p.shape[1], positive):
        weights, _ = weighting_of(name, k)(y)
        found[name, k] = float(weights @ item_values(name, y, p[None]))
    return found


@pytest.mark.parametrize("positive", [0, 1])
def test_two_classes_are_measured_as_scikit_learn_does(positive):
    rng = np.random.default_rng(positive)
    y = (rng.random(200) < 0.3).astype(int)
    p = probabilities(rng, y, 2)
    found, said = measured_on(y, p, positive), p.argmax(1)
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
    found = measured_on(y, p)
    recalls = [found["recall", k] for k in range(4)]
    assert recalls == pytest.approx(metrics.recall_score(y, p.argmax(1), average=None))
    assert found["auroc", None] == pytest.approx(metrics.roc_auc_score(y, p, multi_class="ovr"))
    assert found["macro_f1", None] == pytest.approx(metrics.f1_score(y, p.argmax(1), average="macro"))
    assert found["ece", None] == pytest.approx(expected_calibration_error(p.max(1), p.argmax(1) == y))
    assert ("sensitivity", 1) not in found


def test_the_same_scores_stand_in_the_tables_and_ties_stay_ties():
    y = np.repeat([0, 1], 30)
    p = np.repeat(np.float32([[0.7, 0.3], [0.2, 0.8]]), 30, axis=0)
    p[::3] = [0.5, 0.5]
    p[:, 0] *= 1 + 1e-6 * np.random.default_rng(0).random(60)  # sums that are off as those of a float32 softmax are
    assert len(np.unique(p[:, 1])) == 3  # but class 1 is tied
    area = metrics.roc_auc_score(y, p[:, 1])
    assert classification_scores(y, p)["auroc"] == area == pytest.approx(measured_on(y, p)["auroc", None], abs=1e-6)


@pytest.mark.parametrize("classes", [2, 5])
def test_the_confusion_is_scikit_learns_with_rows_as_shares(classes):
    y = np.arange(100) % classes
    p = probabilities(np.random.default_rng(1), y, classes)
    np.testing.assert_allclose(confusion(y, p), metrics.confusion_matrix(y, p.argmax(1), normalize="true"))


def test_a_class_without_test_items_has_no_numbers():
    y, p = np.array([0, 0, 1]), certain([0, 1, 1], 3)
    assert np.isnan(item_values("auroc", y, p[None])).all()
    shares = confusion(y, p)
    assert np.isnan(shares[2]).all() and shares[:2].tolist() == [[0.5, 0.5, 0], [0, 1, 0]]


# ---- rows with intervals ----


def test_intervals_carry_trials_and_test_items():
    planted = predictions()
    tested = same_items(planted)
    row = of(outcomes.rows(planted, tested), "log_loss")
    arm, against = (
        np.stack([np.mean([log_loss_values(planted.y[t], p) for p in said[t]], axis=0) for t in planted.y])
        for said in (planted.arm, planted.against)
    )
    weights, one = np.full(60, 1 / 60), np.zeros(60, int)
    for found, values in ((row.arm, arm), (row.against, against), (row.change, arm - against)):
        estimate = draws_interval(values, np.arange(4), weights, one, np.arange(60))
        assert (found.mean, found.high) == pytest.approx((estimate.mean, estimate.high))
        by_trials = paired_t(values.mean(axis=1))
        assert found.high - found.low > (by_trials.high - by_trials.low) * 0.999 or found.low == 0
    assert row.trials == 4


def test_intervals_stay_within_what_there_can_be():
    planted = predictions(trials=2)
    found = outcomes.rows(planted, same_items(planted))
    for row in found:
        most = OUTCOMES[row.outcome].most
        assert all(0 <= level.low <= level.mean <= level.high <= most for level in (row.arm, row.against))
        assert -most <= row.change.low <= row.change.mean <= row.change.high <= most
    assert any(row.arm.high == 1 for row in found)


def test_the_positive_class_swaps_sensitivity_and_specificity():
    first, second = (outcomes.rows(planted, same_items(planted)) for planted in map(with_positive, (0, 1)))
    for name, other in (("sensitivity", "specificity"), ("specificity", "sensitivity")):
        for k in range(2):
            one = [r for r in first if (r.outcome, r.class_name) == (name, f"class {k}")]
            two = [r for r in second if (r.outcome, r.class_name) == (other, f"class {k}")]
            assert [replace(r, outcome="") for r in one] == [replace(r, outcome="") for r in two]
    assert of(first, "sensitivity", "class 0").arm != of(second, "sensitivity", "class 1").arm
    assert of(first, "auroc").change.mean == pytest.approx(of(second, "auroc").change.mean)


def with_positive(k: int) -> Predictions:
    return predictions(positive=k)


def test_a_class_that_no_test_item_shows_has_no_number():
    y = dict.fromkeys(range(3), np.array([0, 0, 1, 1]))
    right = {t: certain(labels, 3)[None] for t, labels in y.items()}
    planted = Predictions(("a", "b", "c"), 1, y, right, right, PRIMARY)
    found = outcomes.rows(planted, same_items(planted))
    for row in (of(found, "recall", "c"), of(found, "auroc")):
        assert np.isnan([row.change.mean, row.change.low, row.arm.mean]).all()
    assert of(found, "recall", "a").arm.mean == 1.0
    listed = tables.outcomes({"outcomes": [to_json(of(found, "recall", "c"))]}, IMAGE.nouns)
    assert listed.loc["recall: c"].tolist() == ["–", "–", "–", "3"]


def test_with_fewer_than_two_trials_there_is_no_number():
    planted = predictions(trials=1)
    row = of(outcomes.rows(planted, same_items(planted)), "accuracy")
    assert row.trials == 0 and np.isnan([row.change.mean, row.change.low, row.arm.mean]).all()


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
    change, rows = confusion_change(planted).to_numpy(), outcomes.rows(planted, same_items(planted))
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
