"""Outcomes of the primary contrast: against scikit-learn, by hand, and from a planted study's files."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn import metrics

from gannb.analysis.evidence import gather
from gannb.analysis.to_json import to_json
from gannb.experiment.experiment import Experiment
from gannb.media.image import IMAGE
from gannb.media.image.shifts import SHIFTS
from gannb.report import tables
from gannb.report.publish import publish
from gannb.stats import outcomes
from gannb.stats.estimate import Interval
from gannb.stats.intervals import paired_t
from gannb.stats.outcomes import (
    OUTCOMES,
    OutcomeRow,
    Predictions,
    confusion,
    confusion_change,
    direction,
    measure,
    measured,
    reliability,
)
from gannb.stats.scores import classification_scores, expected_calibration_error
from gannb.study.folder import load_study, open_study
from gannb.study.model import make_study
from gannb.trials.arms import PRIMARY
from gannb.utils.errors import InputError
from gannb.utils.files import write_json
from gannb.work.store import execute


def probabilities(rng: np.random.Generator, y: np.ndarray, classes: int, skill: float = 1.5) -> np.ndarray:
    """(I, K) probabilities that lean towards the labels."""
    logits = rng.normal(size=(len(y), classes)) + skill * np.eye(classes)[y]
    return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


def predictions(
    classes: int = 2, trials: int = 4, seeds: int = 2, positive: int = 1, skill: float = 2.5
) -> Predictions:
    """Two arms of random classifiers, of which the first has `skill` and the other 1.5."""
    rng = np.random.default_rng(classes)
    y = {t: rng.permutation(np.arange(60) % classes) for t in range(trials)}
    arms = [
        {t: np.stack([probabilities(rng, y[t], classes, level) for _ in range(seeds)]) for t in y}
        for level in (skill, 1.5)
    ]
    return Predictions(tuple(f"class {k}" for k in range(classes)), positive, y, *arms, PRIMARY)


def of(rows: list[OutcomeRow], outcome: str, name: str | None = None) -> OutcomeRow:
    (row,) = [r for r in rows if (r.outcome, r.class_name) == (outcome, name)]
    return row


def certain(said: list[int], classes: int = 2, sure: float = 0.8) -> np.ndarray:
    """(I, K) probabilities of classifiers that say these classes."""
    return np.eye(classes)[said] * (sure - (1 - sure) / (classes - 1)) + (1 - sure) / (classes - 1)


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


# ---- the table ----


def test_of_very_many_classes_the_first_are_listed_and_the_rest_counted():
    rows = outcomes.rows(predictions(classes=40, trials=2, seeds=1))
    listed = tables.outcomes({"outcomes": [to_json(row) for row in rows]}, IMAGE.nouns)
    assert list(listed.index[-2:]) == ["recall: class 29", "recall of 10 more classes"]
    assert listed.iloc[-1]["with GAN images"] == "in verdict.json"
    assert len(listed) == len(outcomes.OVERALL) + 30 + 1


def test_shares_are_in_percent_and_other_numbers_plain():
    numbers = (Interval(0.912, 0.9, 0.92), Interval(0.9, 0.89, 0.91), changed(0.002, 0.022), 8)
    rows = [to_json(OutcomeRow(o, None, *numbers)) for o in ("accuracy", "ece")]
    listed = tables.outcomes({"outcomes": rows}, IMAGE.nouns)
    columns = ["91.2% [90.0, 92.0]", "90.0% [89.0, 91.0]", "+1.2 [0.2, 2.2] points", "8"]
    assert listed.loc["accuracy"].tolist() == columns
    assert listed.loc["ECE (lower is better)"].tolist() == [
        "0.912 [0.900, 0.920]", "0.900 [0.890, 0.910]", "+0.012 [0.002, 0.022]", "8",
    ]  # fmt: skip


# ---- a study of two classes ----


def ultrasound(root: Path) -> Path:
    """A folder of small images, 16 under `benign` and 12 under `malignant`."""
    rng = np.random.default_rng(0)
    for name, n in (("benign", 16), ("malignant", 12)):
        (root / name).mkdir(parents=True)
        for i in range(n):
            Image.fromarray(rng.integers(0, 256, (8, 8), dtype=np.uint8)).save(root / name / f"{i}.png")
    return root


def plant(experiment: Experiment) -> None:
    """Write draws and predictions as if they had been trained; with GAN images every malignant one is recognised."""
    folder = experiment.folder
    for draw in experiment.plan.draws.values():
        execute(folder, draw, "cpu")
        write_json(folder / draw.path / "unit.json", {"seconds": 1.0})
    for (trial, arm), unit in experiment.plan.classifiers.items():
        y, rng = (
            experiment.settings.items(experiment.results.draw(trial).test).y,
            np.random.default_rng([trial, len(arm)]),
        )
        said = np.where(rng.random(len(y)) < 0.6, y, 1 - y)
        p = certain(np.where(y == 1, 1, said) if arm == PRIMARY[0] else said, sure=0.7 + 0.02 * trial)[None]
        p[..., 0] -= np.linspace(0, 0.1, len(y))  # no two items alike
        p[..., 1] = 1 - p[..., 0]
        n_real = 10 if arm.startswith("fewer") else 20
        about = {"trial": trial, "arm": arm, "seed": 0, "n_real": n_real, "n_synthetic": 0, "train_accuracy": 1.0}
        (folder / unit.path).mkdir(parents=True)
        shifted = np.tile(y, (1, len(SHIFTS), 1))
        np.savez(folder / unit.path / "predictions.npz", p=p, y=y, shifted=shifted, shifted_y=y)
        write_json(folder / unit.path / "scores.json", [about | classification_scores(y, p[0])])
        write_json(folder / unit.path / "unit.json", {"seconds": 1.0})


@pytest.fixture(scope="module")
def two_classes(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("two")
    study = make_study(
        data=str(ultrasound(root / "photos")), preset="smoke", trials=3, output_dir=str(root / "outputs"), device="cpu"
    )
    experiment = Experiment.open(study)
    plant(experiment)
    publish(experiment)
    return experiment.folder


def test_scores_follow_the_positive_class_without_training(two_classes):
    second = Experiment.preview(load_study(two_classes))
    first = Experiment.preview(open_study(two_classes, positive="benign"))
    assert [u.path for u in first.plan.all_units()] == [u.path for u in second.plan.all_units()]
    assert first.results.done(4) == second.results.done(4) == [0, 1, 2]
    before, after = second.scores(), first.scores()
    np.testing.assert_allclose(after[["sensitivity", "specificity"]], before[["specificity", "sensitivity"]])
    assert (before["sensitivity"] != before["specificity"]).any()
    np.testing.assert_allclose(after["auroc"], before["auroc"])
    unchanged = [c for c in before.columns if c not in outcomes.OF_POSITIVE]
    pd.testing.assert_frame_equal(before[unchanged], after[unchanged])


def test_the_second_class_is_positive_unless_another_is_named(two_classes):
    for positive, name in ((None, "malignant"), ("malignant", "malignant"), ("benign", "benign")):
        experiment = Experiment.preview(open_study(two_classes, positive=positive))
        assert (
            experiment.dataset.pool.classes[experiment.settings.positive]
            == experiment.settings.resolved()["positive"]
            == name
        )
        rows = outcomes.rows(gather(experiment).predictions)
        assert rows[0].outcome == "sensitivity" and rows[0].class_name == name
    assert of(rows, "specificity", "malignant").arm == Interval(1.0, 1.0, 1.0)


@pytest.mark.parametrize("command", ["preview", "open"])
def test_a_class_that_is_not_there_is_refused_before_any_work(tmp_path, command):
    study = make_study(data=str(ultrasound(tmp_path / "photos")), positive="ill", output_dir=str(tmp_path / "outputs"))
    with pytest.raises(InputError) as error:
        getattr(Experiment, command)(study)
    assert str(error.value) == "positive: there is no class 'ill'; use 'benign' or 'malignant'."
    assert not (tmp_path / "outputs").exists()


def test_of_many_classes_none_is_positive(tmp_path):
    with pytest.raises(InputError, match="positive: it is for two classes, and there are 10; leave it out"):
        Experiment.preview(make_study(positive="3", output_dir=str(tmp_path)))
    experiment = Experiment.preview(make_study(output_dir=str(tmp_path)))
    assert experiment.settings.resolved()["positive"] is None


def test_verdict_and_page_have_the_outcomes(two_classes):
    found = json.loads((two_classes / "verdict.json").read_text(encoding="utf-8"))
    assert [(r["outcome"], r["class"]) for r in found["outcomes"]] == [
        ("sensitivity", "malignant"), ("specificity", "benign"),
        *((name, None) for name in ("accuracy", "macro_f1", "auroc", "log_loss", "ece")),
    ]  # fmt: skip
    row = found["outcomes"][0]
    assert {"arm", "against", "difference", "low", "high", "trials"} <= row.keys()
    page = (two_classes / "report.html").read_text(encoding="utf-8")
    assert "The positive class is “malignant”, the second, since the parameter positive names none." in page
    assert "sensitivity: malignant" in page and "Nadeau and Bengio" in page and "shown without an answer" in page


def test_the_page_follows_the_positive_class(two_classes):
    experiment = Experiment.open(open_study(two_classes, positive="benign"))
    page = publish(experiment).read_text(encoding="utf-8")
    assert "sensitivity: benign" in page and "The positive class is “benign”, as the parameter positive says." in page
    scores = pd.read_csv(two_classes / "scores.csv")
    assert (scores.loc[scores["arm"] == PRIMARY[0], "specificity"] == 1).all()
    assert load_study(two_classes).positive == "benign"
