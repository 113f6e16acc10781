"""Tables of what came out, as text."""

from __future__ import annotations

from planted_predictions import predictions

from gannb.analysis.to_json import to_json
from gannb.media.image import IMAGE
from gannb.report import tables
from gannb.stats import outcomes
from gannb.stats.estimate import Interval
from gannb.stats.outcomes import (
    OutcomeRow,
)


def changed(low: float, high: float) -> Interval:
    return Interval((low + high) / 2, low, high)


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
