"""Tables of what came out, as text."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from planted_predictions import predictions, same_items

from gannb.analysis.to_json import to_json
from gannb.media.image import IMAGE
from gannb.report import tables
from gannb.stats import outcomes
from gannb.stats.estimate import Interval
from gannb.stats.outcomes import OutcomeRow


def changed(low: float, high: float) -> Interval:
    return Interval((low + high) / 2, low, high)


def test_of_very_many_classes_the_first_are_listed_and_the_rest_counted():
    planted = predictions(classes=40, trials=2, seeds=1)
    rows = outcomes.rows(planted, same_items(planted))
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


def test_arms_are_means_over_trials_of_means_over_seeds_the_best_first():
    """A trial with more seeds weighs no more than another."""
    rows = [("a", 0, 0.6), ("a", 0, 0.8), ("a", 1, 0.9), ("b", 0, 0.9), ("b", 1, 0.95)]
    scores = pd.DataFrame(rows, columns=["arm", "trial", "accuracy"]).assign(
        n_real=80, n_synthetic=0, train_accuracy=1.0, log_loss=0.5, ece=0.1
    )
    means = tables.arm_means(scores, "accuracy")
    assert means.index.tolist() == ["b", "a"]
    assert means.loc["a", ["accuracy", "lowest", "highest"]].tolist() == pytest.approx([0.8, 0.7, 0.9])
    assert means.loc["a", "sd"] == pytest.approx(np.std([0.7, 0.9], ddof=1))
    shown = tables.arms(scores, "accuracy")
    assert shown.loc["a", "between trials (sd)"] == 0.1414 and shown["n_real"].tolist() == [80, 80]


def test_options_have_minutes_where_these_are_known():
    numbers = {"difference": 0.031, "low": 0.002, "high": 0.06}
    options = [{"option": "GAN images", "minutes": 1.25} | numbers, {"option": "more", "minutes": None} | numbers]
    table = tables.options({"options": options})
    assert table["change, points"].tolist() == ["+3.1 [0.2, 6.0]"] * 2 and table["minutes"].tolist() == ["1.2", ""]
    assert tables.options({"options": []}).columns.tolist() == ["change, points", "minutes"]


def test_the_sentence_on_a_further_classifier_stands_in_its_row():
    numbers = {"difference": 0.01, "low": 0.0, "high": 0.02, "without": 0.9, "with": 0.91}
    rows = [{"classifier": name, "parameters": 60_000} | numbers for name in ("small_cnn", "deep_cnn")]
    table = tables.depth({"depth": {"rows": rows, "sentences": ["It gains less."]}}, IMAGE.nouns)
    assert table["says"].to_dict() == {"small_cnn": "", "deep_cnn": "It gains less."}
    assert table.loc["deep_cnn", ["parameters", "without GAN images, %", "with, %"]].tolist() == [
        "60,000",
        "90.0",
        "91.0",
    ]
    assert tables.depth({"depth": None}, IMAGE.nouns).empty


def test_claims_are_looked_up_by_their_words():
    claims = [{"claim": "It copies", "verdict": "supported", "number": "0.9", "why": "It does."}]
    assert tables.claims({"claims": claims}).loc["It copies", "verdict"] == "supported"


def test_reliability_and_confusion_are_those_of_the_study_s_predictions(planted):
    said = planted.results.predictions()
    pd.testing.assert_frame_equal(tables.reliability(planted), outcomes.reliability(said))
    pd.testing.assert_frame_equal(tables.confusion_change(planted), outcomes.confusion_change(said))
